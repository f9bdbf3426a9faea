/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_DRAWN_H
#define TESTS_SIM_DRAWN_H

/**
 * A world drawn at random from the space of laws: one client called "client", one to six true
 * servers, queues of every kind, good and cheap oscillators. Nothing happens in it but that.
 * Paths are symmetric or nearly so: a bound cannot know what nobody can see.
 */

#include <stdint.h>
#include <stdio.h>

/** Write the world of a seed; it follows from that alone. */
void drawn_write(uint64_t seed, FILE *);

#endif
