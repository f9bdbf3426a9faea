/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_GPS_H
#define REFCLOCK_GPS_GPS_H

/**
 * An instance of refclock-gps, and what its parts call of each other.
 *
 * Bytes of a line or of a log go into gps_receive(), which cuts and reads messages; messages, also
 * those of gpsd, go into gps_take(). From there on nobody knows where they came from.
 */

#include "message.h"
#include "sky.h"

#include <gnomon/plugin.h>

struct gps_config {
    const char *device;
    int64_t baud;     /* 0: to be found */
    const char *pps;  /* "": none; "dcd": a pin of the line; else a path */
    const char *gpsd; /* "HOST:PORT"; "": the device */
    int edge;         /* enum pulse_edge */
    double width_s;   /* of a pulse; 0: any */
    double latency_s; /* of the messages; below 0: it is learnt */
    double cable_s;   /* delay of the antenna's cable */
    int64_t min_satellites;
    const char *pivot;        /* "YYYY-MM-DD"; "": none */
    bool antenna_gate;        /* a fault of the antenna is believed */
    const char *log, *replay; /* paths; NULL: none */
};

/** What a receiver is good for. The words are those of the command `gps`. */
enum gps_state {
    GPS_STATE_NO_DEVICE, /* the line or gpsd is not there */
    GPS_STATE_SILENT,    /* nothing comes that is understood */
    GPS_STATE_NO_FIX,    /* it speaks, and does not vouch for the time */
    GPS_STATE_ACQUIRING, /* it does; what is needed to make samples of it is not known yet */
    GPS_STATE_AMBIGUOUS, /* which second it is cannot be told */
    GPS_STATE_LOCKED,    /* samples are made */
    GPS_STATE_HOLDOVER,  /* they were, and the sky is gone */
    GPS_STATES
};

enum gps_protocol { GPS_PROTOCOL_NONE, GPS_PROTOCOL_NMEA, GPS_PROTOCOL_UBX, GPS_PROTOCOL_GPSD };

/** Messages of one kind. */
struct gps_tally {
    uint64_t count;
    gn_local last; /* when it came */
};

struct gps {
    struct gn_host *host;
    const struct gps_config *config;
    int32_t pivot_day; /* of `pivot`; GPS_NO_DAY: none */
    struct gn_source *source;
    struct gn_timer *tick; /* once a second */

    enum gps_state state;
    char trouble[256]; /* why there are no samples, and what to do; "" there are */
    enum gps_protocol protocol;
    gn_local heard; /* the last message that was understood; .ns 0: never */
    struct gps_tally tally[GPS_KINDS];
    struct sky sky; /* what the receiver has said lately */
};

/* ---- receiver.c: from bytes to samples */

/** Bytes have come, the last of them at `at`. */
void gps_receive(struct gps *, gn_local at, const void *bytes, size_t size);

/** A message has come; its first byte at `at`. */
void gps_take(struct gps *, const struct gps_message *, gn_local at);

/** There are no samples, and this is why; printf-like words that say what to do. */
__attribute__((format(printf, 4, 5))) void gps_trouble(struct gps *, enum gps_state, enum gn_reason,
                                                       const char *format, ...);

/** "no-device", … */
const char *gps_state_name(enum gps_state);

/** What it reads, for people: a path or HOST:PORT. */
const char *gps_address(const struct gps_config *);

/* ---- command.c: what people ask */

/** `command` of struct gn_role. */
int gps_command(void *instance, const char *name, gn_command_cb, void *arg);

#endif
