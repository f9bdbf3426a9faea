/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_RAWLOG_H
#define REFCLOCK_GPS_RAWLOG_H

/**
 * The file of the options `log` and `replay`: all that a receiver sent, and when. Pure.
 *
 * Lines of text:
 *
 *     gnomon-raw 1 1769860800.123456789 /dev/gps0
 *     0.412345678 = 9600
 *     0.512345678 < $GPRMC,120000,A,…*5C\r\n
 *     1.000001234 ^ 1.000000210 0.000001000
 *
 * The first begins a recording: version, the system clock's time in seconds since 1970, what is
 * read. Each other line begins with its instant, in seconds since then on the local scale, and
 * says: `=` the speed of the line from now on, `<` bytes that were read, `^` a pulse, when it was
 * stamped and how exactly. Of bytes those below 0x20 and above 0x7E are \r, \n or
 * \xHH, and \ is \\. A file may have several recordings, one behind the other. A line that cannot
 * be read is skipped, and so are empty ones and one without an end.
 */

#include <gnomon/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of one record; more make several. */
#define RAWLOG_BYTES 1024

/** Room for any line, with its end. */
#define RAWLOG_LINE (4 * RAWLOG_BYTES + 64)

enum rawlog_kind { RAWLOG_BEGIN, RAWLOG_SPEED, RAWLOG_READ, RAWLOG_PULSE };

struct rawlog_record {
    enum rawlog_kind kind;
    int64_t at_ns;   /* since the beginning of the recording */
    gn_utc system;   /* BEGIN: what the system clock showed */
    char words[256]; /* BEGIN: what is read */
    unsigned baud;   /* SPEED */
    size_t size;     /* READ */
    uint8_t bytes[RAWLOG_BYTES];
    int64_t stamp_ns; /* PULSE: when it was, as at_ns, … */
    int64_t error_ns; /* … within so much */
};

/** A line with its end, not ended by NUL. Returns its size. */
size_t rawlog_write(const struct rawlog_record *, char line[RAWLOG_LINE]);

/** Takes pieces of a file, gives records. */
struct rawlog {
    char line[RAWLOG_LINE];
    size_t size;      /* of the line so far */
    bool overlong;    /* it is, and is skipped */
    bool begun;       /* there was the beginning of a recording */
    uint64_t number;  /* of the line, from 1 */
    uint64_t skipped; /* lines that could not be read */
};

void rawlog_init(struct rawlog *);

/**
 * Take bytes off `*data`, up to and with the end of a line. Returns true and a record, or false:
 * all bytes are taken.
 */
bool rawlog_read(struct rawlog *, const char **data, size_t *size, struct rawlog_record *);

#endif
