/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/local.h>
#include <stdio.h>

void local_init(struct local *local, gn_local now)
{
    *local = (struct local){.quiet = now, .since = now};
}

void local_restart(struct local *local, gn_local now)
{
    bool activated = local->activated;
    local_init(local, now);
    local->activated = activated;
}

static double quiet_s(const struct local *local, const struct local_view *view)
{
    return gn_seconds(gn_local_sub(view->now, local->quiet));
}

static double wait_s(const struct local_config *config, const struct local_view *view)
{
    return view->bounded ? config->wait_synced_s : config->wait_unsynced_s;
}

static bool may_serve(const struct local *local, const struct local_config *config)
{
    return config->serve && (local->activated || !(config->activate_s > 0));
}

/* Once it serves, it goes on until there is a source: meanwhile nothing gets better by itself. */
static bool wants(const struct local *local, const struct local_config *config,
                  const struct local_view *view)
{
    if (!may_serve(local, config))
        return false;
    if (local->serving && !view->selected)
        return true;
    if (view->bounded && !(view->distance_s > config->distance_s))
        return false;
    return quiet_s(local, view) >= wait_s(config, view);
}

bool local_update(struct local *local, const struct local_config *config,
                  const struct local_view *view)
{
    bool was = local->serving;
    if (view->selected) {
        local->quiet = view->now;
        local->ever = true;
    }
    local->activated = local->activated ||
                       (view->selected && view->bounded && view->distance_s < config->activate_s);
    local->serving = wants(local, config, view);
    if (local->serving && !was)
        local->since = view->now;
    return local->serving != was;
}

int64_t local_look_in_ns(const struct local *local, const struct local_config *config,
                         const struct local_view *view)
{
    double rest_s = wait_s(config, view) - quiet_s(local, view);
    if (local->serving || view->selected || !may_serve(local, config) || !(rest_s > 0))
        return -1;
    return gn_nanoseconds(rest_s) + 1;
}

const char *local_why(const struct local *local, const struct local_config *config,
                      const struct local_view *view, char *words, size_t size)
{
    const char *last = config->orphan ? ", and no other orphan has a smaller reference id" : "";
    if (view->selected)
        snprintf(words, size, "the root distance by the source is above %g s", config->distance_s);
    else if (view->bounded)
        snprintf(words, size, "no source is selected and the root distance is above %g s%s",
                 config->distance_s, last);
    else
        snprintf(words, size, "%s%s",
                 local->ever ? "no source is selected" : "no source has been selected yet", last);
    return words;
}

bool local_is_orphan(const struct local_config *config, uint8_t stratum)
{
    return config->orphan && stratum >= config->stratum;
}

bool local_yields(uint32_t own, uint32_t other)
{
    return own != 0 && other < own;
}
