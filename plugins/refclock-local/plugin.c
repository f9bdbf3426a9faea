/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-local: the machine's own clock, as if it were a reference.
 *
 * A sample pairs an instant of the local scale with what the system clock shows at that same
 * instant, so the measured offset is exactly our own steering, and UTC as published is what the
 * machine believes already.
 */

#include <gnomon/plugin.h>
#include <stdlib.h>

/* Unless `stratum` is configured: low enough for a network on its own, behind any real server. */
#define STRATUM 10

/* Two conversions and the rounding between them; the clock's own error is nobody's to know. */
#define DISPERSION_S 1e-6

#define REFID 0x4c4f434cu /* "LOCL" */

struct config {
    int64_t poll_log2s;
};

struct local {
    struct gn_host *host;
    struct gn_source *source;
    struct gn_timer *timer;
    int64_t interval_ns;
};

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
        .leap = GN_LEAP_NORMAL,
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

static void local_configure(struct local *self, const struct config *config)
{
    self->interval_ns = gn_poll_ns((int8_t)config->poll_log2s);
}

static int local_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    struct local *self = calloc(1, sizeof(*self));
    (void)shared;
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    local_configure(self, config);
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
    local_configure(self, config);
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
