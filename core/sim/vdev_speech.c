/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev_speech.h"

#include <sim/vdev_nmea.h>
#include <stdio.h>
#include <string.h>

#define WORDS VDEV_NMEA_KINDS

static const char *word(size_t index)
{
    return vdev_nmea_word((enum vdev_nmea)index);
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

size_t vdev_speech_text(const void *arg, const struct vdev_moment *moment, char *text, size_t size)
{
    const struct vdev_speech *speech = arg;
    size_t used = 0;
    for (size_t i = 0; i < speech->count; i++)
        used += vdev_nmea_say((enum vdev_nmea)speech->words[i], speech->talker, moment, text + used,
                              size - used);
    return used;
}
