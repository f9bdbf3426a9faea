/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_ARGUMENTS_H
#define SIM_ARGUMENTS_H

/** The command line of gnomon-sim. */

#include <sim/scene.h>
#include <stdio.h>

/** Nodes that can be named. */
#define ARGUMENTS_NODES 32

struct arguments {
    struct scene_setup setup; /* path, plugin_dir and seed */
    enum gn_level level;      /* of the story */
    const char *nodes[ARGUMENTS_NODES];
    size_t node_count; /* 0: all */
    const char *plot;  /* file of the drawing; NULL: none */
    size_t seeds;      /* 0: one life, with its story */
    size_t jobs;       /* 0: as many as processors */
    bool text_plot, hash, json, help, version;
};

/** Read it. Returns false: it is wrong, and stderr says what. */
bool arguments_read(struct arguments *, int argc, char **argv);

void arguments_usage(FILE *);

#endif
