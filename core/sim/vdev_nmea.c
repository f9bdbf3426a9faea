/* SPDX-License-Identifier: Apache-2.0 */
#include <sim/vdev_nmea.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Greenwich, the old observatory. */
#define POSITION "5128.6700,N,00000.0900,W"

/* The longest sentence has 82 characters; ours are hardly longer. */
#define LONGEST 128

#define GSV_SATELLITES 4 /* of a sentence */
#define GSA_SATELLITES 12
#define GOOD_HDOP 0.9 /* with … */
#define GOOD_SATELLITES 9

/* Where sentences are gathered. */
struct page {
    char *text;
    size_t size, used;
};

typedef void (*sentence)(struct page *, const char *talker, const struct vdev_moment *,
                         const struct tm *);

/* Adds `$body*checksum`. */
static void add(struct page *page, const char *body)
{
    unsigned sum = 0;
    for (const char *c = body; *c != '\0'; c++)
        sum ^= (unsigned char)*c;
    int n = snprintf(page->text + page->used, page->size - page->used, "$%s*%02X\r\n", body, sum);
    if (n > 0 && (size_t)n < page->size - page->used)
        page->used += (size_t)n;
}

/* "hhmmss.00", or nothing. */
static const char *clock_of(const struct vdev_moment *moment, const struct tm *tm, char text[32])
{
    if (moment->untold)
        return "";
    snprintf(text, 32, "%02d%02d%02d.00", tm->tm_hour, tm->tm_min, tm->tm_sec);
    return text;
}

static double hdop(const struct vdev_moment *moment)
{
    unsigned n = moment->satellites;
    if (!moment->valid || n == 0)
        return 99.99;
    return n < GOOD_SATELLITES ? GOOD_HDOP * GOOD_SATELLITES / n : GOOD_HDOP;
}

/* ---------------------------------------------------------------- sentences */

static void rmc(struct page *page, const char *talker, const struct vdev_moment *moment,
                const struct tm *tm)
{
    char body[LONGEST], time[32], date[32] = "";
    bool valid = moment->valid;
    if (!moment->untold)
        snprintf(date, sizeof date, "%02d%02d%02d", tm->tm_mday, tm->tm_mon + 1, tm->tm_year % 100);
    snprintf(body, sizeof body, "%sRMC,%s,%s,%s,%s,,,%c", talker, clock_of(moment, tm, time),
             valid ? "A" : "V", valid ? POSITION ",0.00,0.00" : ",,,,,", date, valid ? 'A' : 'N');
    add(page, body);
}

static void gga(struct page *page, const char *talker, const struct vdev_moment *moment,
                const struct tm *tm)
{
    char body[LONGEST], time[32];
    snprintf(body, sizeof body, "%sGGA,%s,%s,%02u,%.2f,%s,,", talker, clock_of(moment, tm, time),
             moment->valid ? POSITION ",1" : ",,,,0", moment->valid ? moment->satellites : 0,
             hdop(moment), moment->valid ? "47.0,M,45.5,M" : ",,,");
    add(page, body);
}

static void gns(struct page *page, const char *talker, const struct vdev_moment *moment,
                const struct tm *tm)
{
    char body[LONGEST], time[32];
    snprintf(body, sizeof body, "%sGNS,%s,%s,%02u,%.2f,%s,,", talker, clock_of(moment, tm, time),
             moment->valid ? POSITION ",AN" : ",,,,NN", moment->valid ? moment->satellites : 0,
             hdop(moment), moment->valid ? "47.0,45.5" : ",");
    add(page, body);
}

static void zda(struct page *page, const char *talker, const struct vdev_moment *moment,
                const struct tm *tm)
{
    char body[LONGEST], time[32], date[48] = ",,";
    if (!moment->untold)
        snprintf(date, sizeof date, "%02d,%02d,%04d", tm->tm_mday, tm->tm_mon + 1,
                 tm->tm_year + 1900);
    snprintf(body, sizeof body, "%sZDA,%s,%s,00,00", talker, clock_of(moment, tm, time), date);
    add(page, body);
}

