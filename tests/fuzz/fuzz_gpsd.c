/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that a gpsd sends. The first one says what is heard, and in which pieces the bytes come:
 * what is taken holds together, what is not is counted, and the pieces make no difference.
 */
#include <math.h>
#include <plugins/refclock-gps/gpsd.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

struct ear {
    struct gpsd gpsd;
    uint64_t taken;
    uint64_t digest; /* of what was taken */
};

static void fold(struct ear *ear, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        ear->digest = (ear->digest ^ bytes[i]) * 1099511628211u;
}

static void judge_time(const struct gps_time *time)
{
    if (!time->said)
        return;
    require(time->scale == GPS_SCALE_UTC && !time->two_digits);
    require(time->day >= 0 && time->day < 106751);
    require(time->ns >= 0 && time->ns < 86401 * GN_NS_PER_S);
    require(time->accuracy_s >= 0 && isfinite(time->accuracy_s));
}

static void judge_sky(const struct gps_message *message)
{
    require(message->satellite_count <= GPS_SATELLITES);
    require(isfinite(message->hdop) && message->hdop >= 0);
    require(message->satellites_used >= -1 && message->satellites_seen >= -1);
    for (size_t i = 0; i < message->satellite_count; i++) {
        const struct gps_satellite *satellite = &message->satellites[i];
        require(memchr("GRECJS?", satellite->system, 7) != NULL);
        require(satellite->elevation == -128 ||
                (satellite->elevation >= -90 && satellite->elevation <= 90));
        require(satellite->azimuth >= -1 && satellite->azimuth < 360);
    }
}

static void judge(void *arg, const struct gps_message *message)
{
    struct ear *ear = arg;
    ear->taken++;
    require(message->kind >= GPSD_VERSION && message->kind <= GPSD_ERROR);
    require(ear->gpsd.state == GPSD_SPEAKS ||
            (ear->gpsd.state == GPSD_STRANGE && message->kind == GPSD_VERSION));
    require(memchr(message->words, '\0', sizeof message->words) != NULL);
    judge_time(&message->time);
    judge_time(&message->pulse);
    judge_sky(message);
    require(message->valid != GPS_YES || message->time.said);
    require(message->pulse_said == (message->kind == GPSD_PPS));
    require(!message->pulse_said || (message->pulse.said && message->pulse_at.ns >= 0));
    require(isfinite(message->pulse_error_s) && fabs(message->pulse_error_s) <= 1e-3);
    require(message->kind != GPSD_TOFF || message->time.said);
    require(message->leap_valid == GPS_SILENT || message->leap_s >= 0);
    fold(ear, &message->kind, sizeof message->kind);
    fold(ear, &message->time.ns, sizeof message->time.ns);
    fold(ear, message->words, strlen(message->words));
}

static void hear(struct ear *ear, const char *device, const uint8_t *data, size_t size,
                 size_t piece)
{
    memset(ear, 0, sizeof *ear);
    gpsd_init(&ear->gpsd, device);
    for (size_t done = 0; done < size; done += piece) {
        size_t part = size - done < piece ? size - done : piece;
        uint8_t *copy = malloc(part); /* so that what is read beyond is found */
        require(copy != NULL);
        memcpy(copy, data + done, part);
        gpsd_feed(&ear->gpsd, copy, part, judge, ear);
        free(copy);
    }
    const struct gpsd_counts *counts = &ear->gpsd.counts;
    require(counts->overlong <= counts->refused);
    require(ear->taken + counts->refused + counts->foreign <= counts->lines);
    require((counts->refused > 0) == (ear->gpsd.why != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const devices[] = {"", "/dev/ttyS0"};
    if (size == 0)
        return 0;
    struct ear *ears = malloc(2 * sizeof *ears);
    require(ears != NULL);
    const char *device = devices[data[0] & 1];
    hear(&ears[0], device, data + 1, size - 1, size);
    hear(&ears[1], device, data + 1, size - 1, (size_t)(data[0] >> 1) + 1);
    require(ears[0].taken == ears[1].taken && ears[0].digest == ears[1].digest);
    require(memcmp(&ears[0].gpsd.counts, &ears[1].gpsd.counts, sizeof ears[0].gpsd.counts) == 0);
    free(ears);
    return 0;
}
