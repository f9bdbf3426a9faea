/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_LINKED_H
#define HOST_LINKED_H

/** The plugins that are part of the executable: none, but for `configure --enable-minimal`, which
 * generates the table. */

#include <gnomon/plugin.h>

/** Their descriptors, ended by NULL. */
const struct gn_plugin *const *linked_plugins(void);

#endif
