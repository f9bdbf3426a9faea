/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PIPELINE_INTERNAL_H
#define PIPELINE_PIPELINE_INTERNAL_H

/** What the files of the pipeline itself (pipeline*.c) share; nobody else includes this. */

#include <pipeline/discipline.h>
#include <pipeline/estimate.h>
#include <pipeline/filter.h>
#include <pipeline/fusion.h>
#include <pipeline/leap.h>
#include <pipeline/leaptable.h>
#include <pipeline/pipeline.h>
#include <pipeline/selection.h>

/* The bounds that are published hold with so many sigma. */
#define PIPELINE_SIGMAS 4.5

/* Correctness intervals hold with so many sigma. */
#define PIPELINE_INTERVAL_SIGMAS 4.0

/* The snapshot is renewed at least after this, or after two polls. Units: s. */
#define PIPELINE_HORIZON_S 64.0

/* How long the first answer waits for the others. */
#define PIPELINE_WAIT_NS (8 * GN_NS_PER_S)

/* How far the frequencies of two orphans' clocks are apart, 1 sigma. Units: s/s. */
#define PIPELINE_ORPHAN_SD 3e-5

struct pipeline_source {
    struct pipeline_source *next, *previous;
    struct pipeline_source_config config; /* .name points to `name` */
    char name[64];
    struct filter filter;
    struct estimate estimate;
    struct fusion_seat seat;
    struct filter_measure last; /* newest accepted measurement */
    double residual_s;          /* it, minus the estimate after it */
    uint8_t stratum, leap;      /* as the last sample says */
    double root_delay_s, root_dispersion_s;
    uint32_t follows;     /* whom it follows, by its own word */
    uint32_t own_refid;   /* as whom it knows us */
    bool differs_on_leap; /* from the list; as last told */
    bool orphan;          /* it has no time but an orphan's; as of the last run */
    bool fresh;           /* a sample since the last run */
    bool heard;           /* a sample since the last suspend or reset */
    bool polled;          /* the source polls, so reach tells whether it lives */
    uint8_t reach;
    bool reachable, lied, smeared; /* as last told in an event */
    gn_local lied_until;           /* a clock: the newest sample of a liar; .ns 0: it was none */
    unsigned unanswered;           /* polls in a row without a sample */
    double spacing_s;              /* between samples, smoothed */
    uint64_t taken, refused;
    enum gn_reason fault;
    char detail[128];
    double poll_s;                         /* the hint */
    int quick;                             /* exchanges that may still follow at once … */
    gn_local quick_since;                  /* … of the series that began then */
    double slow_s;                         /* at least so much, since it asked for it */
    double last_offset_s;                  /* reference − system clock at the last sample */
    struct selection_candidate *candidate; /* of the last run; NULL: none yet */
};

