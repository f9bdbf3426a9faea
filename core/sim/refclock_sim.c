/* SPDX-License-Identifier: Apache-2.0 */
#include <sim/refclock_sim.h>

#include <fcntl.h>
#include <math.h>
#include <sim/vdev_reference.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFID 0x53494d00u /* "SIM" */

/* A device that is not there, or was taken away, may come. */
#define RETRY_NS (10 * GN_NS_PER_S)

#define MOST 16 /* records of one read */

#define MOST_OFFSET_S 4e9

struct config {
    const char *device;
    double noise_s, timeout_s;
};

struct refclock {
    struct gn_host *host;
    const struct config *config;
    struct gn_device *device;
    struct gn_source *source;
    struct gn_timer *timer; /* without device: to the next try; with: until it is silent */
};

static void submit(struct refclock *self, const struct vdev_reference_record *record)
{
    gn_utc system = {record->system_ns};
    gn_utc utc = gn_utc_add(system, gn_nanoseconds(record->offset_s));
    struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_ONE_WAY,
        .local = gn_from_system(self->host, system),
        .utc = utc,
        .dispersion_s = self->config->noise_s,
        .leap = GN_LEAP_NORMAL,
        .refid = REFID,
        .ref_time = utc,
    };
    gn_source_poll(self->host, self->source);
    gn_source_submit(self->host, self->source, &sample);
}

static void lose(struct refclock *self, int error)
{
    char words[128];
    snprintf(words, sizeof words, "%.64s: %.48s", self->config->device, strerror(-error));
    gn_device_close(self->host, self->device);
    self->device = NULL;
    gn_source_fault(self->host, self->source, GN_REASON_DEVICE, words);
    gn_timer_start(self->host, self->timer, RETRY_NS);
}

static void watch(struct refclock *self)
{
    gn_timer_start(self->host, self->timer, gn_nanoseconds(self->config->timeout_s));
}

/* Another device's bytes are no measurements. */
static bool sensible(const struct vdev_reference_record *record)
{
    return record->system_ns >= 0 && record->system_ns < INT64_MAX / 2 &&
           fabs(record->offset_s) < MOST_OFFSET_S;
}

static void on_readable(void *arg, gn_local now)
{
    struct refclock *self = arg;
    struct vdev_reference_record records[MOST];
    int64_t n = gn_device_read(self->host, self->device, records, sizeof records);
    (void)now;
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        lose(self, n < 0 ? (int)n : -ENODEV);
        return;
    }
    for (size_t i = 0; i < (size_t)n / sizeof records[0]; i++)
        if (sensible(&records[i]))
            submit(self, &records[i]);
    watch(self);
}

static int open_device(struct refclock *self)
{
    return gn_device_open(self->host, self->config->device, O_RDONLY, on_readable, self,
                          &self->device);
}

/* A poll without a sample: the source is the less reached. */
static void miss(struct refclock *self)
{
    gn_source_poll(self->host, self->source);
    gn_source_fault(self->host, self->source, GN_REASON_NO_REPLY, "nothing is measured");
    watch(self);
}

static void on_timer(void *arg, gn_local now)
{
    struct refclock *self = arg;
    (void)now;
    if (self->device != NULL) {
        miss(self);
    } else if (open_device(self) < 0) {
        gn_source_poll(self->host, self->source);
        gn_timer_start(self->host, self->timer, RETRY_NS);
    } else {
        watch(self);
    }
}

/* ---------------------------------------------------------------- the role */

static int open_instance(struct gn_host *host, void *shared, const void *config, void **instance)
{
    struct refclock *self = calloc(1, sizeof *self);
    (void)shared;
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    self->config = config;
    *instance = self;
    return 0;
}

/* Without its device it waits for it. */
static int start(void *instance)
{
    struct refclock *self = instance;
    const struct gn_source_info info = {
        .size = sizeof info,
        .mode = GN_MODE_REFCLOCK,
        .address = self->config->device,
        .refid = REFID,
        .is_clock = 1,
    };
    int missing, error = gn_source_open(self->host, &info, &self->source);
    if (error == 0)
        error = gn_timer_open(self->host, on_timer, self, &self->timer);
    if (error == 0 && (missing = open_device(self)) < 0)
        lose(self, missing);
    else if (error == 0)
        watch(self);
    return error;
}

static const struct gn_option options[] = {
    {
        .key = "device",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct config, device),
        .preset = "/dev/reference",
        .help = "measured reference of the simulator",
    },
    {
        .key = "noise",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct config, noise_s),
        .preset = "1e-6",
        .min = 1e-12,
        .max = 1,
        .unit = "s",
        .help = "error that each measurement may have, its dispersion",
    },
    {
        .key = "timeout",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct config, timeout_s),
        .preset = "64",
        .min = 1e-3,
        .max = 1e6,
        .unit = "s",
        .help = "without a measurement for so long the source is missed",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct config),
        .open = open_instance,
        .start = start,
        .close = free,
    },
};

const struct gn_plugin refclock_sim = {
    GN_PLUGIN_HEAD,     .name = "refclock-sim",
    .version = VERSION, .summary = "A measured reference of the simulator",
    .roles = roles,     .role_count = sizeof(roles) / sizeof(roles[0]),
};
