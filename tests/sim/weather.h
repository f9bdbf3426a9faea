/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_WEATHER_H
#define TESTS_SIM_WEATHER_H

/**
 * A random world, written as a world file: a few servers, a minority of which lie, clients of
 * every kind, networks of every law, and what goes wrong meanwhile. It follows from the seed alone.
 *
 * What no client could survive does not happen: liars stay a minority of the servers that a client
 * can reach.
 */

#include <sim/chance.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define WEATHER_SERVERS 5
#define WEATHER_CLIENTS 4
#define WEATHER_TROUBLES 256

/** How a server lies. */
enum weather_lie { LIE_NONE, LIE_OFFSET, LIE_DRIFT, LIE_JUMP };

enum weather_kind { TROUBLE_MOVED, TROUBLE_SUSPENDED, TROUBLE_FREQUENCY };

/** What happens to a client and shows in its true error. */
struct weather_trouble {
    enum weather_kind kind;
    int client; /* from 0 */
    double at_s;
    double size; /* MOVED: s added to the clock; SUSPENDED: s asleep; FREQUENCY: s/s added */
};

struct weather_client {
    double max_slew, max_frequency; /* s/s, as configured */
    bool cut;                       /* it loses sight of all servers at times */
};

struct weather {
    double duration_s;
    int servers, clients;
    enum weather_lie lies[WEATHER_SERVERS];
    struct weather_client client[WEATHER_CLIENTS];
    struct weather_trouble troubles[WEATHER_TROUBLES];
    size_t trouble_count;
};

/** Write the world of a seed. The sources of a client are called as the servers are. */
void weather_write(struct weather *, uint64_t seed, FILE *);

#endif
