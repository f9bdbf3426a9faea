/* SPDX-License-Identifier: Apache-2.0 */
#include "face.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t face_seconds(const struct rtc_time *shown, bool local_time)
{
    struct tm tm = {
        .tm_sec = shown->tm_sec,
        .tm_min = shown->tm_min,
        .tm_hour = shown->tm_hour,
        .tm_mday = shown->tm_mday,
        .tm_mon = shown->tm_mon,
        .tm_year = shown->tm_year,
        .tm_isdst = -1,
    };
    return (int64_t)(local_time ? mktime(&tm) : timegm(&tm));
}

bool face_date(int64_t second, bool local_time, struct rtc_time *date)
{
    time_t time = (time_t)second;
    struct tm tm;
    if ((local_time ? localtime_r(&time, &tm) : gmtime_r(&time, &tm)) == NULL)
        return false;
    *date = (struct rtc_time){
        .tm_sec = tm.tm_sec,
        .tm_min = tm.tm_min,
        .tm_hour = tm.tm_hour,
        .tm_mday = tm.tm_mday,
        .tm_mon = tm.tm_mon,
        .tm_year = tm.tm_year,
        .tm_wday = tm.tm_wday,
        .tm_yday = tm.tm_yday,
    };
    return true;
}

bool face_adjtime_is_local(const char *line)
{
    for (int i = 0; i < 2 && line != NULL; i++)
        if ((line = strchr(line, '\n')) != NULL)
            line++;
    return line != NULL && strncmp(line, "LOCAL", strlen("LOCAL")) == 0;
}

const char *face_words(int64_t second, char *text, size_t size)
{
    time_t time = (time_t)second;
    struct tm tm;
    if (gmtime_r(&time, &tm) == NULL || strftime(text, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        snprintf(text, size, "%lld s", (long long)second);
    return text;
}