struct pipeline {
    struct pipeline_config config;
    bool refused; /* the kernel does not let us */
    double drift, drift_sd;
    bool drift_known, drift_applied;
    struct pipeline_source *first, *last;
    size_t count, capacity;
    struct selection_candidate *candidates; /* in order of addition, made anew by each run */
    struct selection_edge *edges;
    const struct pipeline_source *system; /* the selected source; NULL none */
    size_t used;                          /* sources that counted in the last run */
    struct fusion *fusion;
    struct discipline discipline;
    struct leap leap;
    const struct leaptable *table; /* NULL: none */
    enum gn_leap armed;            /* what the kernel is told */
    bool leap_slewing;             /* the clock is not to be stepped for the second it owes */
    bool smear_told;               /* that those who are followed seem to smear */
    double smear_rate;             /* of the system clock, in the last run */
    int32_t tai_offset_s;          /* GN_TAI_UNKNOWN */
    /* Why nobody is selected, as last told in an event, and in words for reports. */
    enum gn_reason why;
    size_t why_count;
    char why_text[PIPELINE_TEXT];
    struct local local;
    bool orphaned; /* whom we follow, or followed last, is an orphan */
    bool nameless; /* an orphan was there, but not our own reference id; as told */
    /* Waiting for the others at the start. */
    bool any_sample, settled;
    gn_local first_sample;
    gn_local returned; /* until then no source was usable */
    /* The estimate of all. */
    bool valid;
    struct estimate_fit fit;
    enum gn_clock_state clock_state;
    bool bounded;               /* the estimate's error has a bound that means something */
    bool agreed;                /* ever by two sources or more: nobody new can dispute it away */
    double root_delay_s;        /* to the primary reference, by the system source */
    struct estimate_fit alone;  /* the system source's own estimate … */
    double alone_s;             /* … and its claim, but for what its sigmas add */
    double source_dispersion_s; /* what the system source claims, and its readings' errors */
    double source_error_s;      /* how far the system source itself may be wrong */
    uint8_t stratum;
    uint32_t refid;
    gn_local updated; /* last update */
    bool held;        /* holding over, or at the end of that … */
    gn_local lost;    /* … with nothing learnt since then */
    bool moved, step_now, dirty;
    bool barred;      /* the estimate is farther from the clock than allowed: not believed */
    double horizon_s; /* the published rates hold so long */
    /* For reports. */
    double last_offset_s, mean_square_s2, residual_frequency, update_interval_s;
    struct gn_state state;
    size_t event_count;
    struct pipeline_event *events; /* rare: NULL while there is none */
};

/* One run: its instant, and what it brings. */
struct pipeline_turn {
    gn_local now;
    int64_t system_ns; /* as it would be without smear, and had it leapt with UTC */
    int64_t shown_ns;  /* as it is */
    double frequency;
    int64_t base_ns; /* the candidates' offsets are relative to this */
    bool update;     /* the estimate has learnt something */
    bool orphan;     /* the only candidate is an orphan */
    struct selection selection;
    struct estimate_fit fit; /* valid when a source is selected */
    struct pipeline_actions *actions;
};

/** Queue an event. Those of single sources leave room for those of the clock. */
__attribute__((format(printf, 6, 7))) void pipeline_tell(struct pipeline *, enum gn_event_kind,
                                                         enum gn_level,
                                                         const struct pipeline_source *,
                                                         double value, const char *format, ...);

/** Whether the clock is ours to set. */
bool pipeline_disciplines(const struct pipeline *);

/* Routes that change move a source's offset by this share of its delay, rarely by more. */
#define PIPELINE_FEIGNED_SHARE 0.125
/* Sources that do not poll are lost after so many of their usual intervals in silence. */
#define PIPELINE_SILENT_INTERVALS 8.0
/* … and one whose answers are refused for their delay: perhaps most of them are meant to be. */
#define PIPELINE_REFUSED_INTERVALS 32.0

/** Begin the source's own estimate with what is known of the oscillator. */
void pipeline_start_estimate(const struct pipeline *, struct pipeline_source *);

/** Forget the time it gave, not the path to it. */
void pipeline_forget_samples(const struct pipeline *, struct pipeline_source *);

/** The shortest and the longest interval to its next poll, as configured and as it has asked.
 * Units: s. */
double pipeline_least_poll_s(const struct pipeline_source *);
double pipeline_most_poll_s(const struct pipeline_source *);

/** Fill the source's candidate for a run at `now`; offsets relative to `base_ns`. */
void pipeline_source_judge(struct pipeline *, struct pipeline_source *, gn_local now,
                           int64_t base_ns);

/** Whether the source has an estimate, and has been heard since the last suspend. */
bool pipeline_source_answered(const struct pipeline_source *);

/** UTC as far as we know it, for the calendar. */
gn_utc pipeline_utc(const struct pipeline *, gn_local now);

/** See `system_ns` of a turn. */
int64_t pipeline_unsmeared_ns(const struct pipeline *, gn_local now, int64_t system_ns);

