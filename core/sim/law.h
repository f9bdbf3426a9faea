/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_LAW_H
#define SIM_LAW_H

/**
 * Laws of chance, written as in the table of worlds: `50us + 10us*exp`.
 *
 *   sum     = product { ( "+" | "-" ) product }
 *   product = factor { ( "*" | "/" ) factor }
 *   factor  = "-" factor | NUMBER [ unit ] | "(" sum ")" | "|" sum "|" | law
 *   unit    = "ns" | "us" | "ms" | "s"
 *   law     = "exp" | "normal" | "uniform" | "pareto(" sum ")" | "pick(" sum "," sum "," sum ")"
 *           | "min(" sum "," sum ")" | "max(" sum "," sum ")"
 *
 * exp: exponential of mean 1; normal: mean 0, deviation 1; uniform: 0 … 1; pareto(a): heavy tail,
 * ≥ 1, P(x > t) = t^-a; pick(p, a, b): a with probability p, else b (bursts).
 */

#include <sim/chance.h>
#include <stddef.h>

struct law;

/** Parse a law. Errors: NULL, with `column N: what is wrong` in `why`. */
struct law *law_parse(const char *text, char *why, size_t why_size);
void law_destroy(struct law *); /* takes NULL */

/** Draw a value. Units: s, where the law has units. */
double law_draw(const struct law *, struct chance *);

#endif
