/* SPDX-License-Identifier: Apache-2.0 */
/* What is allowed, but hardly meant. These few know what an NTP source is. */
#include <host/config_internal.h>

#include <stdlib.h>
#include <string.h>

/* An NTP source of one server, as its plugin's options tell. */
struct ntp_source {
    const char *server; /* NULL: no NTP source, or not of one server */
    int64_t port;
};

static bool is_ntp(const struct config_instance *instance)
{
    return instance->role->kind == GN_SOURCE &&
           strncmp(instance->plugin->descriptor->name, "proto-", strlen("proto-")) == 0;
}

static struct ntp_source ntp_source(const struct config_instance *instance)
{
    struct ntp_source ntp = {NULL, 0};
    struct option_table table = option_table_of(instance->role);
    struct gn_option option;
    if (!is_ntp(instance))
        return ntp;
    if (option_table_find(&table, "server", &option) && option.type == GN_OPT_STRING)
        ntp.server = *(const char **)option_field(&option, instance->options);
    if (option_table_find(&table, "port", &option) && option.type == GN_OPT_INT)
        ntp.port = *(int64_t *)option_field(&option, instance->options);
    return ntp;
}

/* 127.127.x.x names a reference clock to ntpd, and nothing to us. */
static void warn_of_driver_addresses(const struct config *config, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < config->instance_count; i++) {
        const struct config_instance *instance = &config->instances[i];
        const char *server = ntp_source(instance).server;
        if (server != NULL && strncmp(server, "127.127.", strlen("127.127.")) == 0)
            diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, instance->file, instance->line,
                            "server: %s is the address of a driver of ntpd, not of a server; for "
                            "the machine's own clock use refclock-local",
                            server);
    }
}

static void warn_of_twins(const struct config *config, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < config->instance_count; i++) {
        struct ntp_source ntp = ntp_source(&config->instances[i]);
        for (size_t j = 0; j < i && ntp.server != NULL; j++) {
            struct ntp_source other = ntp_source(&config->instances[j]);
            if (other.server == NULL || strcasecmp(other.server, ntp.server) != 0 ||
                other.port != ntp.port)
                continue;
            diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, config->instances[i].file,
                            config->instances[i].line,
                            "server: %s is already the source at %s:%u; twice the same server "
                            "counts as two votes",
                            ntp.server, config->instances[j].file, config->instances[j].line);
            break;
        }
    }
}

/* With two sources nobody can tell which one is wrong. A third, or a trusted one, decides. In a
 * group of orphans the smaller one does. */
static void warn_of_pairs(const struct config *config, struct diagnostics *diagnostics)
{
    const struct config_instance *last = NULL;
    size_t votes = 0, trusted = 0;
    int64_t tier = 0;
    for (size_t i = 0; i < config->instance_count; i++) {
        const struct config_instance *instance = &config->instances[i];
        if (instance->role->kind != GN_SOURCE || instance->source.noselect)
            continue;
        if (ntp_source(instance).server == NULL)
            return; /* a reference clock, or a pool of several servers */
        if (last != NULL && instance->source.tier != tier)
            return; /* they never vote against each other */
        tier = instance->source.tier;
        votes++;
        trusted += instance->source.trust;
        last = instance;
    }
    if (votes == 2 && trusted != 1 && !config->local.orphan)
        diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, last->file, last->line,
                        "sources: of two NTP servers that disagree neither has a majority; "
                        "configure one, or three and more");
}

static void warn_of_noselect(const struct config *config, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < config->instance_count; i++) {
        const struct config_instance *instance = &config->instances[i];
        const struct config_source *source = &instance->source;
        const char *key = source->require ? "require" : source->trust ? "trust" : "prefer";
        if (source->noselect && (source->require || source->trust || source->prefer))
            diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, instance->file, instance->line,
                            "%s: means nothing beside noselect", key);
    }
}

