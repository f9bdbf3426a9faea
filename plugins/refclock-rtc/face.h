/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_RTC_FACE_H
#define REFCLOCK_RTC_FACE_H

/**
 * What a hardware clock shows and takes: a date, in UTC or in local time.
 *
 * Pure, but for the machine's time zone.
 */

#include <linux/rtc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Seconds since 1970 of what it shows. `local_time`: that is the time of the zone. */
int64_t face_seconds(const struct rtc_time *, bool local_time);

/** The date to write for a second since 1970. Returns false where no date can be made of it. */
bool face_date(int64_t second, bool local_time, struct rtc_time *);

/** Line 3 of /etc/adjtime, as hwclock(8) leaves it: whether the clock shows local time. */
bool face_adjtime_is_local(const char *adjtime);

/** "2026-11-21 16:03:59" in UTC, of seconds since 1970. Returns `text`. */
const char *face_words(int64_t second, char *text, size_t size);

#endif
