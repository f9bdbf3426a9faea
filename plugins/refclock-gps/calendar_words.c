/* SPDX-License-Identifier: Apache-2.0 */

/* What is wrong with a date, for people. */

#include "calendar.h"

#include <stdio.h>

const char *calendar_words(const struct calendar *self, enum calendar_verdict verdict, char *text,
                           size_t size)
{
    switch (verdict) {
    case CALENDAR_GOOD:
        return "";
    case CALENDAR_UNSAID:
        return "the message says no time";
    case CALENDAR_NO_DATE:
        return "the receiver says no date";
    case CALENDAR_IMPOSSIBLE:
        return "there is no such date or time of day";
    case CALENDAR_BACKWARD:
        return "the receiver's date is earlier than it can be";
    case CALENDAR_LEAP_UNKNOWN:
        return "it has not heard yet how many leap seconds there have been, as for 12.5 minutes "
               "after a cold start";
    case CALENDAR_INSERTED:
        return "within a leap second";
    case CALENDAR_JUMP:
        snprintf(text, size,
                 "the receiver's time is off by %+d s since before, as by another leap count, and "
                 "nobody agrees",
                 self->jump_s);
        return text;
    }
    return "";
}

const char *calendar_age_words(const struct calendar *self, char *text, size_t size)
{
    if (self->rollovers <= 0)
        return "";
    snprintf(text, size,
             "its firmware is at least %d years old: the dates are %d weeks early, and repaired",
             (int)(self->rollovers * 1024 * 7 / 365.25), self->rollovers * 1024);
    return text;
}
