/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_DESCRIBE_H
#define HOST_DESCRIBE_H

/** What the plugins' descriptors tell people: --list-plugins and --describe. */

#include <base/text.h>
#include <host/loader.h>
#include <stdio.h>

/**
 * Print all plugins that are built in or in the folder: name, version, roles, summary; those that
 * are refused with the reason. Returns whether all could be loaded.
 */
bool describe_list(struct loader *, FILE *);

/**
 * Print what a plugin can be configured with, and a sample entry.
 * Errors: false: there is no such plugin, or it is refused; the reason stands on stderr.
 */
bool describe_plugin(struct loader *, const char *name, FILE *);

/** Add the description of a plugin that passed the load rule. */
void describe_descriptor(const struct gn_plugin *, struct text *);

#endif
