/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GNOMON_STATE_H
#define GNOMON_STATE_H

/**
 * What the daemon publishes: an immutable snapshot of the estimate of UTC for those who serve
 * time, and typed reports for those who tell about it.
 */

#include <gnomon/sample.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The life of the discipline. */
enum gn_clock_state {
    GN_CLOCK_UNSET = 0,       /* no source has been selected yet */
    GN_CLOCK_STEPPING = 1,    /* the clock is about to be stepped */
    GN_CLOCK_LOCKED = 2,      /* a source is selected; the clock follows the estimate */
    GN_CLOCK_HOLDOVER = 3,    /* sources lost; the estimate is extrapolated within its bound */
    GN_CLOCK_FREE_RUNNING = 4 /* sources lost for so long that the bound says nothing */
};

/**
 * The published estimate of UTC, an affine map of the local scale with its error.
 *
 * A server computes what it tells its clients from this alone, so the answer is right while the
 * system clock is still being slewed, and where it is never touched (-x).
 */
struct gn_state {
    uint32_t size;     /* sizeof(struct gn_state) as the smaller of host and plugin knows it */
    bool synchronised; /* a source is selected and the estimate is valid */
    uint8_t stratum;   /* of this host: 1 … 15; 16 unsynchronised */
    uint8_t leap; /* enum gn_leap; UNSYNCHRONISED: not to be served. In hold-over, and where the
                     own clock is served (`local`), it is another though not synchronised */
    uint8_t clock_state; /* enum gn_clock_state */
    int8_t precision_log2s;
    uint32_t refid;  /* of the system source; host byte order. Spec: RFC 5905 §7.3 */
    gn_utc ref_time; /* last update of the estimate */
    gn_local at;     /* the map: utc(l) = utc + (l − at)·(1 + frequency) */
    gn_utc utc;
    double frequency;         /* s/s; positive: local runs slow */
    double root_delay_s;      /* to the primary reference */
    double root_dispersion_s; /* at `at`; grows by dispersion_rate */
    double dispersion_rate;   /* s/s */
    /* |true UTC − utc(at)| ≤ this but for once in about 5000 times; grows by error_bound_rate. What
       no one can see is not in it, an asymmetry of the only path or of all of them: the limit in
       any case is root_delay_s / 2 + root_dispersion_s. */
    double error_bound_s;
    double error_bound_rate; /* s/s */
    int32_t tai_offset_s;    /* TAI − UTC, now; GN_TAI_UNKNOWN. Since minor 1 */
};

/** `tai_offset_s` where neither a list of leap seconds nor the kernel tells it. */
#define GN_TAI_UNKNOWN INT32_MIN

/** The estimate of UTC at a local instant. */
static inline gn_utc gn_state_utc(const struct gn_state *state, gn_local when)
{
    int64_t elapsed_ns = when.ns - state->at.ns;
    gn_utc utc = {state->utc.ns + elapsed_ns +
                  gn_nanoseconds(gn_seconds(elapsed_ns) * state->frequency)};
    return utc;
}

/** Root dispersion grown to a local instant. Units: s. Spec: RFC 5905 §11.1. */
static inline double gn_state_root_dispersion_s(const struct gn_state *state, gn_local when)
{
    double age_s = gn_seconds(when.ns - state->at.ns);
    return state->root_dispersion_s + (age_s > 0 ? age_s * state->dispersion_rate : 0);
}

/** Error bound grown to a local instant. Units: s. */
static inline double gn_state_error_bound_s(const struct gn_state *state, gn_local when)
{
    double age_s = gn_seconds(when.ns - state->at.ns);
    return state->error_bound_s + (age_s > 0 ? age_s * state->error_bound_rate : 0);
}

/** What a source is to the daemon. */
enum gn_source_mode {
    GN_MODE_SERVER = 0,
    GN_MODE_PEER = 1,
    GN_MODE_REFCLOCK = 2,
};

/** What selection made of a source. The names are those of `gnomonctl sources`. */
enum gn_source_state {
    GN_SOURCE_UNUSABLE = 0,
    GN_SOURCE_FALSETICKER = 1,
    GN_SOURCE_JITTERY = 2,
    GN_SOURCE_UNSELECTED = 3,
    GN_SOURCE_COMBINED = 4,
    GN_SOURCE_SELECTED = 5,
};