/* More sources must agree than there are. Of a pool nobody knows how many it has. */
static void warn_of_min_sources(const struct config *config, struct diagnostics *diagnostics)
{
    const struct config_instance *last = NULL;
    int64_t votes = 0;
    for (size_t i = 0; i < config->instance_count; i++) {
        const struct config_instance *instance = &config->instances[i];
        bool ntp = strncmp(instance->plugin->descriptor->name, "proto-", strlen("proto-")) == 0;
        if (instance->role->kind != GN_SOURCE || instance->source.noselect)
            continue;
        if (ntp && ntp_source(instance).server == NULL)
            return;
        votes++;
        last = instance;
    }
    if (last != NULL && votes < config->clock.min_sources)
        diagnostics_add(
            diagnostics, DIAGNOSTIC_WARNING, last->file, last->line,
            "sources: there %s %lld, and clock.min_sources asks for %lld that agree: the "
            "clock will never be set",
            votes == 1 ? "is" : "are", (long long)votes, (long long)config->clock.min_sources);
}

/* Who is to write the hardware clock is the plugin that reads it. */
static void warn_of_rtc(const struct config *config, struct diagnostics *diagnostics)
{
    bool reads = false;
    for (size_t i = 0; i < config->instance_count; i++)
        reads = reads || strcmp(config->instances[i].plugin->descriptor->name, "refclock-rtc") == 0;
    if (config->clock.rtc == CONFIG_RTC_TRACK && !reads)
        diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, config->clock.rtc_file,
                        config->clock.rtc_line,
                        "clock.rtc: \"track\" is the work of refclock-rtc, which is not among the "
                        "sources: nobody writes the RTC");
}

/* ---------------------------------------------------------------- local */

static size_t count_kind(const struct config *config, enum gn_role_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < config->instance_count; i++)
        count += config->instances[i].role->kind == kind;
    return count;
}

static void warn_of_local(const struct config *config, struct diagnostics *diagnostics,
                          bool is_meant, const char *words)
{
    if (!is_meant)
        diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, config->local.file, config->local.line,
                        "local.%s", words);
}

/* An orphan that nobody can ask, or that asks nobody, is alone with its time. */
static void warn_of_orphans(const struct config *config, struct diagnostics *diagnostics)
{
    bool asks = false;
    for (size_t i = 0; i < config->instance_count; i++)
        asks = asks || (is_ntp(&config->instances[i]) && !config->instances[i].source.noselect);
    warn_of_local(config, diagnostics, asks,
                  "orphan: no other server of the group is among the sources: all of them are to "
                  "poll each other, or this one never follows any");
    warn_of_local(config, diagnostics, count_kind(config, GN_SERVER) > 0,
                  "orphan: there is no entry in servers: the others of the group cannot follow "
                  "this one");
    warn_of_local(config, diagnostics, config->local.stratum < 15,
                  "stratum: who follows an orphan of stratum 15 would be of stratum 16, which is "
                  "not synchronised; 14 is the largest that leaves room");
    warn_of_local(config, diagnostics, config->clock.min_sources <= 1,
                  "orphan: a group has one leader, and clock.min_sources asks for more: it is not "
                  "followed");
}

static void warn_of_own_clock(const struct config *config, struct diagnostics *diagnostics)
{
    const struct config_local *local = &config->local;
    bool any = count_kind(config, GN_SOURCE) > 0;
    if (!local->present)
        return;
    if (local->orphan)
        warn_of_orphans(config, diagnostics);
    warn_of_local(config, diagnostics, any || !(local->activate_s > 0),
                  "activate: there are no sources, so the clock is never synchronised, and never "
                  "served");
    warn_of_local(config, diagnostics, !any || local->distance_s > 0 || local->wait_synced_s > 0,
                  "distance: 0 without wait_synced: the own clock is served even while a source "
                  "is followed");
}

void config_warnings(const struct config *config, struct diagnostics *diagnostics)
{
    warn_of_own_clock(config, diagnostics);
    warn_of_driver_addresses(config, diagnostics);
    warn_of_twins(config, diagnostics);
    warn_of_pairs(config, diagnostics);
    warn_of_noselect(config, diagnostics);
    warn_of_min_sources(config, diagnostics);
    warn_of_rtc(config, diagnostics);
}
