/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SCALES_H
#define BASE_SCALES_H

/**
 * The kernel's scales that we read. Plugins never see them: `timeline` turns them into
 * `gn_local`, and `gn_utc` is what the system clock tries to be.
 */

#include <stdbool.h>
#include <stdint.h>

/** A reading of CLOCK_REALTIME: slewed and stepped by us, and by anybody else. Units: ns. */
typedef struct {
    int64_t ns;
} gn_system;

/** A reading of CLOCK_MONOTONIC: follows our frequency, never steps, stands still in suspend.
 * Units: ns. */
typedef struct {
    int64_t ns;
} gn_steady;

/** A reading of CLOCK_MONOTONIC_RAW: the oscillator, which nobody steers. Units: ns. */
typedef struct {
    int64_t ns;
} gn_raw;

/**
 * Both scales, read together. The kernel keeps their difference constant but for steps, so it
 * shows a step by somebody else at once.
 */
struct clock_reading {
    gn_system system;
    gn_steady steady;
    int64_t window_ns; /* how far apart the two were read, at most; and the third */
    bool has_raw;      /* there is such a clock, and it was read between them */
    gn_raw raw;
};

#endif
