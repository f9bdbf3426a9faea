/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_LATENCY_H
#define REFCLOCK_GPS_LATENCY_H

/**
 * How late messages are: from the instant that a message names to its arrival. Learnt per kind of
 * message and speed of the line, against the pulse or against what others say; kept in a file.
 *
 * Pure. Lateness is positive when a message comes after the instant it names.
 */

#include "message.h"

#define LATENCY_BAUDS 4   /* speeds that are remembered, the last used first */
#define LATENCY_WINDOW 31 /* of the newest messages of a kind; odd: its median is one of them */
#define LATENCY_TEXT 8192 /* bytes that latency_write() needs at most, with the NUL */

/** Of one kind, at one speed. */
struct latency_fact {
    double count;     /* messages that it was learnt from; 0: nothing is known */
    double latency_s; /* the mean, without what lies far off */
    double spread_s;  /* 1 sigma of single messages, robust */
    double doubt_s;   /* 1 sigma of latency_s itself */
};

/** The newest of a kind. */
struct latency_window {
    unsigned count, next;
    double late_s[LATENCY_WINDOW]; /* as learnt */
    /* Steadiness needs no truth: arrival less named, against the one before. */
    bool arrived;
    gn_local at;
    gn_utc named;
    unsigned steps;
    double step_s; /* mean size of a change, without what lies far off */
};

struct latency_speed {
    unsigned baud; /* 0: no serial line */
    bool used;
    struct latency_fact facts[GPS_KINDS];
};

struct latency {
    bool is_fixed;
    double fixed_s;                             /* of the user, for all kinds */
    struct latency_speed speeds[LATENCY_BAUDS]; /* [0]: the present one */
    struct latency_window windows[GPS_KINDS];
    enum gps_kind best;
};

/** What is expected of the next message of a kind. */
struct latency_guess {
    bool learnt; /* else it is the preset, unless … */
    bool told;   /* … the user says it */
    double latency_s;
    double spread_s; /* 1 sigma of single messages */
    double doubt_s;  /* 1 sigma of what is common to all of them */
};

/** `fixed_s`: of the user, NAN: to be learnt. */
void latency_init(struct latency *, double fixed_s);

/** The line's speed is known, or another; 0: there is no serial line. */
void latency_baud(struct latency *, unsigned baud);

/** A message that names `named` has arrived: how steady its kind is. Call it for each message. */
void latency_arrived(struct latency *, enum gps_kind, gn_local at, gn_utc named);

/** A message was so late, by a witness who errs by `sd_s`. */
void latency_learn(struct latency *, enum gps_kind, double late_s, double sd_s);

/** The messages name other seconds than before: what was learnt of a receiver that named wrong ones
 * is forgotten. */
void latency_jumped(struct latency *);

/** What to expect. */
struct latency_guess latency_predict(const struct latency *, enum gps_kind);

/** The steadiest kind so far: the clock of the burst. GPS_OTHER: none has come twice. */
enum gps_kind latency_best(const struct latency *);

/** Write as text. Returns its bytes, or 0 where there is no room or nothing is known. */
size_t latency_write(const struct latency *, char *text, size_t size);

/** Read it back. Returns NULL, or in words what is wrong; then nothing has changed. */
const char *latency_read(struct latency *, const char *text);

#endif
