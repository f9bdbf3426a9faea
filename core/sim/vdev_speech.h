/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VDEV_SPEECH_H
#define SIM_VDEV_SPEECH_H

/** Which messages a receiver sends in one burst, in which order. */

#include <sim/vdev_receiver.h>

#define VDEV_SPEECH_WORDS 16

struct vdev_speech {
    char talker[3]; /* of sentences: "GP", "GN", … */
    unsigned char words[VDEV_SPEECH_WORDS];
    size_t count;
};

/**
 * Read `RMC ZDA NAV-PVT`, with blanks or commas between. Returns false when a word is not
 * understood, or there is none, or there are too many.
 */
bool vdev_speech_read(struct vdev_speech *, const char *words);

/** Writes the words that can be understood, with blanks between. */
void vdev_speech_list(char *text, size_t size);

/** A vdev_text; `arg` is a struct vdev_speech. */
size_t vdev_speech_text(const void *arg, const struct vdev_moment *, char *text, size_t size);

#endif
