/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VCLOCK_H
#define SIM_VCLOCK_H

/**
 * A virtual system clock: an oscillator that true time drives, and the kernel's steering on top.
 *
 * The oscillator's frequency is a constant, a random walk and a temperature's sine; it changes at
 * whole seconds of true time since the world's start, however often and whenever it is read.
 * Signs as in sample.h: offset positive: the clock is behind; frequency positive: it runs slow.
 */

#include <os/os.h>
#include <sim/world.h>

struct vclock_config {
    double offset_s;        /* true time − system clock, at the start */
    double frequency;       /* of the oscillator at the start, s/s */
    double wander;          /* each second a normal step of this standard deviation, s/s */
    double cycle_frequency; /* amplitude of the temperature's sine, s/s */
    double cycle_s;         /* its period; 0: none */
    int8_t precision_log2s; /* what the clock claims to resolve; 0: the default, 2^-25 s */
    int64_t grain_ns;       /* readings are whole multiples of it; ≤ 1: every ns */
    bool leap_aware;        /* leaps as the world has planned, whatever `status` says */
    bool read_only;         /* steer and step are refused with -ENOTSUP */
};

/** How often the daemon itself has stepped its clock, and by how much the last time. */
struct vclock_steps {
    uint64_t count;
    int64_t last_ns;
};

/** What other programs are told of the clock, as by adjtimex(2). */
struct vclock_status {
    bool synchronised;
    double max_error_s, est_error_s;
};

/** `name` is the node's: its random walk follows from it. Errors: NULL out of memory. */
struct os_clock *vclock_create(struct world *, const char *name, const struct vclock_config *);

/** What the system clock shows now. */
gn_system vclock_system(struct os_clock *);

/** True time − system clock, now: what is wrong with it. Units: ns. */
int64_t vclock_offset_ns(struct os_clock *);

/** Frequency error of the steered clock, now, s/s; positive: it runs slow. */
double vclock_frequency_error(struct os_clock *);

/** The oscillator's own count, which nobody steers: what CLOCK_MONOTONIC_RAW shows. Units: ns. */
int64_t vclock_raw_ns(struct os_clock *);

/** Steps by the daemon so far; those of others do not count. */
struct vclock_steps vclock_steps(const struct os_clock *);

/** What the kernel says now: it lets the largest error grow by 500 ppm. */
struct vclock_status vclock_status(struct os_clock *);

/** True time that passes while the steered clock counts `interval_ns`, at the rates of now. */
int64_t vclock_true_interval_ns(struct os_clock *, int64_t interval_ns);

/** Somebody else adds `delta_ns` to the system clock. */
void vclock_move(struct os_clock *, int64_t delta_ns);

/** Somebody else changes the kernel's frequency, s/s. */
void vclock_retune(struct os_clock *, double by);

/** The oscillator's frequency jumps by so much, s/s. */
void vclock_change_frequency(struct os_clock *, double by);

/** From now on the frequency wanders by so much. */
void vclock_change_wander(struct os_clock *, double wander);

/** From now on steer, step and status are refused with -EPERM, or no more. */
void vclock_refuse(struct os_clock *, bool refuse);

/** The machine falls asleep: the clock stands still. */
void vclock_sleep(struct os_clock *);

/** It wakes up; the kernel sets its clock from a battery-backed one that gained `error_ns`. */
void vclock_wake(struct os_clock *, int64_t error_ns);

#endif
