/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_DRIFT_H
#define HOST_DRIFT_H

/**
 * The drift file: one line, the oscillator's frequency error and its 1 sigma, in ppm.
 * Positive: the clock runs slow when nobody steers it.
 */

#include <os/os.h>

struct drift {
    double frequency; /* s/s */
    double skew;      /* s/s; < 0 unknown */
};

/** Errors: -ENOENT there is none, -EINVAL it holds something else, and others of open(2), read(2).
 */
int drift_read(struct os_store *, const char *path, struct drift *);

/** Errors: as the store. */
int drift_write(struct os_store *, const char *path, const struct drift *);

#endif
