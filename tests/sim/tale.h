/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_TALE_H
#define TESTS_SIM_TALE_H

/**
 * A story test: a world file whose comments say what must be told in it, in this order.
 *
 *   //> FROM..TO NODE: WORDS          within these seconds (12 or 12.5) it says so, after the line
 * above
 *   //> never NODE: WORDS             it never does; also `never FROM..TO NODE: WORDS`
 *   //> at most N NODE: WORDS         it does so N times or less; also with seconds, as above
 *   //> always FROM..TO NODE: within 1ms   true error of its clock; us, ms or s
 *   //> always FROM..TO NODE: within 1ms of OTHER   its clock and another node's
 *   //> always NODE: keeps its bound  the estimate is right within what it claims
 *   //> not yet: WHY                  the story ought to be so, and is not: it must fail
 *
 * WORDS are found anywhere in a line. In them `…` stands for any text, `{0.5 ± 0.01}` for a number
 * near another, and `{1 .. 9}` for one between two.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum tale_kind { TALE_SAYS, TALE_AT_MOST, TALE_WITHIN, TALE_NEAR, TALE_BOUND };

/** One `//>` line. */
struct tale_line {
    enum tale_kind kind;
    unsigned number; /* of the line in the file */
    double from_s, to_s;
    double limit_s; /* TALE_WITHIN, TALE_NEAR */
    unsigned limit; /* TALE_AT_MOST; 0: never */
    unsigned count;
    char node[64];
    char other[64];                    /* TALE_NEAR */
    double seen_s[2], seen_error_s[2]; /* TALE_NEAR: the two clocks, and when they were looked at */
    char words[256];
    bool broken; /* all but SAYS: it happened */
};

#define TALE_LINES 48

struct tale {
    char not_yet[512]; /* "": the story holds */
    struct tale_line lines[TALE_LINES];
    size_t count;
    size_t next; /* the SAYS line that is waited for */
};

/** Read a file's lines. Returns false, and prints why, when one is not understood. */
bool tale_read(struct tale *, const char *path);

/** A node has said something. */
void tale_hear(struct tale *, const char *node, double at_s, const char *text);

/** What is true of a node at a second; `bound_s` < 0: it claims nothing. */
void tale_look(struct tale *, const char *node, double at_s, double clock_error_s,
               double estimate_error_s, double bound_s);

/** Whether all came as told; if not, what is missing or too much is printed (NULL:
 * is not). */
bool tale_holds(const struct tale *, FILE *);

/** Whether words, as above, are in a text. */
bool tale_match(const char *words, const char *text);

#endif
