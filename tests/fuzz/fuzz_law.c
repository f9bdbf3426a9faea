/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The law language of the simulator under any text: a law, or words that begin with the column.
 * Rewriting a law in a way that changes nothing must change no draw.
 */
#include <sim/law.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DRAWS 8

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct law *parse(const char *text)
{
    char why[128] = "";
    unsigned long column = 0;
    struct law *law = law_parse(text, why, sizeof why);
    require((law == NULL) == (why[0] != '\0'));
    if (law == NULL) {
        require(sscanf(why, "column %lu: ", &column) == 1);
        require(column >= 1 && column <= strlen(text) + 1);
    }
    return law;
}

/* The words fit in whatever room there is. */
static void refuse_in(const char *text, size_t room)
{
    char why[16];
    memset(why, 'x', sizeof why);
    struct law *law = law_parse(text, why, room);
    require(law == NULL && memchr(why, '\0', room) != NULL);
    for (size_t i = room; i < sizeof why; i++)
        require(why[i] == 'x');
}

/* The same bits, so that NaN equals NaN. */
static void draw(const struct law *law, double *values)
{
    struct chance chance;
    chance_init(&chance, 1, "fuzz", "law");
    for (int i = 0; i < DRAWS; i++)
        values[i] = law_draw(law, &chance);
}

/* A text with something around it draws as it does alone; it may only be nested too deeply now. */
static void compare(const struct law *law, const char *before, const char *text, const char *after)
{
    double alone[DRAWS], around[DRAWS];
    size_t size = strlen(before) + strlen(text) + strlen(after) + 1;
    char *rewritten = malloc(size), why[128];
    require(rewritten != NULL);
    snprintf(rewritten, size, "%s%s%s", before, text, after);
    struct law *other = law_parse(rewritten, why, sizeof why);
    require(other != NULL || strstr(why, "too deeply") != NULL);
    if (other != NULL) {
        draw(law, alone);
        draw(other, around);
        for (int i = 0; i < DRAWS; i++)
            require(alone[i] == around[i] || (alone[i] != alone[i] && around[i] != around[i]));
    }
    law_destroy(other);
    free(rewritten);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    struct law *law = parse(text);
    if (law != NULL) {
        compare(law, "(", text, ")");
        compare(law, " \t", text, "\n");
        compare(law, "-(-(", text, "))");
    } else {
        refuse_in(text, 1);
        refuse_in(text, 12);
    }
    law_destroy(law);
    free(text);
    return 0;
}
