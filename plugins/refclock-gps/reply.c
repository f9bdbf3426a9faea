/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reply_init(struct reply *reply)
{
    memset(reply, 0, sizeof *reply);
}

void reply_finish(struct reply *reply)
{
    free(reply->text);
    reply_init(reply);
}

/* ---------------------------------------------------------------- text */

static void put(struct reply *reply, const char *piece, size_t size)
{
    if (!reply->failed && reply->size + size + 1 > reply->room) {
        size_t room = 2 * (reply->size + size) + 512;
        char *text = realloc(reply->text, room);
        reply->failed = text == NULL;
        if (text != NULL) {
            reply->text = text;
            reply->room = room;
        }
    }
    if (reply->failed)
        return;
    memcpy(reply->text + reply->size, piece, size);
    reply->size += size;
    reply->text[reply->size] = '\0';
}

static void put_word(struct reply *reply, const char *word)
{
    put(reply, word, strlen(word));
}

/* How many bytes the character takes; 0: it is no UTF-8. Spec: RFC 3629 §4. */
static size_t length(const unsigned char *c)
{
    size_t more = c[0] < 0x80                   ? 0
                  : c[0] >= 0xc2 && c[0] < 0xe0 ? 1
                  : (c[0] & 0xf0) == 0xe0       ? 2
                  : c[0] >= 0xf0 && c[0] < 0xf5 ? 3
                                                : 9;
    if (more == 9)
        return 0;
    for (size_t i = 1; i <= more; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    bool longer_than_needed = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool surrogate = c[0] == 0xed && c[1] >= 0xa0;
    bool beyond = c[0] == 0xf4 && c[1] >= 0x90;
    return longer_than_needed || surrogate || beyond ? 0 : more + 1;
}

static void put_quoted(struct reply *reply, const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    put_word(reply, "\"");
    while (*c != '\0') {
        char escape[8];
        size_t size = length(c);
        if (size == 0) {
            put_word(reply, "?");
        } else if (*c == '"' || *c == '\\') {
            snprintf(escape, sizeof escape, "\\%c", *c);
            put_word(reply, escape);
        } else if (*c < 0x20 || *c == 0x7f) {
            snprintf(escape, sizeof escape, "\\u%04x", *c);
            put_word(reply, escape);
        } else {
            put(reply, (const char *)c, size);
        }
        c += size > 0 ? size : 1;
    }
    put_word(reply, "\"");
}

/* ---------------------------------------------------------------- members */

/* A comma behind the one before, and the key. */
static void begin(struct reply *reply, const char *key)
{
    char last = reply->size > 0 ? reply->text[reply->size - 1] : '[';
    if (last != '[' && last != '{')
        put_word(reply, ",");
    if (key == NULL)
        return;
    put_quoted(reply, key);
    put_word(reply, ":");
}

void reply_open(struct reply *reply, const char *key, char bracket)
{
    begin(reply, key);
    put(reply, &bracket, 1);
}

void reply_close(struct reply *reply, char bracket)
{
    put(reply, &bracket, 1);
}

void reply_null(struct reply *reply, const char *key)
{
    begin(reply, key);
    put_word(reply, "null");
}

void reply_flag(struct reply *reply, const char *key, bool flag)
{
    begin(reply, key);
    put_word(reply, flag ? "true" : "false");
}

void reply_integer(struct reply *reply, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    begin(reply, key);
    put_word(reply, text);
}

void reply_number(struct reply *reply, const char *key, double value)
{
    char text[32];
    if (!isfinite(value)) {
        reply_null(reply, key);
        return;
    }
    snprintf(text, sizeof text, "%.9g", value);
    begin(reply, key);
    put_word(reply, text);
}

void reply_words(struct reply *reply, const char *key, const char *text)
{
    if (text == NULL) {
        reply_null(reply, key);
        return;
    }
    begin(reply, key);
    put_quoted(reply, text);
}
