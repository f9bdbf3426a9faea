/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_CONFIG_FILE_H
#define HOST_CONFIG_FILE_H

/** One configuration file with all that it includes, parsed by libconfig, and where things stand.
 */

#include <host/config_tokens.h>
#include <libconfig.h>

struct config_file;

/**
 * Read and parse a file. Paths and lines live in the arena, the tree until config_file_close().
 * Errors: NULL, with a finding. A syntax error ends the file.
 */
struct config_file *config_file_open(const char *path, struct arena *, struct diagnostics *);
void config_file_close(struct config_file *); /* takes NULL */

/** One that nothing stands in, for settings that come from elsewhere; `path` is what paths in them
 * are relative to. */
struct config_file *config_file_empty(const char *path, struct arena *);

const config_setting_t *config_file_root(const struct config_file *);
const char *config_file_path(const struct config_file *);

/** Where a setting stands. */
struct config_place {
    const char *file;
    unsigned line;
    bool unmarked; /* an integer over 32 bits that lacks its L */
};

struct config_place config_file_place(const struct config_file *, const config_setting_t *);

#endif
