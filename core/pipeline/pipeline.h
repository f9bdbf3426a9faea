/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

/**
 * From samples to steering: filter and estimate per source, selection, fusion, discipline.
 *
 * Pure: no I/O, no clock, no globals; time is a parameter. The owner queues samples with
 * pipeline_submit(), calls pipeline_run() once at the end of a turn (or at `actions.deadline`)
 * and carries out the actions; what became of them the next run sees from its parameters.
 */

#include <gnomon/event.h>
#include <gnomon/host.h>
#include <gnomon/sample.h>
#include <gnomon/state.h>
#include <pipeline/local.h>
#include <pipeline/statistics.h>

/** How a leap second reaches the system clock; in the order of `clock.leap`'s choices. */
enum pipeline_leap_mode {
    PIPELINE_LEAP_SYSTEM = 0, /* the kernel leaps */
    PIPELINE_LEAP_STEP,       /* we step it, at the second */
    PIPELINE_LEAP_SLEW,       /* we slew it, from the second on */
    PIPELINE_LEAP_SMEAR,      /* it and what is served are smeared, from noon to noon */
    PIPELINE_LEAP_IGNORE,     /* the sources will say */
};

/** The `clock` group of the configuration, and what belongs to it. */
struct pipeline_config {
    bool discipline;              /* false: estimate and publish, never touch the clock */
    double step_threshold_s;      /* step above this … */
    int step_updates;             /* … in the first so many updates; < 0 always, 0 never */
    double max_change_s;          /* what the estimate may change by at once; 0: anything … */
    int64_t max_change_after;     /* … after so many updates; beyond it, it is ignored … */
    int64_t max_change_ignore;    /* … so many times in a row, and then given up; < 0: ever */
    double max_frequency;         /* largest correction of the oscillator, s/s */
    double max_slew_rate;         /* largest rate of slewing on top of it, s/s */
    double max_distance_s;        /* largest root distance of a usable source */
    double max_jitter_s;          /* largest jitter of a usable source */
    int min_sources;              /* sources that must agree before the clock is touched */
    int min_stratum, max_stratum; /* of a usable source */
    int8_t precision_log2s;       /* of the system clock */
    struct local_config local;
    enum pipeline_leap_mode leap_mode;
};

/** Fill with the defaults of the documentation. */
void pipeline_config_init(struct pipeline_config *);

/** Selection options of one source, common to all plugins. */
struct pipeline_source_config {
    const char *name; /* copied */
    enum gn_source_mode mode;
    bool prefer, trust, require, noselect;
    bool smears;     /* it smears leap seconds */
    int tier;        /* lower tiers first; default 0 */
    double offset_s; /* added to every sample (reference − local) */
    int stratum;     /* ≥ 0: instead of the sample's own; < 0: as sampled */
    int min_stratum; /* it counts as at least this */
    int8_t min_poll_log2s, max_poll_log2s;
    uint32_t refid; /* whom we follow when this is selected */
    bool is_clock;
    bool copies; /* our stratum and reference id become the source's */
};

struct leaptable;
struct pipeline;
struct pipeline_source;

/** `now` and `frequency`: the start of the local scale and the drift read from the drift file (s/s;
 * local runs slow by this), `skew` its 1 sigma or < 0 when there was none. Errors: NULL out of
 * memory. */
struct pipeline *pipeline_create(const struct pipeline_config *, gn_local now, double frequency,
                                 double skew);
void pipeline_destroy(struct pipeline *); /* takes NULL */

/** Take a new configuration; samples stay. */
void pipeline_configure(struct pipeline *, const struct pipeline_config *);

/** Owns: the pipeline owns the source until pipeline_source_remove. Errors: NULL out of memory. */
struct pipeline_source *pipeline_source_add(struct pipeline *,
                                            const struct pipeline_source_config *);
void pipeline_source_configure(struct pipeline *, struct pipeline_source *,
                               const struct pipeline_source_config *);
void pipeline_source_remove(struct pipeline *, struct pipeline_source *); /* takes NULL */

/** Forget a source's samples (it is somebody else now). */
void pipeline_source_reset(struct pipeline *, struct pipeline_source *, uint32_t refid);

/** A poll went out: shifts reach. */
void pipeline_source_poll(struct pipeline *, struct pipeline_source *, gn_local now);

/** No poll sooner than `least_s` after another, until the source is reset. Not finite: ignored. */
void pipeline_source_slow(struct pipeline *, struct pipeline_source *, double least_s);

/** Why the source gives nothing; GN_REASON_OK takes it back. `detail` is copied. */
void pipeline_source_fault(struct pipeline *, struct pipeline_source *, enum gn_reason,
                           const char *detail);

/**
 * Take a sample in; its effect shows at the next run.
 * Errors: -EINVAL not finite, negative delay, stratum or root values out of range; -ERANGE older
 * than the newest; -EAGAIN refused by the filter (counted, not a fault).
 */
int pipeline_submit(struct pipeline *, struct pipeline_source *, const struct gn_sample *);

/** What the source should do next. */
void pipeline_source_hint(const struct pipeline *, const struct pipeline_source *,
                          struct gn_source_hint *);

