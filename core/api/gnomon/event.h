/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GNOMON_EVENT_H
#define GNOMON_EVENT_H

/** What happened, for outputs: a code and its numbers for machines, a sentence for people. */

#include <gnomon/state.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Severity of a log line or an event. */
enum gn_level {
    GN_ERROR = 0,
    GN_WARNING = 1,
    GN_INFO = 2,
    GN_DEBUG = 3,
};

enum gn_event_kind {
    GN_EVENT_STARTED = 0,        /* the daemon runs */
    GN_EVENT_STOPPING,           /* the daemon stops in order */
    GN_EVENT_SYNCHRONISED,       /* a source is selected; value: error bound, s */
    GN_EVENT_LOST,               /* no source is selected any more; value: error bound, s */
    GN_EVENT_STEPPED,            /* we stepped the clock; value: by, s */
    GN_EVENT_CLOCK_MOVED,        /* somebody else stepped the clock; value: by, s */
    GN_EVENT_SUSPENDED,          /* the machine slept; value: for, s */
    GN_EVENT_CLOCK_REFUSED,      /* the kernel refused to set the clock; -x from here on */
    GN_EVENT_SOURCE_SELECTED,    /* system source; value: offset, s */
    GN_EVENT_SOURCE_FALSETICKER, /* value: so far outside of what the others allow, s */
    GN_EVENT_SOURCE_REACHABLE,
    GN_EVENT_SOURCE_UNREACHABLE, /* value: since the last answer, s */
    GN_EVENT_SOURCE_FAULT,       /* something about the source an administrator should know */
    GN_EVENT_LEAP,               /* a leap second is announced, or has been applied */
    GN_EVENT_CHANGE_REFUSED,     /* a change beyond clock.max_change was not made; value: by, s */
    GN_EVENT_CLOCK_RETUNED,      /* somebody else steered the clock; value: by, s/s */
    GN_EVENT_LOCAL,          /* the own clock is served, or no longer; value: the stratum, or 0 */
    GN_EVENT_SOURCE_CHANGED, /* by a command: added, deleted, taken offline or online */
    GN_EVENT_COUNT
};

/** One event. Owns: nothing; the strings are valid during the call. */
struct gn_event {
    uint32_t size;
    uint32_t kind;  /* enum gn_event_kind */
    uint32_t level; /* enum gn_level */
    gn_local when;
    gn_utc utc;         /* the system clock's reading at `when` */
    const char *source; /* name of the source it is about; "" none */
    double value;       /* see the kind */
    const char *text;   /* one plain sentence, without a full stop */
};

#ifdef __cplusplus
}
#endif

#endif
