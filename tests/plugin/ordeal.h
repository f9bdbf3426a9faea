/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGIN_ORDEAL_H
#define TESTS_PLUGIN_ORDEAL_H

/**
 * A whole daemon with one plugin, in a small simulated world where services fail, links are cut,
 * and its clock is set by others and sleeps. Then all is well again, and so must the daemon be.
 *
 * The world has a true server, time.example.net (192.0.2.1, 2001:db8::1), and on demand a witness,
 * who asks the daemon (192.0.2.2, 2001:db8::2) for the time. The daemon's machine has true pulses,
 * /dev/pps0, and a hardware clock, /dev/rtc0. All follows from the seed.
 */

#include <host/loader.h>
#include <stdbool.h>
#include <stdint.h>

/** What a daemon must be able to do again in the end. */
enum ordeal_aim {
    ORDEAL_LIVE,        /* nothing in particular */
    ORDEAL_SYNCHRONISE, /* know the time, as well as it claims */
    ORDEAL_ANSWER,      /* the witness synchronises to it */
    ORDEAL_WRITE        /* tell a Unix socket what happens */
};

struct ordeal {
    const char *name;
    const char *plugin; /* that it is about */
    const char *config; /* gnomon.conf of the daemon */
    enum ordeal_aim aim;
};

/** How it went. */
struct ordeal_result {
    bool begun;             /* false: it did not start, which with failing services is no wrong */
    unsigned calls, failed; /* of its machine */
    char why[512];          /* what went wrong that must not; "" nothing */
};

/** `tell`: the story goes to stderr. The loader knows the plugin, proto-ntp and refclock-local. */
void ordeal_run(const struct ordeal *, struct loader *, uint64_t seed, bool tell,
                struct ordeal_result *);

#endif
