/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_TRACK_H
#define SIM_TRACK_H

/**
 * The curve of one node's truth, in bounded memory: a fixed number of columns, each with the
 * least and the most of what was true in it. A full track halves itself and its columns become
 * twice as wide, so that a long life is kept whole, and no peak of it is lost.
 */

#include <sim/node.h>

/** Columns at most; even. */
#define TRACK_COLUMNS 2000

/** Steps kept at most; the rest is counted. */
#define TRACK_STEPS 200

struct track_column {
    double from_s, to_s;             /* first and last look, s after the start */
    double least_s, most_s;          /* of the error of the system clock */
    double bound_s;                  /* the largest claimed; < 0: none was claimed */
    uint32_t looks, outside;         /* all, and those in which the claimed bound was wrong */
    double wrong_from_s, wrong_to_s; /* the first and the last of the latter */
};

/** A step by the daemon: noticed at `at_s`, by `by_s`. */
struct track_step {
    double at_s, by_s;
};

struct track {
    struct track_column *columns;
    size_t count;
    uint32_t width; /* looks per column */
    struct track_step kept[TRACK_STEPS];
    size_t kept_count;
    uint64_t steps; /* all, also those not kept */
};

/** A track without looks, ready for track_add. Owns: memory, until track_finish. */
void track_init(struct track *);
void track_finish(struct track *); /* takes a zeroed one */

/** Take in what is true `at_s` after the start; looks come in order. */
void track_add(struct track *, double at_s, const struct node_truth *);

/** Whether the clock was ever wrong. */
bool track_erred(const struct track *);

/** Something that happened in the world, for all nodes. */
struct mark {
    double at_s;
    char *text;
};

/** A bounded list of them. */
#define MARKS_MAX 200
struct marks {
    struct mark items[MARKS_MAX];
    size_t count;
    uint64_t dropped;
};

/** Add a copy. */
void marks_add(struct marks *, double at_s, const char *text);
void marks_finish(struct marks *); /* takes a zeroed one */

#endif
