/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_RTC_CALIBRATION_H
#define REFCLOCK_RTC_CALIBRATION_H

/**
 * What is known of a hardware clock: how far it is off, and how fast it drifts away. Learnt while
 * others know the time, kept in a file, and used when nobody does: after power-off.
 *
 * Pure. UTC = what the clock shows + offset; drift = slope of the offset (positive: it runs slow).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct calibration {
    bool learnt;           /* false: the guess that nobody has set it by more than careful hand */
    double epoch_s;        /* what the clock showed when it was compared last; seconds since 1970 */
    double offset_s;       /* then */
    double drift;          /* s/s */
    double variance[2][2]; /* of offset and drift */
    double jitter_s;       /* what comparisons scatter by, beyond what their readers know */
    double count, since_s; /* comparisons so far, and what it showed at the first */
    double written_s;      /* when we wrote it last, UTC since 1970; 0 never */
    int phase_kind;        /* what it does when it is written to: enum writing_kind */
    double phase_s;
};

/** Nothing is known, at what the clock shows now. */
void calibration_guess(struct calibration *, double shown_s);

/** What the offset is when the clock shows `shown_s`, and its 1 sigma. */
double calibration_offset(const struct calibration *, double shown_s, double *sd_s);

/** What became of a comparison. */
enum calibration_news {
    CALIBRATION_FIRST, /* of this clock */
    CALIBRATION_LEARNT,
    CALIBRATION_SET, /* somebody has set the clock; `*jump_s`: by so much (positive: ahead) */
};

/** Learn: when the clock showed `shown_s`, UTC − shown was `offset_s`, known to `sd_s`. */
enum calibration_news calibration_learn(struct calibration *, double shown_s, double offset_s,
                                        double sd_s, double *jump_s);

/** It was written: what it shows is new, its crystal is not. As of calibration_learn(). */
void calibration_written(struct calibration *, double shown_s, double offset_s, double sd_s);

/** Write as text. Returns its bytes, or 0 where there is no room. */
size_t calibration_write(const struct calibration *, char *text, size_t size);

/** Read it back. Returns NULL, or in words what is wrong; then nothing has changed. */
const char *calibration_read(struct calibration *, const char *text);

#endif