/** Why a source is in its state. `reason_code()` of base/reason.h is the word in reports. */
enum gn_reason {
    GN_REASON_OK = 0,
    GN_REASON_STARTING,       /* nothing has been tried yet */
    GN_REASON_RESOLVING,      /* the name has no address yet */
    GN_REASON_NO_REPLY,       /* requests go out, nothing returns */
    GN_REASON_SEND_FAILED,    /* the kernel refused to send */
    GN_REASON_REFUSED,        /* the host answers that nobody listens there */
    GN_REASON_BAD_REPLY,      /* replies fail the packet tests */
    GN_REASON_UNSYNCHRONISED, /* the server says that it is not synchronised */
    GN_REASON_KISS,           /* kiss-of-death: DENY, RSTR */
    GN_REASON_DEVICE,         /* the device cannot be opened or read */
    GN_REASON_FEW_SAMPLES,    /* not enough samples yet */
    GN_REASON_DISTANCE,       /* root distance above the limit */
    GN_REASON_JITTER,         /* too noisy to be used */
    GN_REASON_DISAGREES,      /* outside the majority's intersection */
    GN_REASON_NO_MAJORITY,    /* no majority agrees, this one may be right or wrong */
    GN_REASON_NOSELECT,       /* configured not to be selected */
    GN_REASON_NOT_TRUSTED,    /* trusted sources outvote it */
    GN_REASON_NOT_PREFERRED,  /* a preferred source is there */
    GN_REASON_REQUIRED,       /* waiting for a required source */
    GN_REASON_NOT_COMBINED,   /* good, but too far from the best to be combined */
    GN_REASON_TIER,           /* a source of a better tier is in use */
    GN_REASON_LOOP,           /* it follows us */
    GN_REASON_WAITING,        /* waiting for the other sources to answer */
    GN_REASON_SMEARS,         /* it smears the leap second that is near: not UTC */
    GN_REASON_RATE,           /* kiss-of-death RATE; what it said before still counts. Since 1.1 */
    GN_REASON_ORPHAN,         /* it serves its own clock, or follows one that does */
    GN_REASON_SECOND_HAND,    /* it follows a source that we hear ourselves */
    GN_REASON_DELAY,          /* it answers, outside of the delays that are allowed */
    GN_REASON_STRATUM,        /* its stratum is outside of the limits */
    GN_REASON_ABSENT,         /* this machine has no such device. Since 1.1 */
    GN_REASON_OFFLINE,        /* the operator let it rest: it is not asked */
    GN_REASON_DUPLICATE,      /* another source has its address */
    GN_REASON_COUNT
};

/** The daemon's clock, as `gnomonctl tracking` tells it. Names: chrony's tracking report. */
struct gn_tracking {
    uint32_t size; /* set to sizeof(struct gn_tracking) by who asks */
    struct gn_state state;
    gn_local now;
    char reference_name[64]; /* name of the selected source; "" none */
    double system_offset_s;  /* UTC − system clock, now */
    double last_offset_s;    /* of the estimate at the last update, against the prediction */
    double rms_offset_s;     /* of the above, exponential mean */
    double residual_frequency;
    double skew; /* 1 sigma of the frequency, s/s */
    double root_dispersion_s;
    double update_interval_s;
    double error_bound_s;
    double leap_smear_s; /* what the system clock and what is served are ahead of UTC, by a smeared
                            leap second; since minor 1 */
    gn_utc local_since;  /* the own clock is served since then (`local`); 0: it is not */
    char local_why[128]; /* why, as half a sentence; "" it is not */
    /* Since minor 1: what error_bound_s would be an hour and a day from now if no source were heard
       any more, by what the oscillator has shown; NAN before there is an estimate. */
    double error_bound_1h_s, error_bound_24h_s;
};

/** One source, as `gnomonctl sources` and `sourcestats` tell it. */
struct gn_source_report {
    uint32_t size;
    const char *name;    /* valid during the call */
    const char *plugin;  /* valid during the call */
    const char *address; /* valid during the call; of a refclock its device */
    uint8_t mode;        /* enum gn_source_mode */
    uint8_t state;       /* enum gn_source_state */
    uint8_t reason;      /* enum gn_reason */
    const char *detail;  /* words on `reason`, "" none; valid during the call */
    uint8_t stratum;
    uint8_t leap;
    uint8_t reach; /* the last eight polls, newest lowest. Spec: RFC 5905 §9.2 */
    int8_t poll_log2s;
    uint32_t refid;
    double last_rx_age_s; /* since the last valid sample; < 0 never */
    double last_offset_s; /* reference − system clock, at the last sample */
    double error_s;       /* half the last sample's delay plus its dispersion */
    double delay_s;       /* of the last sample */
    double root_distance_s;
    /* The source's own estimate: */
    uint32_t samples;       /* in the estimate */
    double span_s;          /* from the oldest of them to the newest */
    double offset_s;        /* reference − system clock, now */
    double offset_sd_s;     /* 1 sigma */
    double frequency;       /* of the system clock by this source alone, s/s; positive: runs slow */
    double frequency_skew;  /* 1 sigma */
    double jitter_s;        /* of single samples */
    uint64_t samples_total; /* accepted since start */
    uint64_t samples_refused; /* refused by the filter since start */
};

#ifdef __cplusplus
}
#endif

#endif
