/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_LOADER_H
#define HOST_LOADER_H

/** Finds, checks and keeps plugins. A loaded plugin is never unloaded. */

#include <gnomon/plugin.h>

struct loader;

/** A plugin that passed the load rule of plugin.h. */
struct plugin {
    const struct gn_plugin *descriptor;
    char *path;
    struct plugin *next;
};

/** `folder` is copied. Errors: NULL out of memory. */
struct loader *loader_create(const char *folder);
void loader_destroy(struct loader *); /* takes NULL */

/**
 * Load `FOLDER/name.so`, or return it if it is loaded already.
 * Errors: NULL, with the file and the reason in `why` ("/usr/lib/…/x.so: ABI 2.0, this daemon
 * speaks 1.0; rebuild the plugin").
 */
const struct plugin *loader_get(struct loader *, const char *name, char *why, size_t why_size);

/**
 * Keep a plugin that is linked in; tests and the simulator bring theirs so. It is found before
 * any file of its name. `descriptor` is lent.
 * Errors: NULL, with the reason in `why`.
 */
const struct plugin *loader_add(struct loader *, const struct gn_plugin *descriptor, char *why,
                                size_t why_size);

/** The folder of the plugins. */
const char *loader_folder(const struct loader *);

/** Names of the plugin files in the folder, sorted; `*count` of them. Owns: the caller frees with
 * loader_names_free. Errors: NULL, with errno: the folder cannot be read. */
char **loader_names(struct loader *, size_t *count);
void loader_names_free(char **names, size_t count);

/** The plugin loaded after `previous` (NULL: the first). */
const struct plugin *loader_next(const struct loader *, const struct plugin *previous);

/** Role `index` of a plugin, whatever minor it was built for. */
const struct gn_role *plugin_role(const struct gn_plugin *, size_t index);

/** The role of a kind, or NULL. */
const struct gn_role *plugin_role_of(const struct gn_plugin *, enum gn_role_kind);

/** Check a descriptor against the load rule. Returns true, or false with the reason in `why`. */
bool loader_check(const struct gn_plugin *, const char *name, char *why, size_t why_size);

#endif
