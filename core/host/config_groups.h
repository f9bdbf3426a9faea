/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_CONFIG_GROUPS_H
#define HOST_CONFIG_GROUPS_H

/** The groups of the configuration that belong to the core: clock, local, control, network. */

#include <host/config.h>
#include <host/options.h>

/** Fill in the defaults of `clock`, `local`, `control` and `network`. */
void config_groups_presets(struct config *);

/** Read the top-level key `name` if it is one of these groups. Returns whether it is. */
bool config_groups_read(const struct options *, const config_setting_t *, struct config *);

/** Add the names of the groups to a search. */
void config_groups_guess(struct text_guess *);

#endif
