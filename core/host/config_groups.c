/* SPDX-License-Identifier: Apache-2.0 */
#include <host/config_groups.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(type, field) .offset = offsetof(struct type, field)

/* ---------------------------------------------------------------- clock */

/* In the order of enum config_rtc. */
static const char *const rtc_choices[] = {"off", "copy", "track", NULL};
/* In the order of enum config_leap. */
static const char *const leap_choices[] = {"system", "step", "slew", "smear", "ignore", NULL};

static const struct gn_option clock_rows[] = {
    {.key = "discipline",
     .type = GN_OPT_BOOL,
     FIELD(config_clock, discipline),
     .preset = "true",
     .help = "steer the system clock; false is the same as -x"},
    {.key = "drift_file",
     .type = GN_OPT_PATH,
     FIELD(config_clock, drift_file),
     .help = "where the clock's frequency is kept between runs"},
    {.key = "rtc",
     .type = GN_OPT_CHOICE,
     FIELD(config_clock, rtc),
     .preset = "copy",
     .choices = rtc_choices,
     .help = "who writes the time into the RTC: nobody, the kernel, or refclock-rtc"},
    {.key = "leap",
     .type = GN_OPT_CHOICE,
     FIELD(config_clock, leap),
     .preset = "system",
     .choices = leap_choices,
     .help = "how a leap second reaches the clock: by the kernel, stepped, slewed, smeared, not at "
             "all"},
    {.key = "leap_list",
     .type = GN_OPT_PATH,
     FIELD(config_clock, leap_list),
     .help = "a leap-seconds.list, such as /usr/share/zoneinfo/leap-seconds.list"},
    {.key = "max_frequency",
     .type = GN_OPT_REAL,
     FIELD(config_clock, max_frequency_ppm),
     .preset = "500",
     .max = 100000,
     .unit = "ppm",
     .help = "how far the clock's frequency may be corrected"},
    {.key = "max_slew",
     .type = GN_OPT_REAL,
     FIELD(config_clock, max_slew_ppm),
     .preset = "83333.333",
     .min = 1,
     .max = 100000,
     .unit = "ppm",
     .help = "how fast an offset may be slewed away"},
    {.key = "max_distance",
     .type = GN_OPT_REAL,
     FIELD(config_clock, max_distance_s),
     .preset = "3",
     .max = 1000,
     .unit = "s",
     .help = "a source of a larger root distance is not used"},
    {.key = "max_jitter",
     .type = GN_OPT_REAL,
     FIELD(config_clock, max_jitter_s),
     .preset = "1",
     .max = 1000,
     .unit = "s",
     .help = "a source of more jitter is not used"},
    {.key = "min_sources",
     .type = GN_OPT_INT,
     FIELD(config_clock, min_sources),
     .preset = "1",
     .min = 1,
     .max = 100,
     .help = "how many sources must agree before the clock is set"},
    {.key = "min_stratum",
     .type = GN_OPT_INT,
     FIELD(config_clock, min_stratum),
     .preset = "0",
     .max = 15,
     .help = "a source of a lower stratum is not used"},
    {.key = "max_stratum",
     .type = GN_OPT_INT,
     FIELD(config_clock, max_stratum),
     .preset = "15",
     .max = 15,
     .help = "a source of a higher stratum is not used"},
};

static const struct gn_option step_rows[] = {
    {.key = "threshold",
     .type = GN_OPT_REAL,
     FIELD(config_clock, step_threshold_s),
     .preset = "1.0",
     .max = 1e9,
     .unit = "s",
     .help = "a larger offset is stepped, not slewed"},
    {.key = "updates",
     .type = GN_OPT_INT,
     FIELD(config_clock, step_updates),
     .preset = "3",
     .min = -1,
     .max = INT32_MAX,
     .help = "step only in the first updates of the clock; -1 always, 0 never"},
};

static const struct gn_option max_change_rows[] = {
    {.key = "limit",
     .type = GN_OPT_REAL,
     FIELD(config_clock, max_change_s),
     .preset = "0",
     .max = 1e9,
     .unit = "s",
     .help = "a larger change of the clock is refused; 0 for no limit"},
    {.key = "after",
     .type = GN_OPT_INT,
     FIELD(config_clock, max_change_after),
     .preset = "1",
     .max = INT32_MAX,
     .help = "the limit holds after so many updates of the clock"},
    {.key = "ignore",
     .type = GN_OPT_INT,
     FIELD(config_clock, max_change_ignore),
     .preset = "0",
     .min = -1,
     .max = INT32_MAX,
     .help = "so many such changes in a row are ignored before the daemon gives up; -1 all"},
};

