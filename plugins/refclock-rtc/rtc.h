/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_RTC_RTC_H
#define REFCLOCK_RTC_RTC_H

/**
 * An instance of refclock-rtc, and what its parts call of each other.
 *
 * The device is open for the second of a measurement only: a hardware clock has one user at a
 * time, and hwclock(8) is one as well. Two calibrations: `used` is what samples are made with, from
 * the file or from the first comparison with others; `learnt` goes on learning while others know
 * the time, and goes to the file. Were they one, the clock would agree with whatever we believe.
 */

#include "calibration.h"
#include "edge.h"
#include "writing.h"

#include <gnomon/plugin.h>

enum rtc_local_time { RTC_LOCAL_AUTO, RTC_LOCAL_NO, RTC_LOCAL_YES };

struct rtc_config {
    const char *device;
    int64_t poll_log2s;
    int local_time; /* enum rtc_local_time */
    double trim_s;  /* 0: never */
};

enum rtc_phase {
    RTC_RESTING,
    RTC_INTERRUPTED, /* the interrupt is waited for */
    RTC_ASKING,      /* it is asked again and again */
    RTC_WRITING,     /* the instant to write is waited for */
};

struct rtc {
    struct gn_host *host;
    const struct rtc_config *config;
    struct gn_source *source;
    struct gn_timer *timer;
    struct gn_device *device; /* NULL but during a measurement */
    enum rtc_phase phase;
    bool no_interrupts; /* it has none, or they do not come */
    bool local_time;    /* it shows the time of the zone */
    bool told_battery;
    bool lost;      /* its time, by an empty battery */
    gn_local begun; /* the measurement */
    struct edge edge;
    struct calibration used, learnt;
    bool calibrated; /* `used` is more than a guess */
    gn_local saved;
    char trouble[256]; /* why there is no measurement; "" there is */

    struct writing writing;
    bool ordered;          /* to be written as soon as the device is free */
    struct gn_state state; /* what the time was when it was written */
    gn_local written;      /* on the local scale; .ns 0: not in this run */
    char outcome[256];     /* of the last writing, in words; "" there was none */
    bool good;             /* … it was right */
};

/* ---- plugin.c: measurements */

/** Close the device and wait. */
void rtc_rest(struct rtc *, int64_t for_ns);

/** Tell a failure, and wait. */
void rtc_fail(struct rtc *, const char *doing, int error);

/** Open the device. Errors: false, already told. */
bool rtc_grasp(struct rtc *);

/** Wait for the next second of the open device. */
void rtc_await_edge(struct rtc *);

/** Whether others know the time; `state` is filled. It never is what came from this clock. */
bool rtc_others_know(struct rtc *, struct gn_state *state);

/* ---- memory.c: the file */

void rtc_save(struct rtc *, gn_local now);
void rtc_load(struct rtc *);

/* ---- order.c: writing */

/** Write it, if it was ordered or has gone too far. Returns whether a writing has begun. */
bool rtc_write_if_due(struct rtc *);

/** The instant to write has come. */
void rtc_write_now(struct rtc *);

/** After a writing, a second was seen to begin. */
void rtc_read_back(struct rtc *);

/** The writing under way comes to nothing. */
void rtc_write_failed(struct rtc *, const char *why);

/* ---- command.c */

int rtc_command(void *instance, const char *name, gn_command_cb reply, void *reply_arg);

#endif