static void gsa(struct page *page, const char *talker, const struct vdev_moment *moment,
                const struct tm *tm)
{
    char body[LONGEST], used[4 * GSA_SATELLITES + 1] = "";
    unsigned fix = !moment->valid ? 1 : moment->fix == VDEV_FIX_2D ? 2 : 3;
    (void)tm;
    for (unsigned i = 1; i <= GSA_SATELLITES; i++) {
        size_t at = strlen(used);
        bool there = moment->valid && i <= moment->satellites;
        snprintf(used + at, sizeof used - at, there ? ",%02u" : ",", i);
    }
    snprintf(body, sizeof body, "%sGSA,A,%u%s,%.2f,%.2f,%.2f", talker, fix, used,
             2 * hdop(moment) > 99 ? 99.99 : 2 * hdop(moment), hdop(moment), hdop(moment));
    add(page, body);
}

static void one_satellite(char *body, size_t size, struct vdev_satellite satellite)
{
    size_t at = strlen(body);
    snprintf(body + at, size - at, ",%02u,%02u,%03u,", satellite.number, satellite.elevation,
             satellite.azimuth);
    at = strlen(body);
    if (satellite.signal_db_hz > 0)
        snprintf(body + at, size - at, "%02u", satellite.signal_db_hz);
}

/* Systems have a talker each in this sentence; ours are all of GPS. */
static void gsv(struct page *page, const char *talker, const struct vdev_moment *moment,
                const struct tm *tm)
{
    unsigned parts = (moment->seen + GSV_SATELLITES - 1) / GSV_SATELLITES;
    (void)tm;
    parts = parts > 0 ? parts : 1;
    for (unsigned part = 1, next = 1; part <= parts; part++) {
        char body[LONGEST];
        snprintf(body, sizeof body, "%sGSV,%u,%u,%02u", strcmp(talker, "GN") == 0 ? "GP" : talker,
                 parts, part, moment->seen);
        for (unsigned i = 0; i < GSV_SATELLITES && next <= moment->seen; i++)
            one_satellite(body, sizeof body, vdev_satellite(moment, next++));
        add(page, body);
    }
}

static void txt(struct page *page, const char *talker, const struct vdev_moment *moment,
                const struct tm *tm)
{
    static const char *const states[] = {"OK", "OK", "OPEN", "SHORT"};
    char body[LONGEST];
    (void)tm;
    snprintf(body, sizeof body, "%sTXT,01,01,02,ANTSTATUS=%s", talker, states[moment->antenna]);
    add(page, body);
}

/* ---------------------------------------------------------------- all of them */

static const struct {
    const char *word;
    sentence say;
} kinds[VDEV_NMEA_KINDS] = {
    [VDEV_NMEA_RMC] = {"RMC", rmc}, [VDEV_NMEA_GGA] = {"GGA", gga}, [VDEV_NMEA_ZDA] = {"ZDA", zda},
    [VDEV_NMEA_GSA] = {"GSA", gsa}, [VDEV_NMEA_GSV] = {"GSV", gsv}, [VDEV_NMEA_GNS] = {"GNS", gns},
    [VDEV_NMEA_TXT] = {"TXT", txt},
};

const char *vdev_nmea_word(enum vdev_nmea kind)
{
    return kinds[kind].word;
}

size_t vdev_nmea_say(enum vdev_nmea kind, const char *talker, const struct vdev_moment *moment,
                     char *text, size_t size)
{
    time_t seconds = (time_t)(moment->utc.ns / GN_NS_PER_S);
    struct page page = {.text = text, .size = size};
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL)
        return 0;
    tm.tm_sec += moment->inserted;
    kinds[kind].say(&page, talker, moment, &tm);
    return page.used;
}
