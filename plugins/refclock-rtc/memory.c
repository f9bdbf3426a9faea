/* SPDX-License-Identifier: Apache-2.0 */

/* What was learnt of the clock, kept over power-off. */

#include "rtc.h"

#define KEY "rtc"

/* A version of ours writes less than this; more is not ours. */
#define ROOM 1024

void rtc_save(struct rtc *self, gn_local now)
{
    char text[ROOM];
    self->learnt.phase_kind = (int)self->writing.kind;
    self->learnt.phase_s = self->writing.phase_s;
    size_t size = calibration_write(&self->learnt, text, sizeof text);
    self->saved = now;
    if (self->learnt.learnt && size > 0 && gn_store_write(self->host, KEY, text, size) < 0)
        gn_log(self->host, GN_WARNING, "what was learnt of the clock could not be saved");
}

void rtc_load(struct rtc *self)
{
    char text[ROOM];
    int64_t size = gn_store_read(self->host, KEY, text, sizeof text - 1);
    if (size < 0)
        return; /* the first time, or no folder: nothing is known */
    text[size] = '\0';
    const char *why = calibration_read(&self->used, text);
    if (why != NULL) {
        gn_log(self->host, GN_WARNING, "the file %s of this clock is ignored: %s", KEY, why);
        return;
    }
    self->learnt = self->used;
    self->calibrated = true;
    if (self->learnt.phase_kind != WRITING_GUESSED) {
        self->writing.kind = (enum writing_kind)self->learnt.phase_kind;
        self->writing.phase_s = self->learnt.phase_s;
    }
    gn_log(self->host, GN_INFO, "drifts by %+.3f ppm, as was learnt", self->used.drift * 1e6);
}
