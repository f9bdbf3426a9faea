/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_REFCLOCK_SIM_H
#define SIM_REFCLOCK_SIM_H

/**
 * refclock-sim: a source that reads measured references (vdev_reference.h). It is linked into the
 * simulator, and there is nothing outside that it could read.
 */

#include <gnomon/plugin.h>

extern const struct gn_plugin refclock_sim;

#endif
