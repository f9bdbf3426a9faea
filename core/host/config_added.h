/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_CONFIG_ADDED_H
#define HOST_CONFIG_ADDED_H

/** An entry of `sources` that comes as JSON at run time, read as one of the file would be. */

#include <host/config.h>
#include <jansson.h>

/** Where it is added to. */
struct config_surroundings {
    const char *file;      /* what paths are relative to; lent */
    struct loader *loader; /* lent */
    /** Whether another entry has this name. */
    bool (*taken)(void *arg, const char *name);
    void *arg;
};

/**
 * Read an entry: a JSON object with the keys of one in the file. All findings go to `diagnostics`.
 * Returns a configuration of that one instance. Errors: NULL when there was any error.
 */
struct config *config_added_read(const json_t *entry, const struct config_surroundings *,
                                 struct diagnostics *);

#endif
