/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHARED_SECOND_H
#define SHARED_SECOND_H

/**
 * Which second a pulse marks, asked of the source that `lock` names, or of the daemon's own
 * estimate once any other source has set it.
 */

#include "pulse.h"

#include <gnomon/host.h>

/** Who asks. Owns: nothing. */
struct second {
    struct gn_host *host;
    struct gn_source *source; /* whose fault says why it is not known */
    const char *lock;         /* NULL: the estimate */
};

/**
 * The second of the pulse at `local`, and the leap that goes with it. Returns false when nobody
 * can tell; then it has been said why.
 */
bool second_of_pulse(const struct second *, struct pulse *, gn_local local, gn_utc *utc,
                     uint8_t *leap);

#endif
