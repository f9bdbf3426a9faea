/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

/**
 * The whole configuration, read, checked and turned into structs: gnomon.conf, conf.d/ *.conf and
 * sources.d/ *.sources beside it. Nothing is opened here, so -t needs no network, device or right.
 */

#include <gnomon/plugin.h>
#include <host/diagnostics.h>
#include <host/loader.h>
#include <stdbool.h>
#include <stdint.h>

/** `clock`. */
struct config_clock {
    bool discipline;
    double step_threshold_s; /* clock.step.threshold */
    int64_t step_updates;    /* clock.step.updates; −1 always, 0 never */
    double max_change_s;     /* clock.max_change.limit; 0 none */
    int64_t max_change_after;
    int64_t max_change_ignore; /* −1 always */
    const char *drift_file;    /* NULL: STATEDIR/drift */
    int rtc;                   /* enum config_rtc */
    int leap;                  /* enum config_leap */
    const char *leap_list;     /* NULL: none */
    double max_frequency_ppm;
    double max_slew_ppm;
    double max_distance_s;
    double max_jitter_s;
    int64_t min_sources;
    int64_t min_stratum, max_stratum; /* of sources that are used */
    const char *rtc_file;             /* where `rtc` stands */
    unsigned rtc_line;
};

enum config_rtc { CONFIG_RTC_OFF = 0, CONFIG_RTC_COPY = 1, CONFIG_RTC_TRACK = 2 };
/* As enum pipeline_leap_mode. */
enum config_leap {
    CONFIG_LEAP_SYSTEM = 0,
    CONFIG_LEAP_STEP,
    CONFIG_LEAP_SLEW,
    CONFIG_LEAP_SMEAR,
    CONFIG_LEAP_IGNORE,
};

/** `local`: what is served when nothing is selected. Spec: pipeline/local.h. */
struct config_local {
    bool present;
    const char *file; /* where it stands */
    unsigned line;
    int64_t stratum;
    double distance_s;
    double activate_s; /* 0: at once */
    bool orphan;
    double wait_synced_s, wait_unsynced_s;
};

/** `network`. */
struct config_network {
    struct gn_strings hwtimestamp; /* network cards that are to stamp packets; "*": all */
    int rx_filter;                 /* enum os_card_filter */
    double rx_comp_s, tx_comp_s;   /* taken off what comes in, added to what goes out */
};

/** `control`. */
struct config_control {
    const char *socket; /* NULL: RUNDIR/gnomon.sock; "" none */
    int64_t mode;       /* of the socket's file, e.g. 0660 */
};

/** Options common to all sources. */
struct config_source {
    int64_t min_poll_log2s, max_poll_log2s;
    bool prefer, trust, require, noselect, smears;
    int64_t tier;
    double offset_s;
    int64_t stratum; /* −1: as measured */
    int64_t min_stratum;
    const char *refid; /* up to four characters; NULL: the plugin's */
};

/** One entry of `sources`, `servers` or `outputs`. */
struct config_instance {
    const struct plugin *plugin;
    const struct gn_role *role;
    const char *name; /* of the entry, or plugin and running number; unique */
    const char *file;
    unsigned line;
    void *options;               /* filled from the role's table; config_size bytes */
    struct config_source source; /* of sources only */
};

struct config {
    const char *file;
    struct config_clock clock;
    struct config_local local;
    struct config_control control;
    struct config_network network;
    struct config_instance
        *instances; /* sources, then servers, then outputs, in order of the files */
    size_t instance_count;
    struct arena *arena; /* owns everything above */
};

/**
 * Read a configuration and everything beside it. All findings go to `diagnostics`.
 * Errors: NULL when there was any error.
 */
struct config *config_load(const char *path, struct loader *, struct diagnostics *);
void config_free(struct config *); /* takes NULL */

#endif
