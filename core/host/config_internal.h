/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_CONFIG_INTERNAL_H
#define HOST_CONFIG_INTERNAL_H

/** Between the files that make up config.h: one run of config_load(). */

#include <host/config.h>
#include <host/options.h>

/** The lists of the configuration, in the order of enum gn_role_kind. */
#define CONFIG_LIST_COUNT ((size_t)3)

struct config_run {
    struct config *config;
    struct loader *loader;
    struct diagnostics *diagnostics;
    struct config_file **files; /* the main file, then what stands beside it, by name */
    size_t file_count, file_capacity;
    size_t instance_capacity;
    /* Whether a name is used by somebody who is not in `config`; NULL: nobody. */
    bool (*taken)(void *arg, const char *name);
    void *taken_arg;
};

/** Name of the list for a kind: "sources". */
const char *config_list_name(enum gn_role_kind);

/** What the finding functions need for one of the files. */
struct options config_run_options(const struct config_run *, const struct config_file *);

/** Read the entries of all files into config->instances. */
void config_instances_read(struct config_run *);

/** Read one entry of `sources` into config->instances. */
void config_instances_read_one(struct config_run *, const struct config_file *,
                               const config_setting_t *entry);

/** Warn of what is allowed, but hardly meant. */
void config_warnings(const struct config *, struct diagnostics *);

#endif
