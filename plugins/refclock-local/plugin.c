/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-local: the machine's own clock, as if it were a reference.
 *
 * A sample pairs an instant of the local scale with what the system clock shows at that same
 * instant, so the measured offset is exactly our own steering, and UTC as published is what the
 * machine believes already.
 */

#include <gnomon/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Unless `stratum` is configured: low enough for a network on its own, behind any real server. */
#define STRATUM 10

/* Two conversions and the rounding between them; the clock's own error is nobody's to know. */
#define DISPERSION_S 1e-6

#define REFID 0x4c4f434cu /* "LOCL" */

/* Spec: RFC 5905 §7.3 allows a month; whoever orders the second from the kernel at once may do so
 * only on the day itself. */
#define LEAP_NOTICE_NS (INT64_C(86400) * GN_NS_PER_S)

struct config {
    int64_t poll_log2s;
    const char *leap_insert, *leap_delete;
};

struct local {
    struct gn_host *host;
    struct gn_source *source;
    struct gn_timer *timer;
    int64_t interval_ns;
    enum gn_leap leap; /* announced in the day before … */
    gn_utc leap_at;    /* … the end of a month */
};

/* ---------------------------------------------------------------- leap seconds */

/* The end of a UTC day, `2016-12-31`, that is the last of its month. Returns false: it is none. */
static bool month_end(const char *text, gn_utc *end)
{
    struct tm day = {0};
    char again[32];
    int size = -1;
    if (sscanf(text, "%4d-%2d-%2d%n", &day.tm_year, &day.tm_mon, &day.tm_mday, &size) != 3 ||
        size != (int)strlen(text) || day.tm_year < 1972 || day.tm_year > 2199)
        return false;
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    (void)timegm(&day); /* makes of February 30th a March 2nd */
    strftime(again, sizeof(again), "%Y-%m-%d", &day);
    day.tm_mday += 1;
    end->ns = (int64_t)timegm(&day) * GN_NS_PER_S;
    return strcmp(again, text) == 0 && day.tm_mday == 1;
}

static uint8_t local_leap(const struct local *self, gn_utc shown)
{
    int64_t left_ns = gn_utc_sub(self->leap_at, shown);
    return left_ns > 0 && left_ns <= LEAP_NOTICE_NS ? (uint8_t)self->leap : GN_LEAP_NORMAL;
}

/* ---------------------------------------------------------------- samples */

static void local_submit(struct local *self, gn_local now)
{
    gn_utc shown = gn_system_time(self->host, now);
    struct gn_sample sample = {
        .size = sizeof(sample),
        .kind = GN_SAMPLE_ONE_WAY,
        .local = now,
        .utc = shown,
        .dispersion_s = DISPERSION_S,
        .stratum = STRATUM,
        .leap = local_leap(self, shown),
        .refid = REFID,
        .ref_time = shown,
    };
    gn_source_submit(self->host, self->source, &sample);
}

static void local_poll(void *arg, gn_local now)
{
    struct local *self = arg;
    (void)now; /* when the timer was due; the reading wants the present */
    gn_source_poll(self->host, self->source);
    local_submit(self, gn_now(self->host));
    gn_timer_start(self->host, self->timer, self->interval_ns);
}

/* ---------------------------------------------------------------- life */

static int local_configure(struct local *self, const struct config *config)
{
    const char *day = config->leap_insert != NULL ? config->leap_insert : config->leap_delete;
    gn_utc leap_at = {0};
    if (config->leap_insert != NULL && config->leap_delete != NULL)
        return gn_fail(self->host, -EINVAL, "either leap_insert or leap_delete");
    if (day != NULL && !month_end(day, &leap_at))
        return gn_fail(self->host, -EINVAL,
                       "a leap second needs the last day of a month, as in 2016-12-31; not \"%s\"",
                       day);
    self->leap = day == NULL                   ? GN_LEAP_NORMAL
                 : config->leap_insert != NULL ? GN_LEAP_INSERT
                                               : GN_LEAP_DELETE;
    self->leap_at = leap_at;
    self->interval_ns = gn_poll_ns((int8_t)config->poll_log2s);
    return 0;
}

static int local_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    struct local *self = calloc(1, sizeof(*self));
    (void)shared;
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    int error = local_configure(self, config);
    if (error < 0) {
        free(self);
        return error;
    }
    *instance = self;
    return 0;
}

static int local_start(void *instance)
{
    struct local *self = instance;
    const struct gn_source_info info = {
        .size = sizeof(info),
        .mode = GN_MODE_REFCLOCK,
        .address = "system clock",
        .refid = REFID,
        .is_clock = 1,
    };
    int error = gn_source_open(self->host, &info, &self->source);
    if (error == 0)
        error = gn_timer_open(self->host, local_poll, self, &self->timer);
    if (error == 0)
        error = gn_timer_start(self->host, self->timer, 0);
    return error;
}

static int local_reload(void *instance, const void *config)
{
    struct local *self = instance;
    int error = local_configure(self, config);
    if (error < 0)
        return error;
    return gn_timer_start(self->host, self->timer, self->interval_ns);
}

static const struct gn_option options[] = {
    {
        .key = "poll",
        .type = GN_OPT_INT,
        .offset = offsetof(struct config, poll_log2s),
        .preset = "4",
        .min = 0,
        .max = 10,
        .unit = "log2 s",
        .help = "interval between two readings of the clock",
    },
    {
        .key = "leap_insert",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct config, leap_insert),
        .help = "announce a leap second at the end of this UTC day, as 2016-12-31",
    },
    {
        .key = "leap_delete",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct config, leap_delete),
        .help = "announce that the last second of this UTC day is left out",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct config),
        .open = local_open,
        .start = local_start,
        .reload = local_reload,
        .close = free,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "refclock-local",
    .version = PACKAGE_VERSION,
    .summary = "The machine's own clock as a reference, for networks without any other",
    .roles = roles,
    .role_count = sizeof(roles) / sizeof(roles[0]),
};
