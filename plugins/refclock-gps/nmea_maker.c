/* SPDX-License-Identifier: Apache-2.0 */
#include "nmea_maker.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- TXT */

struct antenna_word {
    const char *word;
    enum gps_antenna antenna;
};

static enum gps_antenna antenna_of(struct nmea_field state)
{
    static const struct antenna_word words[] = {
        {"OK", GPS_ANTENNA_OK}, {"SHORT", GPS_ANTENNA_SHORT}, {"OPEN", GPS_ANTENNA_OPEN}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (nmea_is(state, words[i].word))
            return words[i].antenna;
    return GPS_ANTENNA_UNSAID;
}

/* u-blox and MediaTek: `ANTSTATUS=OPEN`; CASIC: `ANTENNA OPEN`; Allystar: `ANT_OPEN`. */
static enum gps_antenna antenna_in(struct nmea_field text)
{
    static const char *const beginnings[] = {"ANTSTATUS=", "ANTENNA ", "ANT_"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        size_t length = strlen(beginnings[i]);
        if (text.size > length && memcmp(text.at, beginnings[i], length) == 0)
            return antenna_of((struct nmea_field){text.at + length, text.size - length});
    }
    return GPS_ANTENNA_UNSAID;
}

/* 1 parts, 2 which one, 3 error, warning, notice, user's own; 4 words, whatever is in them */
bool nmea_read_txt(struct gps_message *message, const struct nmea_fields *fields)
{
    struct nmea_field text = nmea_field(fields, 4);
    if (fields->count < 5)
        return false;
    text.size = (size_t)(fields->end - text.at);
    message->antenna = antenna_in(text);
    snprintf(message->words, sizeof message->words, "%.*s", (int)text.size, text.at);
    return true;
}

/* ---------------------------------------------------------------- their own sentences */

/* Seconds, and a D where the firmware's own count is meant. */
static bool read_leap(struct gps_message *message, struct nmea_field field)
{
    int leap_s;
    bool preset = field.size > 0 && field.at[field.size - 1] == 'D';
    if (field.size == 0)
        return true;
    field.size -= preset;
    if (field.size == 0 || !nmea_integer(field, 0, &leap_s) || leap_s < -99 || leap_s > 99)
        return false;
    message->leap_s = (int16_t)leap_s;
    message->leap_valid = message->time.resolved = preset ? GPS_NO : GPS_YES;
    return true;
}

/* 1 which, 2 time, 3 date, 4 and 5 the same as a week, 6 leap seconds, 7 … 9 its clock */
static bool read_pubx(struct gps_message *message, const struct nmea_fields *fields)
{
    if (!nmea_is(nmea_field(fields, 1), "04"))
        return true;
    message->kind = GPS_PUBX_TIME;
    return fields->count >= 7 && nmea_time(nmea_field(fields, 2), &message->time) &&
           nmea_date(nmea_field(fields, 3), &message->time) &&
           read_leap(message, nmea_field(fields, 6));
}

static void set_antenna(struct gps_message *message, char state, const char *states,
                        const enum gps_antenna *antennas, const char *const *words)
{
    const char *place = state == '\0' ? NULL : strchr(states, state);
    message->kind = GPS_TXT;
    if (place == NULL)
        return;
    message->antenna = antennas[place - states];
    snprintf(message->words, sizeof message->words, "%s", words[place - states]);
}

/* 2: 1 short circuit, 2 the one inside, 3 the one outside */
static bool read_pgtop(struct gps_message *message, const struct nmea_fields *fields)
{
    static const enum gps_antenna antennas[] = {GPS_ANTENNA_SHORT, GPS_ANTENNA_OK, GPS_ANTENNA_OK};
    static const char *const words[] = {"short circuit of the antenna", "internal antenna",
                                        "external antenna"};
    if (nmea_is(nmea_field(fields, 1), "11"))
        set_antenna(message, nmea_letter(nmea_field(fields, 2)), "123", antennas, words);
    return true;
}

/* 1 version, 2: 1 good, 2 open, 3 short circuit */
static bool read_pqtm(struct gps_message *message, const struct nmea_fields *fields)
{
    static const enum gps_antenna antennas[] = {GPS_ANTENNA_OK, GPS_ANTENNA_OPEN,
                                                GPS_ANTENNA_SHORT};
    static const char *const words[] = {"antenna good", "antenna open",
                                        "short circuit of the antenna"};
    if (nmea_is(nmea_field(fields, 1), "2"))
        set_antenna(message, nmea_letter(nmea_field(fields, 2)), "123", antennas, words);
    return true;
}

bool nmea_read_maker(struct gps_message *message, const struct nmea_fields *fields)
{
    struct nmea_field address = nmea_field(fields, 0);
    if (nmea_is(address, "PUBX"))
        return read_pubx(message, fields);
    if (nmea_is(address, "PGTOP"))
        return read_pgtop(message, fields);
    return !nmea_is(address, "PQTMANTENNASTATUS") || read_pqtm(message, fields);
}
