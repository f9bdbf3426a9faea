/* SPDX-License-Identifier: Apache-2.0 */
#include "nmea_fields.h"

#include <string.h>

#define DIGITS 9
#define SECONDS_PER_DAY 86400

void nmea_split(struct nmea_fields *fields, const void *sentence, size_t size)
{
    const char *at = sentence, *end = at + size;
    fields->count = 0;
    fields->end = end;
    while (fields->count < NMEA_FIELDS) {
        const char *comma = size == 0 ? NULL : memchr(at, ',', (size_t)(end - at));
        const char *stop = comma == NULL ? end : comma;
        fields->field[fields->count++] = (struct nmea_field){at, (size_t)(stop - at)};
        if (comma == NULL)
            return;
        at = comma + 1;
    }
}

struct nmea_field nmea_field(const struct nmea_fields *fields, size_t index)
{
    return index < fields->count ? fields->field[index] : (struct nmea_field){"", 0};
}

bool nmea_is(struct nmea_field field, const char *word)
{
    return field.size == strlen(word) && memcmp(field.at, word, field.size) == 0;
}

char nmea_letter(struct nmea_field field)
{
    return field.size == 1 ? field.at[0] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* All of it, 1 … 9 digits. */
static bool digits(const char *at, size_t size, int *value)
{
    *value = 0;
    if (size == 0 || size > DIGITS)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(at[i]))
            return false;
        *value = *value * 10 + (at[i] - '0');
    }
    return true;
}

bool nmea_integer(struct nmea_field field, int empty, int *value)
{
    *value = empty;
    if (field.size == 0)
        return true;
    bool sign = field.at[0] == '-' || field.at[0] == '+';
    if (!digits(field.at + sign, field.size - sign, value))
        return false;
    if (field.at[0] == '-')
        *value = -*value;
    return true;
}

/* What stands after the point, in 1e-9. Returns false: other things than digits. */
static bool fraction(const char *at, size_t size, int *billionths)
{
    *billionths = 0;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(at[i]))
            return false;
        if (i < DIGITS)
            *billionths = *billionths * 10 + (at[i] - '0');
    }
    for (size_t i = size; i < DIGITS; i++)
        *billionths *= 10;
    return true;
}

/* Before the point, and after it. */
static bool halves(struct nmea_field field, struct nmea_field *whole, int *billionths)
{
    const char *point = field.size == 0 ? NULL : memchr(field.at, '.', field.size);
    *whole = field;
    *billionths = 0;
    if (point == NULL)
        return true;
    whole->size = (size_t)(point - field.at);
    return fraction(point + 1, field.size - whole->size - 1, billionths);
}

bool nmea_decimal(struct nmea_field field, double empty, double *value)
{
    struct nmea_field whole;
    int billionths, integer;
    *value = empty;
    if (field.size == 0)
        return true;
    if (!halves(field, &whole, &billionths) || !nmea_integer(whole, 0, &integer))
        return false;
    double part = billionths * 1e-9;
    *value = field.at[0] == '-' ? integer - part : integer + part;
    return true;
}

bool nmea_time(struct nmea_field field, struct gps_time *time)
{
    struct nmea_field whole;
    int hour, minute, second, billionths;
    if (field.size == 0)
        return true;
    if (!halves(field, &whole, &billionths) || whole.size != 6 || !digits(whole.at, 2, &hour) ||
        !digits(whole.at + 2, 2, &minute) || !digits(whole.at + 4, 2, &second))
        return false;
    int of_day = (hour * 60 + minute) * 60 + second;
    if (hour > 23 || minute > 59 || second > 60 || (second == 60 && of_day != SECONDS_PER_DAY))
        return false;
    time->said = true;
    time->scale = GPS_SCALE_UTC;
    time->ns = of_day * GN_NS_PER_S + billionths;
    return true;
}

bool nmea_date(struct nmea_field field, struct gps_time *time)
{
    int day, month, year;
    if (field.size == 0)
        return true;
    if (field.size != 6 || !digits(field.at, 2, &day) || !digits(field.at + 2, 2, &month) ||
        !digits(field.at + 4, 2, &year))
        return false;
    if (day == 0 && month == 0)
        return true;
    time->day = gps_day(year < 80 ? 2000 + year : 1900 + year, month, day);
    time->two_digits = true;
    return time->day != GPS_NO_DAY;
}