static const struct option_table clock_table = OPTION_TABLE(clock_rows);
static const struct option_table step_table = OPTION_TABLE(step_rows);
static const struct option_table max_change_table = OPTION_TABLE(max_change_rows);

static bool expect_group(const struct options *options, const config_setting_t *setting,
                         const char *key)
{
    if (config_setting_is_group(setting))
        return true;
    options_find(options, DIAGNOSTIC_ERROR, setting, key, "must be a group, %s = { … }, not %s",
                 config_setting_name(setting), options_kind(setting));
    return false;
}

/* A group within the group `clock`. */
static void read_inner(const struct options *options, const config_setting_t *clock,
                       const char *name, struct option_table table, struct config *config)
{
    const config_setting_t *setting = config_setting_get_member(clock, name);
    char key[40], prefix[48];
    snprintf(key, sizeof(key), "clock.%s", name);
    snprintf(prefix, sizeof(prefix), "%s.", key);
    struct options_group group = {.setting = setting,
                                  .prefix = prefix,
                                  .targets = {{table, &config->clock}},
                                  .target_count = 1};
    if (setting != NULL && expect_group(options, setting, key))
        options_read(options, &group);
}

static void read_clock(const struct options *options, const config_setting_t *setting,
                       struct config *config)
{
    static const char *const others[] = {"step", "max_change", NULL};
    struct options_group group = {.setting = setting,
                                  .prefix = "clock.",
                                  .targets = {{clock_table, &config->clock}},
                                  .target_count = 1,
                                  .others = others};
    options_read(options, &group);
    if (config->clock.min_stratum > config->clock.max_stratum)
        options_find(options, DIAGNOSTIC_ERROR, setting, "clock.min_stratum",
                     "%lld is above max_stratum, %lld: no source could be used",
                     (long long)config->clock.min_stratum, (long long)config->clock.max_stratum);
    read_inner(options, setting, "step", step_table, config);
    read_inner(options, setting, "max_change", max_change_table, config);
    const config_setting_t *rtc = config_setting_get_member(setting, "rtc");
    if (rtc != NULL) {
        struct config_place place = config_file_place(options->file, rtc);
        config->clock.rtc_file = arena_copy(config->arena, place.file, strlen(place.file));
        config->clock.rtc_line = place.line;
    }
}

/* ---------------------------------------------------------------- local */

/* An orphan waits for the others of its group, who may have started a little later. As chrony. */
#define ORPHAN_WAIT_S 300

static const struct gn_option local_rows[] = {
    {.key = "stratum",
     .type = GN_OPT_INT,
     FIELD(config_local, stratum),
     .preset = "10",
     .min = 1,
     .max = 15,
     .help = "stratum to serve when no source is selected"},
    {.key = "distance",
     .type = GN_OPT_REAL,
     FIELD(config_local, distance_s),
     .preset = "1",
     .max = 16,
     .unit = "s",
     .help = "root distance from which on the own clock is served"},
    {.key = "activate",
     .type = GN_OPT_REAL,
     FIELD(config_local, activate_s),
     .preset = "0",
     .max = 16,
     .unit = "s",
     .help = "serve only after the root distance was once below this; 0 at once"},
    {.key = "orphan",
     .type = GN_OPT_BOOL,
     FIELD(config_local, orphan),
     .preset = "false",
     .help = "of the servers of this stratum one leads, the others follow it"},
    {.key = "wait_synced",
     .type = GN_OPT_REAL,
     FIELD(config_local, wait_synced_s),
     .preset = "0",
     .max = 1e9,
     .unit = "s",
     .help = "wait so long after the last source was lost"},
    {.key = "wait_unsynced",
     .type = GN_OPT_REAL,
     FIELD(config_local, wait_unsynced_s),
     .max = 1e9,
     .unit = "s",
     .help = "wait so long without a synchronised clock; 0, with orphan 300"},
};

static const struct option_table local_table = OPTION_TABLE(local_rows);

static void read_local(const struct options *options, const config_setting_t *setting,
                       struct config *config)
{
    struct config_local *local = &config->local;
    struct options_group group = {.setting = setting,
                                  .prefix = "local.",
                                  .targets = {{local_table, local}},
                                  .target_count = 1};
    options_read(options, &group);
    local->present = true;
    struct config_place place = config_file_place(options->file, setting);
    local->file = arena_copy(config->arena, place.file, strlen(place.file));
    local->line = place.line;
    if (local->orphan && config_setting_get_member(setting, "wait_unsynced") == NULL)
        local->wait_unsynced_s = ORPHAN_WAIT_S;
}

/* ---------------------------------------------------------------- control */

