/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KEYS_H
#define KEYS_H

/**
 * The text of a key file, as chrony and ntpd write it: `ID TYPE KEY`, one a line.
 *
 * Pure: bytes in, keys and findings out. A key is text, `ASCII:text` or `HEX:digits`; without a
 * type it is of MD5, as chrony reads it. Empty lines, and those that begin with #, !, ; or %, say
 * nothing, nor does what follows the key behind a blank and one of these.
 */

#include "mac.h"
#include <gnomon/event.h>

/** More lines than this are of no key file. */
#define KEYS_MAX 65536
/** Bytes of a line, without its end; as many as chrony reads. */
#define KEYS_LINE_MAX 2046
/** What is not read as a whole file. Units: bytes. */
#define KEYS_FILE_MAX (4u << 20)

struct key {
    uint32_t id; /* 1 … 2^32-1 */
    enum mac_type type;
    unsigned line;
    size_t size;
    const uint8_t *bytes;
};

/** What a file says. */
struct keys {
    struct key *items; /* in order of lines */
    size_t count;
    size_t errors;
    /* Private. */
    size_t *order; /* indices by id */
    uint8_t *store;
    size_t stored;
    size_t store_size;
};

/** A finding: `level` is GN_ERROR or GN_WARNING; `line` counts from 1, 0 for the whole file. It
 * never quotes a key. */
typedef void (*keys_report_cb)(void *arg, enum gn_level level, unsigned line, const char *text);

/**
 * Read a file, and report everything that is wrong with it. Lines with errors give no key.
 * Owns: the caller ends it with keys_finish(), whatever this returned, and wipes `text`.
 * Errors: -EINVAL at least one error was reported; -ENOMEM.
 */
int keys_parse(struct keys *keys, const char *text, size_t size, keys_report_cb report, void *arg);

/** Wipes the keys. Takes a zeroed one, too. */
void keys_finish(struct keys *keys);

/** The name of a type, "SHA256". */
const char *keys_type_name(enum mac_type type);

#endif
