/* SPDX-License-Identifier: Apache-2.0 */
#include <base/text.h>

#include <base/memory.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- builder */

void text_init(struct text *text)
{
    memset(text, 0, sizeof(*text));
}

void text_finish(struct text *text)
{
    free(text->data);
    text_init(text);
}

void text_add_bytes(struct text *text, const char *piece, size_t size)
{
    if (text->capacity - text->size <= size) {
        text->capacity = (text->size + size + 1) * 2;
        text->data = memory_resize(text->data, text->capacity, 1);
    }
    memcpy(text->data + text->size, piece, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_add(struct text *text, const char *piece)
{
    text_add_bytes(text, piece, strlen(piece));
}

void text_vaddf(struct text *text, const char *format, va_list args)
{
    char brief[256], *piece = brief; /* most are: they cost no allocation */
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(brief, sizeof brief, format, args);
    if (size >= (int)sizeof brief)
        size = vasprintf(&piece, format, again);
    va_end(again);
    if (size < 0)
        abort();
    text_add_bytes(text, piece, (size_t)size);
    if (piece != brief)
        free(piece);
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vaddf(text, format, args);
    va_end(args);
}

const char *text_string(const struct text *text)
{
    return text->data != NULL ? text->data : "";
}

bool text_consists_of(const char *word, const char *characters)
{
    return word[strspn(word, characters)] == '\0';
}

/* ---------------------------------------------------------------- likeness */

#define WORD_MAX 63u
#define GUESS_DISTANCE 2u

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t text_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1]; /* of the letter before the last, the last, and this one */
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    size_t a_size = strlen(a), b_size = strlen(b);
    if (a_size > WORD_MAX || b_size > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_size; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[b_size];
}

void text_guess_init(struct text_guess *guess, const char *word)
{
    guess->word = word;
    guess->best = NULL;
    guess->distance = GUESS_DISTANCE + 1;
}

void text_guess_try(struct text_guess *guess, const char *candidate)
{
    size_t distance = text_distance(guess->word, candidate);
    /* Of a word as short as the distance nothing would be left to recognise. */
    if (distance < guess->distance && distance < strlen(guess->word)) {
        guess->distance = distance;
        guess->best = candidate;
    }
}
