/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev_speech.h"

#include <sim/vdev_nmea.h>
#include <sim/vdev_ubx.h>
#include <stdio.h>
#include <string.h>

/* Sentences first, then frames. */
#define WORDS ((size_t)VDEV_NMEA_KINDS + VDEV_UBX_KINDS)

static const char *word(size_t index)
{
    return index < VDEV_NMEA_KINDS ? vdev_nmea_word((enum vdev_nmea)index)
                                   : vdev_ubx_word((enum vdev_ubx)(index - VDEV_NMEA_KINDS));
}

static bool add(struct vdev_speech *speech, const char *given, size_t length)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (strlen(word(i)) != length || strncmp(word(i), given, length) != 0)
            continue;
        if (speech->count == VDEV_SPEECH_WORDS)
            return false;
        speech->words[speech->count++] = (unsigned char)i;
        return true;
    }
    return false;
}

bool vdev_speech_read(struct vdev_speech *speech, const char *words)
{
    speech->count = 0;
    while (*(words += strspn(words, " ,")) != '\0') {
        size_t length = strcspn(words, " ,");
        if (!add(speech, words, length))
            return false;
        words += length;
    }
    return speech->count > 0;
}

void vdev_speech_list(char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < WORDS && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, i == 0 ? "%s" : " %s", word(i));
}

/* ---------------------------------------------------------------- saying them */

/* As the interface description of u-blox counts them. */
static struct vdev_ubx_second ubx_second(const struct vdev_moment *moment)
{
    static const uint8_t antennas[] = {2, 2, 4, 3}, jammings[] = {1, 2, 3}, spoofings[] = {1, 2};
    struct vdev_ubx_second second = {
        .utc = moment->utc,
        .inserted = moment->inserted,
        .valid = moment->valid,
        .untold = moment->untold,
        .fix = (uint8_t)moment->fix,
        .gps_s = moment->gps_s,
        .leap_s = moment->leap_s,
        .leap_valid = moment->leap_valid,
        .change = moment->change,
        .change_in_s = moment->change_in_s,
        .pulse_late_s = moment->pulse_late_s,
        .accuracy_s = moment->accuracy_s,
        .satellites = (uint8_t)moment->satellites,
        .antenna = antennas[moment->antenna],
        .jamming = jammings[moment->jamming],
        .jam_indicator = (uint8_t)moment->jam_indicator,
        .spoofing = spoofings[moment->spoofing],
        .seen = moment->seen < VDEV_UBX_SATELLITES ? moment->seen : VDEV_UBX_SATELLITES,
    };
    for (unsigned i = 0; i < second.seen; i++) {
        struct vdev_satellite satellite = vdev_satellite(moment, i + 1);
        second.sky[i] = (struct vdev_ubx_satellite){
            .number = (uint8_t)satellite.number,
            .cn0_db_hz = (uint8_t)satellite.signal_db_hz,
            .elevation = (int8_t)satellite.elevation,
            .azimuth = (int16_t)satellite.azimuth,
            .used = satellite.used,
        };
    }
    return second;
}

size_t vdev_speech_text(const void *arg, const struct vdev_moment *moment, char *text, size_t size)
{
    const struct vdev_speech *speech = arg;
    struct vdev_ubx_second second = ubx_second(moment);
    size_t used = 0;
    for (size_t i = 0; i < speech->count; i++) {
        unsigned index = speech->words[i];
        if (index < VDEV_NMEA_KINDS)
            used += vdev_nmea_say((enum vdev_nmea)index, speech->talker, moment, text + used,
                                  size - used);
        else
            used += vdev_ubx_say((enum vdev_ubx)(index - VDEV_NMEA_KINDS), &second, text + used,
                                 size - used);
    }
    return used;
}
