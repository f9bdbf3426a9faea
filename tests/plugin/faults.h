/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGIN_FAULTS_H
#define TESTS_PLUGIN_FAULTS_H

/**
 * A machine around a machine: every call goes through to the inner one, unless it is its turn to
 * fail. What fails, and with which of the errors that the real call knows, follows from the seed.
 * It counts what is open, and takes what is written to Unix sockets, of which the simulator has
 * none.
 */

#include <os/os.h>
#include <stdint.h>

/** Kinds of calls; bits of struct faults_plan. */
enum faults_call {
    FAULTS_TIMER_OPEN,
    FAULTS_SOCKET_OPEN,
    FAULTS_UNIX_OPEN,
    FAULTS_SEND,
    FAULTS_SOCKET_ERROR, /* a send goes well, and later an error comes back */
    FAULTS_RESOLVE,      /* the question is refused */
    FAULTS_ANSWER,       /* the answer is that there is none */
    FAULTS_DEVICE_OPEN,
    FAULTS_DEVICE_READ,
    FAULTS_DEVICE_WRITE,
    FAULTS_DEVICE_CONTROL,
    FAULTS_STORE_READ,
    FAULTS_STORE_WRITE,
    FAULTS_RANDOM,
    FAULTS_CLOCK_SET, /* steer and step; a daemon that was refused once does not try again */
    FAULTS_CLOCK_STATUS,
    FAULTS_CALLS
};

#define FAULTS_ALL ((1u << FAULTS_CALLS) - 1)

/** Which calls fail. All zero: none. */
struct faults_plan {
    unsigned kinds; /* bits 1 << enum faults_call: only these fail and are counted */
    double chance;  /* of each */
    unsigned at;    /* and this one, from 1, counted from now; 0: none in particular */
    bool and_after; /* and all after that one */
};

struct faults;

struct faults *faults_create(uint64_t seed);
void faults_destroy(struct faults *); /* takes NULL */

/** The machine to be used in place of `inner`, which is lent. Once. */
struct os *faults_wrap(struct faults *, struct os *inner);

/** From now on these calls fail. */
void faults_plan(struct faults *, const struct faults_plan *);

/** The machine has slept for so long, as its clock has it. */
void faults_sleep(struct faults *, int64_t slept_ns);

/** How many handles are open; which ones they are in `words`. */
unsigned faults_open(const struct faults *, char *words, size_t size);

/** Calls so far, that failed and all. */
unsigned faults_failed(const struct faults *);
unsigned faults_calls(const struct faults *);

/** Messages that Unix sockets have taken. */
unsigned faults_written(const struct faults *);

#endif
