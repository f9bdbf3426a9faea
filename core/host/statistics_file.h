/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_STATISTICS_FILE_H
#define HOST_STATISTICS_FILE_H

/**
 * The statistics file: what the pipeline has learnt, as text with a version and a checksum. Pure:
 * from bytes to numbers and back.
 *
 *   gnomon-statistics 1
 *   wander WEIGHT…                            of the bank's members
 *   one-way NAME ADDRESS COUNT SD             a source, in s
 *   two-way NAME ADDRESS COUNT UPPER LOWER SPREAD SCORE… DELAY…
 *   checksum CRC                              CRC-32 of all lines above, as in gzip(1), in hex
 *
 * Names are as everywhere, but %XX for what is no plain character; "-" for none.
 */

#include <base/text.h>
#include <pipeline/statistics.h>
#include <stddef.h>
#include <stdint.h>

/* Sources at most, and bytes of a name or an address, with the NUL. */
#define STATISTICS_SOURCES 256
#define STATISTICS_NAME 128

struct statistics_entry {
    char name[STATISTICS_NAME], address[STATISTICS_NAME];
    struct source_statistics source;
};

struct statistics {
    struct oscillator_statistics oscillator;
    struct statistics_entry *entries; /* owned */
    size_t count, capacity;
};

/** What is wrong with a file. */
struct statistics_fault {
    unsigned line;
    char words[160];
};

/** Zeroed it holds nothing. */
void statistics_clear(struct statistics *);

/** Hold nothing, but keep the memory for more. */
void statistics_empty(struct statistics *);

/** One more entry, zeroed; NULL: there is no room, or no memory. */
struct statistics_entry *statistics_add(struct statistics *);

/** The entry of a source, or NULL. */
struct statistics_entry *statistics_find(const struct statistics *, const char *name,
                                         const char *address);

/** Of the last line. Spec: RFC 1952 §8. */
uint32_t statistics_checksum(const char *text, size_t size);

/** Append the file's text. */
void statistics_format(const struct statistics *, struct text *);

/**
 * Read a file into empty statistics; `size` bytes, and a NUL after them that does not count.
 * Returns false, with nothing changed but the fault, when it is torn, foreign, of a newer version,
 * or says what cannot be.
 */
bool statistics_parse(const char *text, size_t size, struct statistics *,
                      struct statistics_fault *);

#endif
