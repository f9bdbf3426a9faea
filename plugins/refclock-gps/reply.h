/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_REPLY_H
#define REFCLOCK_GPS_REPLY_H

/**
 * A JSON object, written member by member. Pure.
 *
 * A `key` of NULL is an element of an array. Text may be anything: what is no UTF-8 becomes '?'.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reply {
    char *text; /* ended by NUL */
    size_t size, room;
    bool failed; /* memory was short: the text is of no use */
};

/** Begins with nothing; open an object first. */
void reply_init(struct reply *);
void reply_finish(struct reply *);

/** `bracket`: '{' or '['. */
void reply_open(struct reply *, const char *key, char bracket);

/** `bracket`: '}' or ']'. */
void reply_close(struct reply *, char bracket);

void reply_null(struct reply *, const char *key);
void reply_flag(struct reply *, const char *key, bool);
void reply_integer(struct reply *, const char *key, int64_t);

/** null where it is not finite. */
void reply_number(struct reply *, const char *key, double);

/** null for NULL. */
void reply_words(struct reply *, const char *key, const char *text);

#endif
