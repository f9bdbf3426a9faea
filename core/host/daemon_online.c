/* SPDX-License-Identifier: Apache-2.0 */

/* The operator's network comes and goes: sources that rest, and names that are asked for anew. */

#include <errno.h>
#include <host/addressee.h>
#include <host/daemon_internal.h>
#include <stdio.h>

/* How far a command has come. */
struct round {
    const char *name;
    char *why;
    size_t why_size;
    int count, error;
};

static void take(struct round *round, struct instance *instance, const char *name, int rc,
                 const char *cannot)
{
    round->count += rc == 0;
    if (rc == -ENOTSUP && round->name == NULL) /* who means all means those that can */
        return;
    if (rc != 0)
        round->error = addressee_refused(instance, name, rc, cannot, round->why, round->why_size);
}

static int end_round(struct daemon *daemon, const struct round *round)
{
    if (round->count > 0 || round->error != 0)
        return round->count > 0 ? round->count : round->error;
    if (round->name == NULL && addressee_next(daemon, NULL) != NULL) {
        snprintf(round->why, round->why_size, "no source can be taken offline or online");
        return -ENOTSUP;
    }
    return addressee_unknown(daemon, round->name, round->why, round->why_size);
}

static void tell(struct daemon *daemon, const char *name, bool online)
{
    daemon_event(daemon, GN_EVENT_SOURCE_CHANGED, GN_INFO, name, 0,
                 online ? "%s is online: it is asked again" : "%s is offline: it is not asked",
                 name);
}

static const char cannot_rest[] = "it can be taken neither offline nor online";

/* As a whole: what the entry will open has to know, too. */
static void switch_instance(struct daemon *daemon, struct instance *instance, bool online,
                            struct round *round)
{
    int rc = instance_online(instance, NULL, online);
    take(round, instance, instance->config->name, rc, cannot_rest);
    if (rc == 0)
        tell(daemon, instance->config->name, online);
}

int daemon_online(struct daemon *daemon, const char *name, bool online, char *why, size_t why_size)
{
    struct round round = {.name = name, .why = why, .why_size = why_size};
    for (struct instance *i = daemon->instances; i != NULL; i = i->next)
        if (i->config->role->kind == GN_SOURCE && !i->doomed && addressee_is_whole(name, i))
            switch_instance(daemon, i, online, &round);
    for (struct gn_source *s = NULL; (s = addressee_next(daemon, s)) != NULL;) {
        struct instance *owner = s->owned.owner;
        if (!addressee_is(name, s) || addressee_is_whole(name, owner))
            continue;
        int rc = instance_online(owner, s, online);
        take(&round, owner, s->name, rc, cannot_rest);
        if (rc == 0)
            tell(daemon, s->name, online);
    }
    daemon->run_pipeline = true;
    return end_round(daemon, &round);
}

int daemon_refresh(struct daemon *daemon, char *why, size_t why_size)
{
    struct round round = {.why = why, .why_size = why_size};
    for (struct instance *i = daemon->instances; i != NULL; i = i->next)
        if (i->config->role->kind == GN_SOURCE && !i->doomed)
            take(&round, i, i->config->name, instance_refresh(i), "it has no name to resolve");
    return round.count > 0 || round.error == 0 ? round.count : round.error;
}

static void count(void *arg, const struct gn_source_report *report)
{
    struct daemon_activity *activity = arg;
    if (report->reason == GN_REASON_OFFLINE)
        activity->offline++;
    else if (report->reason == GN_REASON_RESOLVING)
        activity->unresolved++;
    else
        activity->online++;
}

void daemon_activity(struct daemon *daemon, struct daemon_activity *activity)
{
    *activity = (struct daemon_activity){.online = 0};
    daemon_sources(daemon, count, activity);
}
