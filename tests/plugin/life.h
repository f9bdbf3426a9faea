/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGIN_LIFE_H
#define TESTS_PLUGIN_LIFE_H

/** Loads plugins, fills their configuration, and leads them through their life on a fake host. */

#include "fake_host.h"

#include <gnomon/plugin.h>

/* ---------------------------------------------------------------- loading */

struct subject {
    char name[64]; /* the file's, without .so */
    char path[4096];
    const struct gn_plugin *plugin; /* NULL: not loadable, see `why` */
    char why[512];
};

/** The folder of the plugins: the argument, $GNOMON_PLUGIN_DIR, $GNOMON_PLUGINS, or modules. */
const char *subjects_folder(int argc, char **argv);

/** Load every .so of a folder, sorted. Returns how many, or a negative errno. Never unloaded. */
int subjects_load(const char *folder, struct subject *subjects, size_t size);

/** Load `folder/name.so`; ends the program with words where that fails. */
const struct gn_plugin *subject_need(const char *folder, const char *name);

/** Role `index`, whatever minor the plugin was built for. */
const struct gn_role *subject_role(const struct gn_plugin *, size_t index);

/** Option `index` of a role, likewise. */
const struct gn_option *subject_option(const struct gn_role *, size_t index);

/* ---------------------------------------------------------------- configuration */

/** A configuration: its struct, and everything that the struct points to. */
struct filled {
    void *config;
    void *owned[64];
    size_t owned_count;
};

/**
 * Fill a configuration from the option table and from `given`, "key=value;key=value" (NULL none).
 * Errors: negative errno with the reason in `why`; nothing is left then.
 */
int filled_init(struct filled *, const struct gn_role *, const char *given, char *why,
                size_t why_size);
void filled_finish(struct filled *);

/* ---------------------------------------------------------------- life */

/** One instance of a role. */
struct being {
    const struct gn_role *role;
    const char *given;
    struct fake_host host;
    struct filled filled;
    void *instance; /* NULL: not open */
    bool started;
};

enum { LIFE_BEINGS = 4 };

/** All instances of a plugin in one daemon. */
struct life {
    const struct gn_plugin *plugin;
    struct fake_world world;
    struct fake_host shared_host;
    void *shared;
    bool shared_open;
    struct being beings[LIFE_BEINGS];
    size_t count;
    unsigned missing; /* groups of services, bits of enum fake_group */
    char why[512];    /* what went wrong that must not */
};

void life_init(struct life *, const struct gn_plugin *, uint64_t seed);

/** Add an instance, before life_begin(). */
void life_add(struct life *, const struct gn_role *, const char *given);

/**
 * Open and start everything, in order. Returns 0 or the negative errno of what refused; what is
 * wrong beyond a refusal stands in `why`.
 */
int life_begin(struct life *);

/** Deliver an event to all that listen. */
void life_event(struct life *, const struct gn_event *);

/** Give every instance its configuration anew, as a reload of a changed file does. */
int life_reload(struct life *);

/** Stop and close in the reverse order, free everything. */
void life_end(struct life *);

#endif