static const struct gn_option control_rows[] = {
    {.key = "socket",
     .type = GN_OPT_PATH,
     FIELD(config_control, socket),
     .help = "the control socket; \"\" for none"},
};

static const struct option_table control_table = OPTION_TABLE(control_rows);

/*
 * A mode as chmod(1) writes it, 0660 or "0660". To libconfig 0660 is the decimal number 660, so its
 * digits are taken for what they were meant to be.
 */
static void read_mode(const struct options *options, const config_setting_t *setting,
                      struct config *config)
{
    char digits[16] = "";
    if (config_setting_type(setting) == CONFIG_TYPE_INT)
        snprintf(digits, sizeof(digits), "%d", config_setting_get_int(setting));
    else if (config_setting_type(setting) == CONFIG_TYPE_STRING)
        snprintf(digits, sizeof(digits), "%s", config_setting_get_string(setting));
    long mode = strtol(digits, NULL, 8);
    if (digits[0] == '\0' || !text_consists_of(digits, "01234567") || mode > 0777)
        options_find(options, DIAGNOSTIC_ERROR, setting, "control.mode",
                     "must be the octal mode of a file, 0000 … 0777");
    else
        config->control.mode = mode;
}

static void read_control(const struct options *options, const config_setting_t *setting,
                         struct config *config)
{
    static const char *const others[] = {"mode", NULL};
    struct options_group group = {.setting = setting,
                                  .prefix = "control.",
                                  .targets = {{control_table, &config->control}},
                                  .target_count = 1,
                                  .others = others};
    const config_setting_t *mode = config_setting_get_member(setting, "mode");
    options_read(options, &group);
    if (mode != NULL)
        read_mode(options, mode, config);
}

/* ---------------------------------------------------------------- network */

/* In the order of enum os_card_filter. */
static const char *const filter_choices[] = {"auto", "all", "ntp", "ptp", "none", NULL};

static const struct gn_option network_rows[] = {
    {.key = "hwtimestamp",
     .type = GN_OPT_STRINGS,
     FIELD(config_network, hwtimestamp),
     .help = "network cards that are to stamp packets by hardware; \"*\": all that can"},
    {.key = "rxfilter",
     .type = GN_OPT_CHOICE,
     FIELD(config_network, rx_filter),
     .preset = "auto",
     .choices = filter_choices,
     .help = "which packets they stamp as they come in; auto: NTP's where they can, else all"},
    {.key = "rxcomp",
     .type = GN_OPT_REAL,
     FIELD(config_network, rx_comp_s),
     .preset = "0",
     .min = -1e-3,
     .max = 1e-3,
     .unit = "s",
     .help = "from the wire to the card's stamp of what comes in; it is taken off"},
    {.key = "txcomp",
     .type = GN_OPT_REAL,
     FIELD(config_network, tx_comp_s),
     .preset = "0",
     .min = -1e-3,
     .max = 1e-3,
     .unit = "s",
     .help = "from the card's stamp of what goes out to the wire; it is added"},
};

static const struct option_table network_table = OPTION_TABLE(network_rows);

static void read_network(const struct options *options, const config_setting_t *setting,
                         struct config *config)
{
    struct options_group group = {.setting = setting,
                                  .prefix = "network.",
                                  .targets = {{network_table, &config->network}},
                                  .target_count = 1};
    options_read(options, &group);
}

/* ---------------------------------------------------------------- all groups */

static const struct {
    const char *name;
    void (*read)(const struct options *, const config_setting_t *, struct config *);
} groups[] = {
    {"clock", read_clock},
    {"local", read_local},
    {"control", read_control},
    {"network", read_network},
};

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

void config_groups_presets(struct config *config)
{
    option_table_presets(&clock_table, &config->clock, config->arena);
    option_table_presets(&step_table, &config->clock, config->arena);
    option_table_presets(&max_change_table, &config->clock, config->arena);
    option_table_presets(&control_table, &config->control, config->arena);
    option_table_presets(&local_table, &config->local, config->arena);
    option_table_presets(&network_table, &config->network, config->arena);
    config->control.mode = 0660;
}

bool config_groups_read(const struct options *options, const config_setting_t *setting,
                        struct config *config)
{
    const char *name = config_setting_name(setting);
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (strcmp(groups[i].name, name) != 0)
            continue;
        if (expect_group(options, setting, name))
            groups[i].read(options, setting, config);
        return true;
    }
    return false;
}

void config_groups_guess(struct text_guess *guess)
{
    for (size_t i = 0; i < GROUP_COUNT; i++)
        text_guess_try(guess, groups[i].name);
}
