/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_NMEA_FIELDS_H
#define REFCLOCK_GPS_NMEA_FIELDS_H

/** The fields of a sentence, between its commas. */

#include "message.h"

#define NMEA_FIELDS 40 /* of a sentence; those beyond are not looked at */

struct nmea_field {
    const char *at; /* not ended by NUL */
    size_t size;
};

struct nmea_fields {
    struct nmea_field field[NMEA_FIELDS];
    size_t count;
    const char *end; /* of the sentence */
};

void nmea_split(struct nmea_fields *, const void *sentence, size_t size);

/** The field; empty where the sentence has none. */
struct nmea_field nmea_field(const struct nmea_fields *, size_t index);

bool nmea_is(struct nmea_field, const char *word);

/** Its only character; NUL where it has none or several. */
char nmea_letter(struct nmea_field);

/**
 * Digits, with a sign perhaps.
 * Returns false: it is no number, or one of more than nine digits. Empty: `*value` is `empty`.
 */
bool nmea_integer(struct nmea_field, int empty, int *value);

/** The same of a number with a point; digits after the ninth do not count. */
bool nmea_decimal(struct nmea_field, double empty, double *value);

/** `hhmmss[.sss]` into `time`; empty: nothing is said. Returns false: there is no such time. */
bool nmea_time(struct nmea_field, struct gps_time *time);

/** `ddmmyy` into `time`; empty or zeros: no date. Returns false: there is no such date. */
bool nmea_date(struct nmea_field, struct gps_time *time);

#endif
