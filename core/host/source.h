/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_SOURCE_H
#define HOST_SOURCE_H

/** The registry of sources: what the pipeline knows by numbers, with the names for people. */

#include <host/instance.h>
#include <pipeline/pipeline.h>

/** A source that a plugin has opened. */
struct gn_source {
    struct owned owned; /* first */
    struct pipeline_source *in_pipeline;
    enum gn_source_mode mode;
    char *name;
    char *address;
    struct gn_source *next; /* in order of opening */
};

/** All sources of a daemon. */
struct source_list {
    struct gn_source *first;
};

/** Errors: negative errno. */
int source_open(struct source_list *, struct pipeline *, struct instance *,
                const struct gn_source_info *, struct gn_source **);
void source_close(struct source_list *, struct pipeline *, struct gn_source *);

/** Another address; `address` is copied. Errors: -ENOMEM, the old one stays. */
int source_set_address(struct gn_source *, const char *address);

/** The source that the pipeline means, or NULL. */
struct gn_source *source_find(const struct source_list *, const struct pipeline_source *);

#endif
