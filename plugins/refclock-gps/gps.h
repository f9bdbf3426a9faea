/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_GPS_H
#define REFCLOCK_GPS_GPS_H

/**
 * An instance of refclock-gps, and what its parts call of each other.
 *
 * Bytes of a line or of a log go into gps_receive(), which cuts and reads messages; messages, also
 * those of gpsd, go into gps_take(). From there on nobody knows where they came from.
 */

#include "calendar.h"
#include "epoch.h"
#include "framer.h"
#include "gpsd_link.h"
#include "latency.h"
#include "line.h"
#include "message.h"
#include "numbering.h"
#include "player.h"
#include "pulses.h"
#include "quality.h"
#include "recorder.h"
#include "sky.h"

#include <gnomon/plugin.h>

/** Of the option `device`: nobody who has gpsd asks for it. */
#define GPS_PRESET_DEVICE "/dev/gps0"

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

/** What came of the messages of the last seconds. */
struct gps_word {
    enum calendar_verdict time; /* of the last that named an instant */
    unsigned jumps;             /* of the calendar, that were seen */
    gn_utc late_pulse;          /* what TIM-TP said last of a pulse: which, … */
    double late_s;              /* … and that it comes so much late */
    bool late_said;
    bool taught;    /* the messages' latency is not known yet, and others teach it */
    bool relied_on; /* messages make the samples, in want of pulses */
    bool poor;      /* the messages are worse than what is known without them */
};

struct gps {
    struct gn_host *host;
    const struct gps_config *config;
    int32_t pivot_day; /* of `pivot`; GPS_NO_DAY: none */
    struct gn_source *source;
    struct gn_timer *tick;

    enum gps_state state;
    char
        trouble[256]; /* why there are no samples, or none of pulses, and what to do; "" all is well
                       */
    bool told;        /* the core has been told */
    int remarked_rollovers; /* that were told */
    unsigned jumping; /* looks in a row at messages that name other seconds than before; … */
    gn_local remarked_jump; /* … when that was told, last */
    enum gps_protocol protocol;
    gn_local listened; /* since then */
    gn_local heard;    /* the last message that was understood; .ns 0: never */
    gn_local sample;   /* when the last one was handed on; .ns 0: none yet */
    gn_utc utc;        /* … which said this */
    bool absent;       /* line or gpsd are not there: who knows it has told why */
    gn_local polled;
    gn_local spoken;           /* the last second that messages told */
    struct latency_guess used; /* what the last sample of a message was less by; zeroed: none was */
    struct gps_tally tally[GPS_KINDS];
    struct sky sky; /* what the receiver has said lately */

    struct line line;       /* unused with gpsd and replay */
    struct gpsd_link *gpsd; /* NULL: it is not asked for */
    struct framer framer;
    struct epoch epoch;
    struct calendar calendar;
    struct latency latency;
    struct numbering numbering;
    struct quality quality;
    struct gps_word word;
    struct pulses pulses; /* unused without `pps` */

    struct recorder *recorder; /* of the option `log`; NULL: none */
    struct player *player;     /* of the option `replay`; NULL: none */
    unsigned replayed_baud;

    gn_local saved; /* the memory */
    int32_t saved_day;
};

/* ---- receiver.c: from bytes to messages */

/** Bytes have come, the last of them at `at`; they come as fast as `baud` says, 0: at no pace of
 * their own. Returns how many messages with a right sum they ended. */
uint64_t gps_receive(struct gps *, gn_local at, unsigned baud, const void *bytes, size_t size);

/** What was begun is cut off: another line, another speed. `baud` as above. */
void gps_cut(struct gps *, unsigned baud);

/** A message has come; its first byte at `at`. */
void gps_take(struct gps *, const struct gps_message *, gn_local at);

/* ---- measure.c: from messages and pulses to samples */

/** A message that names an instant. */
void gps_take_time(struct gps *, const struct gps_message *, gn_local at);

/** What a message says of a pulse: one that comes, or, of gpsd, one that came. */
void gps_take_pulse_word(struct gps *, const struct gps_message *, gn_local at);

/** A pulse came, and was stamped within `precision_s`. */
void gps_take_pulse(struct gps *, gn_local at, double precision_s);

/** No more is to come of a second that was said. */
void gps_end_second(struct gps *, gn_local now);

/* ---- pulses.c */

/** Errors: negative errno, of the timer. A device that is not there is waited for. */
int gps_pulses_start(struct gps *);

/** From now on they are those of this PPS device; the path is lent. */
void gps_pulses_follow(struct gps *, const char *path);

/** What is wrong with them; printf-like; "": nothing. */
__attribute__((format(printf, 2, 3))) void gps_pulses_say(struct gps *, const char *format, ...);

/* ---- dcd.c: pulses on a pin of the line */

/** The line was opened, or set to another speed. */
void gps_dcd_begin(struct gps *);

/** Look at the pin. Returns nanoseconds until the next look. */
int64_t gps_dcd_look(struct gps *);

/* ---- behind_gpsd.c: a receiver that gpsd has */

/** What is wrong with the options, by gn_fail(); 0: nothing, or they are of no gpsd. */
int gps_check_gpsd(struct gn_host *, const struct gps_config *);

/** Where the options name a gpsd. Errors: -ENOMEM. */
int gps_open_gpsd(struct gps *);

/* ---- state.c: what it is good for */

/** There are no samples, and this is why; printf-like words that say what to do. */
__attribute__((format(printf, 4, 5))) void gps_trouble(struct gps *, enum gps_state, enum gn_reason,
                                                       const char *format, ...);

/** Look how it stands, some times a second. */
void gps_judge(struct gps *, gn_local now);

/* ---- memory.c: what is kept from run to run */

void gps_load(struct gps *);

/** `force`: also when it was not long ago. */
void gps_save(struct gps *, gn_local now, bool force);

/* ---- plugin.c */

/** "no-device", … */
const char *gps_state_name(enum gps_state);

/** What it reads, for people: a path or HOST:PORT. */
const char *gps_address(const struct gps_config *);

/* ---- command.c: what people ask */

/** `command` of struct gn_role. */
int gps_command(void *instance, const char *name, gn_command_cb, void *arg);

#endif