/** Whether a source smears the leap second that is near, so that it does not tell UTC. */
bool pipeline_source_smears(const struct pipeline *, const struct pipeline_source *, gn_local now);

/** Begin anew with those whose smear is over. */
void pipeline_leap_forgive(struct pipeline *, gn_local now);

/** Name those among the falsetickers who err as a smear would, and warn if the others do. */
void pipeline_leap_judge(struct pipeline *, const struct pipeline_turn *);

/** Who announces what: is there to be a leap second? */
void pipeline_leap_decide(struct pipeline *, gn_utc);

/** Decide, and see whether UTC leaps now. */
void pipeline_leap_run(struct pipeline *, struct pipeline_turn *);

/** What the kernel shall do at the end of its day. */
void pipeline_leap_arm(struct pipeline *, const struct pipeline_turn *);

/** Whether a leap second is being slewed, and `error_s` is what is left of it. */
bool pipeline_leap_slews(struct pipeline *, double error_s);

/** Smeared time − UTC, if that is the mode, and its slope. Units: s, s/s. */
double pipeline_smear_s(const struct pipeline *, gn_utc, double *rate);

/** Select, and make one estimate of all who are true: fills the turn, sets `system`. */
void pipeline_select(struct pipeline *, struct pipeline_turn *);

/** Whether a trusted source of the tier is usable: then only those that are trusted vote. */
bool pipeline_any_trusted(const struct pipeline *, int tier);

/** Tell of falsetickers, and why nobody is selected, when that is news. */
void pipeline_tell_selection(struct pipeline *, const struct pipeline_turn *);

/** In orphan mode: who of the candidates is none, and whom else we may follow. See local.h. */
void pipeline_local_elect(struct pipeline *, struct pipeline_turn *);

/** The stratum that a source counts as. */
uint8_t pipeline_stratum_of(const struct pipeline_source *, const struct gn_sample *);

/** In orphan mode a source has begun to serve another clock: forget what it said of the last one.
 */
bool pipeline_local_changed(const struct pipeline *, const struct pipeline_source *,
                            const struct gn_sample *);

/** Decide whether the own clock is served, and tell it when that changes. */
void pipeline_local_run(struct pipeline *, gn_local now);

/** When to look at that again. Units: ns from `now`; < 0: nothing changes by itself. */
int64_t pipeline_local_look_in_ns(const struct pipeline *, gn_local now);

/** Where the own clock is served, make `state` say so. */
void pipeline_local_state(const struct pipeline *, struct gn_state *state);

/** Fill `local_since` and `local_why`. */
void pipeline_local_tracking(const struct pipeline *, gn_local now, struct gn_tracking *);

/** What the system clock is behind UTC by the estimate. Units: s. */
double pipeline_error_s(const struct pipeline *, const struct pipeline_turn *);

/** The estimate follows sources, for the first time or again. */
void pipeline_become_synchronised(struct pipeline *, const struct pipeline_turn *);

/** Nobody is selected: live on the estimate for as long as its bound means anything. */
void pipeline_hold_over(struct pipeline *, const struct pipeline_turn *);

/** Build `state` at `now`. `system_ns`, `frequency` as pipeline_run. */
void pipeline_state_build(struct pipeline *, gn_local now, int64_t system_ns, double frequency);

/** What the estimate's own error does not exceed, without the error of the sources. Units: s. */
double pipeline_doubt_s(const struct pipeline *, gn_local when);

/** Root distance of the estimate: what is claimed to others, and half of the root delay. Units: s.
 */
double pipeline_distance_s(const struct pipeline *, gn_local when);

/** Error bound of the estimate: its doubt, and how wrong the system source may be. Units: s. */
double pipeline_bound_s(const struct pipeline *, gn_local when);

/** The same `after_s` from now, if nobody is heard from now on. Units: s. */
double pipeline_predicted_s(const struct pipeline *, gn_local now, double after_s);

#endif
