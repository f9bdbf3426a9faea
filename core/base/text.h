/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/** Texts that are put together piece by piece, and guesses at what was meant by a misspelt word. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/** A growing text. `data` is ended by NUL; NULL while nothing was added. */
struct text {
    char *data;
    size_t size, capacity;
};

void text_init(struct text *);
void text_finish(struct text *);

void text_add(struct text *, const char *piece);
void text_add_bytes(struct text *, const char *piece, size_t size);
__attribute__((format(printf, 2, 3))) void text_addf(struct text *, const char *format, ...);
void text_vaddf(struct text *, const char *format, va_list);

/** The text, "" if nothing was added. Owns: the builder, until the next call. */
const char *text_string(const struct text *);

/** Whether all of `word` is made of these characters. */
bool text_consists_of(const char *word, const char *characters);

/**
 * How many letters must be added, left out, changed or swapped with their neighbour to make `a`
 * into `b`. Words of more than 63 letters are not compared: SIZE_MAX.
 */
size_t text_distance(const char *a, const char *b);

/** A search for the word that was meant: the nearest within two letters. */
struct text_guess {
    const char *word; /* as written */
    const char *best; /* NULL: none so far */
    size_t distance;
};

void text_guess_init(struct text_guess *, const char *word);
void text_guess_try(struct text_guess *, const char *candidate);

#endif
