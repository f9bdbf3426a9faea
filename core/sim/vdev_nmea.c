/* SPDX-License-Identifier: Apache-2.0 */
#include <sim/vdev_nmea.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Greenwich, the old observatory. */
#define POSITION "5128.6700,N,00000.0900,W"

/* The longest sentence has 82 characters; ours are far from it. */
#define LONGEST 128

static const struct {
    const char *word;
    enum vdev_nmea_kind kind;
} kinds[] = {{"RMC", VDEV_NMEA_RMC}, {"GGA", VDEV_NMEA_GGA}, {"ZDA", VDEV_NMEA_ZDA}};

#define KINDS (sizeof kinds / sizeof kinds[0])

static unsigned kind_of(const char *word, size_t length)
{
    for (size_t i = 0; i < KINDS; i++)
        if (length == strlen(kinds[i].word) && strncmp(word, kinds[i].word, length) == 0)
            return kinds[i].kind;
    return 0;
}

unsigned vdev_nmea_sentences(const char *words)
{
    unsigned all = 0;
    while (*(words += strspn(words, " ,")) != '\0') {
        size_t length = strcspn(words, " ,");
        unsigned kind = kind_of(words, length);
        if (kind == 0)
            return 0;
        all |= kind;
        words += length;
    }
    return all;
}

/* ---------------------------------------------------------------- sentences */

static void rmc(char *body, size_t size, const char *talker, const struct tm *tm, bool valid)
{
    snprintf(body, size, "%sRMC,%02d%02d%02d.00,%s,%s,%02d%02d%02d,,,%c", talker, tm->tm_hour,
             tm->tm_min, tm->tm_sec, valid ? "A" : "V", valid ? POSITION ",0.00,0.00" : ",,,,,",
             tm->tm_mday, tm->tm_mon + 1, tm->tm_year % 100, valid ? 'A' : 'N');
}

static void gga(char *body, size_t size, const char *talker, const struct tm *tm, bool valid)
{
    snprintf(body, size, "%sGGA,%02d%02d%02d.00,%s,,", talker, tm->tm_hour, tm->tm_min, tm->tm_sec,
             valid ? POSITION ",1,09,0.90,47.0,M,45.5,M" : ",,,,0,00,99.99,,,,");
}

static void zda(char *body, size_t size, const char *talker, const struct tm *tm)
{
    snprintf(body, size, "%sZDA,%02d%02d%02d.00,%02d,%02d,%04d,00,00", talker, tm->tm_hour,
             tm->tm_min, tm->tm_sec, tm->tm_mday, tm->tm_mon + 1, tm->tm_year + 1900);
}

/* Adds `$body*checksum`; returns the bytes so far. */
static size_t add(char *text, size_t size, size_t used, const char *body)
{
    unsigned sum = 0;
    for (const char *c = body; *c != '\0'; c++)
        sum ^= (unsigned char)*c;
    int n = snprintf(text + used, size - used, "$%s*%02X\r\n", body, sum);
    return n > 0 && (size_t)n < size - used ? used + (size_t)n : used;
}

size_t vdev_nmea_text(const void *arg, const struct vdev_moment *moment, char *text, size_t size)
{
    const struct vdev_nmea *nmea = arg;
    time_t seconds = (time_t)(moment->utc.ns / GN_NS_PER_S);
    size_t used = 0;
    struct tm tm;
    char body[LONGEST];
    if (gmtime_r(&seconds, &tm) == NULL)
        return 0;
    tm.tm_sec += moment->inserted;
    if (nmea->sentences & VDEV_NMEA_RMC) {
        rmc(body, sizeof body, nmea->talker, &tm, moment->valid);
        used = add(text, size, used, body);
    }
    if (nmea->sentences & VDEV_NMEA_GGA) {
        gga(body, sizeof body, nmea->talker, &tm, moment->valid);
        used = add(text, size, used, body);
    }
    if (nmea->sentences & VDEV_NMEA_ZDA) {
        zda(body, sizeof body, nmea->talker, &tm);
        used = add(text, size, used, body);
    }
    return used;
}