#define PIPELINE_EVENTS 16
/** Room for the words of an event. */
#define PIPELINE_TEXT 240

/**
 * An event of the pipeline, with its words. From here come SYNCHRONISED, LOST (hold-over begins,
 * its bound has become useless, or the first source is disputed), STEPPED, SOURCE_SELECTED,
 * SOURCE_FALSETICKER, CLOCK_MOVED (all sources say so), CHANGE_REFUSED, SOURCE_FAULT (without a
 * source: why none is followed), SOURCE_REACHABLE, SOURCE_UNREACHABLE and LEAP (announced).
 */
struct pipeline_event {
    enum gn_event_kind kind;
    enum gn_level level;
    const struct pipeline_source *source; /* NULL: the clock */
    double value;
    char text[PIPELINE_TEXT];
};

/** What the owner shall do, in this order: step, steer, status, publish, events. */
struct pipeline_actions {
    bool panic; /* give up: see max_change_s. The clock is left alone */
    bool step;
    int64_t step_ns; /* add this to the system clock */
    bool steer;
    double frequency; /* let the system clock run at 1 + frequency of local, from now */
    bool status;      /* tell the kernel `state` */
    bool published;   /* `pipeline_state` has changed */
    bool has_deadline;
    gn_local deadline; /* run again at the latest then */
    size_t event_count;
    struct pipeline_event events[PIPELINE_EVENTS];
};

/**
 * Select, fuse, discipline. `system` is what the system clock shows at `now`, in ns, and
 * `frequency` the system clock's rate against local, minus 1.
 */
void pipeline_run(struct pipeline *, gn_local now, int64_t system_ns, double frequency,
                  struct pipeline_actions *);

/** Somebody else moved the system clock: the estimate stays, the clock is steered back by policy.
 */
void pipeline_clock_moved(struct pipeline *, gn_local now, double by_s);

/** The machine slept: local stood still for about `by_s`; nothing known about the time before. */
void pipeline_suspended(struct pipeline *, gn_local now, double by_s);

/** The leap seconds of a list; lent until the next call. NULL: there is no list. */
void pipeline_leap_table(struct pipeline *, const struct leaptable *);

/** TAI − UTC as the kernel has it from somebody before us; it holds until a list says better. */
void pipeline_tai_offset(struct pipeline *, int32_t tai_offset_s);

/**
 * Whether a step of the system clock by `by_ns` at `now` was the leap second that is announced, by
 * the kernel or somebody else. If so it is taken as such.
 */
bool pipeline_leap_moved(struct pipeline *, gn_local now, int64_t by_ns);

/** What the kernel is to be told, since the last run: the leap second of this day, and TAI − UTC.
 * GN_TAI_UNKNOWN: nothing, since it is about to leap and to count by itself. */
enum gn_leap pipeline_kernel_leap(const struct pipeline *);
int32_t pipeline_kernel_tai_offset(const struct pipeline *);

/** Whether somebody has to look from time to time: a source that does not poll may fall silent. */
bool pipeline_wants_watch(const struct pipeline *);

/** The clock cannot be set (EPERM): go on as with `discipline = false`. */
void pipeline_clock_refused(struct pipeline *);

/** Step at the next run, whatever the policy says (makestep). Errors: -EPERM without discipline,
 * -EAGAIN when there is no valid estimate. */
int pipeline_makestep(struct pipeline *);

/** The estimate of UTC. */
const struct gn_state *pipeline_state(const struct pipeline *);

/** The frequency at which the clock is to be left when we end. Returns false: as it is. */
bool pipeline_rest(const struct pipeline *, double *frequency);

/** What is published to those who serve: the estimate, smeared where that is the mode. */
void pipeline_serve(const struct pipeline *, struct gn_state *);

/** The drift to be saved: frequency of local and its 1 sigma. Returns false until it is worth
 * saving. */
bool pipeline_drift(const struct pipeline *, double *frequency, double *skew);

/** An earlier run has learnt how the oscillator wanders; before the first sample. */
void pipeline_recall(struct pipeline *, const struct oscillator_statistics *);

/** How the oscillator wanders. Returns false while nothing is known. */
bool pipeline_oscillator_statistics(const struct pipeline *, struct oscillator_statistics *);

/** The same for how a source's samples err: counts where it has given none yet. */
void pipeline_source_recall(struct pipeline_source *, const struct source_statistics *);
bool pipeline_source_statistics(const struct pipeline_source *, struct source_statistics *);

/**
 * Fill a tracking report (all but `reference_name` when nothing is selected). Its error bound is
 * that of the system clock: of the estimate, plus what the clock is still away from it.
 */
void pipeline_tracking(const struct pipeline *, gn_local now, int64_t system_ns, double frequency,
                       struct gn_tracking *);

/** Fill the measured fields of a zeroed report (not name, plugin, address). */
void pipeline_source_report(const struct pipeline *, const struct pipeline_source *, gn_local now,
                            int64_t system_ns, double frequency, struct gn_source_report *);

/** Iterate in order of addition; NULL at the end. */
const struct pipeline_source *pipeline_source_next(const struct pipeline *,
                                                   const struct pipeline_source *);

#endif
