/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state file of refclock-rtc, of any bytes: refused with a reason, and nothing has changed, or
 * a clock can live on it: predictions and their doubts are numbers, it learns, is written, and once
 * saved it is the same for ever.
 */
#include <math.h>
#include <plugins/refclock-rtc/calibration.h>
#include <plugins/refclock-rtc/face.h>
#include <plugins/refclock-rtc/writing.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 1024

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void predict(const struct calibration *self, double shown_s)
{
    double sd_s = NAN, offset_s = calibration_offset(self, shown_s, &sd_s);
    require(isfinite(offset_s) && isfinite(sd_s) && sd_s >= 0);
}

static void live_on(struct calibration self)
{
    double shown_s = self.epoch_s, jump_s;
    for (int i = 0; i < 20; i++) {
        shown_s += 64;
        calibration_learn(&self, shown_s, 12e-6 * i, 1e-4, &jump_s);
        predict(&self, shown_s + 86400);
        require(fabs(self.drift) <= 1e-3 && isfinite(self.jitter_s));
    }
    calibration_written(&self, shown_s - 2220, 1e-3, 1e-4);
    predict(&self, shown_s);
}

/* What it says of the phase is planned with. */
static void plan(const struct calibration *self)
{
    struct writing writing = {.phase_s = self->phase_s,
                              .kind = (enum writing_kind)self->phase_kind};
    gn_local now = {0};
    writing_plan(&writing, now, (gn_utc){INT64_C(1800000000) * GN_NS_PER_S}, &now);
    int64_t in_ns = gn_local_sub(writing.due, now);
    require(in_ns > 0 && in_ns <= 2 * GN_NS_PER_S);
}

static void save_again(const struct calibration *self)
{
    char first[ROOM], second[ROOM];
    struct calibration again;
    size_t size = calibration_write(self, first, sizeof first);
    require(size > 0);
    if (calibration_read(&again, first) != NULL)
        return; /* a variance that is 0 once it is rounded */
    require(calibration_write(&again, second, sizeof second) == size);
    require(memcmp(first, second, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct calibration self, before;
    char text[ROOM];
    size_t length = size < sizeof text ? size : sizeof text - 1;
    if (size > 0)
        memcpy(text, data, length);
    text[length] = '\0';
    memset(&self, 0x55, sizeof self);
    before = self;
    const char *why = calibration_read(&self, text);
    if (why != NULL) {
        require(why[0] != '\0' && memcmp(&self, &before, sizeof self) == 0);
    } else {
        predict(&self, 0);
        predict(&self, 1e11);
        plan(&self);
        live_on(self);
        save_again(&self);
    }
    (void)face_adjtime_is_local(text);
    return 0;
}
