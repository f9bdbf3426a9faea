/* SPDX-License-Identifier: Apache-2.0 */
/* refclock-shm: measurements that another program leaves in shared memory, as for ntpd. */

#include "segment.h"

#include <errno.h>
#include <gnomon/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFID 0x53484d00u /* "SHM" */

/* Unit 0; the others follow. Spec: ntpd's driver 28. */
#define FIRST_KEY 0x4e545030u

#define LOOK_NS GN_NS_PER_S
#define RETRY_NS (2 * GN_NS_PER_S)

/* A stamp further from now than this was made by another clock, or long ago. */
#define FRESH_NS (10 * GN_NS_PER_S)

/* Without anything new for so many looks the segment is looked for anew. */
#define PATIENCE 30

struct config {
    int64_t unit;
    double precision_s;
};

struct shm {
    struct gn_host *host;
    const struct config *config;
    struct gn_device *segment; /* NULL: it is not there */
    struct gn_source *source;
    struct gn_timer *timer;
    char path[32];
    gn_utc last; /* the stamp of the last measurement */
    unsigned silent;
};

static void fault(struct shm *self, enum gn_reason reason, const char *what)
{
    char words[192];
    snprintf(words, sizeof words, "unit %lld (key %s): %.128s", (long long)self->config->unit,
             strrchr(self->path, '/') + 1, what);
    gn_source_fault(self->host, self->source, reason, words);
}

/* ---------------------------------------------------------------- measurements */

static void submit(struct shm *self, const struct segment_sample *seen)
{
    double precision_s = seen->precision_s > 0 && self->config->precision_s == 0 ? seen->precision_s
                         : self->config->precision_s > 0 ? self->config->precision_s
                                                         : 1e-6;
    struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_ONE_WAY,
        .local = gn_from_system(self->host, seen->system),
        .utc = seen->utc,
        .dispersion_s = precision_s,
        .leap = seen->leap,
        .refid = REFID,
        .ref_time = seen->utc,
    };
    gn_source_submit(self->host, self->source, &sample);
}

static void take(struct shm *self, gn_local now, const struct segment_sample *seen)
{
    int64_t age_ns = gn_utc_sub(gn_system_time(self->host, now), seen->system);
    bool fresh = age_ns < FRESH_NS && age_ns > -FRESH_NS, first = self->last.ns == 0;
    if (seen->system.ns == self->last.ns)
        return;
    self->last = seen->system;
    if (first && !fresh)
        return; /* left there long ago */
    self->silent = 0;
    gn_source_poll(self->host, self->source);
    if (!fresh)
        fault(self, GN_REASON_BAD_REPLY, "its stamps are not those of this machine's clock");
    else if (seen->leap == GN_LEAP_UNSYNCHRONISED)
        fault(self, GN_REASON_UNSYNCHRONISED, "the other program knows no time");
    else
        submit(self, seen);
}

/* ---------------------------------------------------------------- looking */

static void lose(struct shm *self, int error)
{
    gn_device_close(self->host, self->segment);
    self->segment = NULL;
    self->silent = 0;
    gn_source_poll(self->host, self->source);
    fault(self, GN_REASON_DEVICE,
          error == -ENOENT   ? "there is no such segment: the other program has not made it yet"
          : error == -EACCES ? "it may not be read: units 0 and 1 are for the superuser only"
                             : strerror(-error));
}

static void look(struct shm *self, gn_local now)
{
    unsigned char once[SEGMENT_ROOM + 1] = {0}, again[SEGMENT_ROOM + 1] = {0};
    struct segment_sample seen;
    int64_t n = gn_device_read(self->host, self->segment, once, sizeof once);
    int64_t m = gn_device_read(self->host, self->segment, again, sizeof again);
    self->silent++;
    if (n < 0 || m < 0) {
        lose(self, (int)(n < 0 ? n : m));
        return;
    }
    switch (segment_read(&seen, once, again, (size_t)m)) {
    case SEGMENT_TAKEN:
        take(self, now, &seen);
        break;
    case SEGMENT_LAYOUT:
        fault(self, GN_REASON_DEVICE, "a segment of another size than 80, 88 or 96 bytes");
        break;
    case SEGMENT_WRONG:
        fault(self, GN_REASON_BAD_REPLY, "what stands there is no time");
        break;
    case SEGMENT_EMPTY:
    case SEGMENT_WRITTEN:
        break;
    }
}

static void on_timer(void *arg, gn_local now)
{
    struct shm *self = arg;
    now = gn_now(self->host); /* the timer says when it was due */
    if (self->segment != NULL && self->silent % PATIENCE == PATIENCE - 1) {
        gn_source_poll(self->host, self->source);
        fault(self, GN_REASON_NO_REPLY, "nothing new is written there");
        gn_device_close(self->host, self->segment); /* its writer may have made another */
        self->segment = NULL;
    }
    if (self->segment == NULL) {
        int rc =
            gn_device_open(self->host, self->path, GN_DEVICE_SHARED, NULL, self, &self->segment);
        if (rc < 0)
            lose(self, rc);
    }
    if (self->segment != NULL)
        look(self, now);
    gn_timer_start(self->host, self->timer, self->segment != NULL ? LOOK_NS : RETRY_NS);
}

/* ---------------------------------------------------------------- the role */

static int shm_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    struct shm *self = calloc(1, sizeof *self);
    (void)shared;
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    self->config = config;
    snprintf(self->path, sizeof self->path, "/sysv/%x", FIRST_KEY + (unsigned)self->config->unit);
    *instance = self;
    return 0;
}

static int shm_start(void *instance)
{
    struct shm *self = instance;
    const struct gn_source_info info = {
        .size = sizeof info,
        .mode = GN_MODE_REFCLOCK,
        .address = self->path,
        .refid = REFID,
        .is_clock = 1,
    };
    int error = gn_source_open(self->host, &info, &self->source);
    if (error == 0)
        error = gn_timer_open(self->host, on_timer, self, &self->timer);
    if (error == 0)
        error = gn_timer_start(self->host, self->timer, 0);
    return error;
}

static const struct gn_option options[] = {
    {
        .key = "unit",
        .type = GN_OPT_INT,
        .offset = offsetof(struct config, unit),
        .preset = "0",
        .max = 255,
        .help = "number of the segment; of gpsd even ones are messages, odd ones pulses",
    },
    {
        .key = "precision",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct config, precision_s),
        .preset = "0",
        .max = 1,
        .unit = "s",
        .help = "how exact a measurement is, its dispersion; 0: as the segment says",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct config),
        .open = shm_open,
        .start = shm_start,
        .close = free,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "refclock-shm",
    .version = PACKAGE_VERSION,
    .summary = "Measurements that gpsd and others leave in shared memory, as for ntpd",
    .roles = roles,
    .role_count = sizeof(roles) / sizeof(roles[0]),
};
