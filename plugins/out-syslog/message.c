/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct event_kind {
    const char *name;
    const char *id;
    bool has_value;
};

/* The ids are for catalogues and filters of other people: they never change. */
static const struct event_kind kinds[GN_EVENT_COUNT] = {
    [GN_EVENT_STARTED] = {"started", "ca8068498e4b40ed87f34f449e5aad27", false},
    [GN_EVENT_STOPPING] = {"stopping", "d1d83155ebc84e8bac67f1daee9aa8b8", false},
    [GN_EVENT_SYNCHRONISED] = {"synchronised", "a6fc9bffb4874c89a6a92261c10dc137", true},
    [GN_EVENT_LOST] = {"lost", "9aa3f0053d30403ebe8bbb54dc9ebd9a", true},
    [GN_EVENT_STEPPED] = {"stepped", "a3ea8a04d8154ddab657ef67ff2484fc", true},
    [GN_EVENT_CLOCK_MOVED] = {"clock-moved", "6459f80af2d5446db54c87a94664a31f", true},
    [GN_EVENT_SUSPENDED] = {"suspended", "c8ad709961064b1fa9adcab75e43761b", true},
    [GN_EVENT_CLOCK_REFUSED] = {"clock-refused", "34471e073b704c6f9292ae13136247f1", false},
    [GN_EVENT_SOURCE_SELECTED] = {"source-selected", "ed058c2dc6aa426e8da18e59591007c5", true},
    [GN_EVENT_SOURCE_FALSETICKER] = {"source-falseticker", "f83d0af0c7164f17ab0df1ccec401294",
                                     true},
    [GN_EVENT_SOURCE_REACHABLE] = {"source-reachable", "f9c3d9dff5fe47da8e7f71c3a571ac99", false},
    [GN_EVENT_SOURCE_UNREACHABLE] = {"source-unreachable", "4178cd4a76eb4826ae8ee214abaddd59",
                                     false},
    [GN_EVENT_SOURCE_FAULT] = {"source-fault", "f760020ccc1242c7a08d4b32154dc26f", false},
    [GN_EVENT_LEAP] = {"leap", "76ec9ad49ce84827ba700e8252893f35", false},
    [GN_EVENT_CLOCK_RETUNED] = {"clock-retuned", "bfc5b2f703cf4845821bc524f50cdcde", true},
    [GN_EVENT_CHANGE_REFUSED] = {"change-refused", "af8d8a14c2dc4dcf9acd627afc1efc80", true},
    [GN_EVENT_LOCAL] = {"local", "a9de9a1494cc49eaae7141cc9886742a", true},
    [GN_EVENT_SOURCE_CHANGED] = {"source-changed", "bdece63477fb4870a77931e69eae4317", false},
};

/* A daemon may be newer than this plugin. */
static const struct event_kind unknown = {"event", NULL, false};

static const struct event_kind *kind_of(uint32_t kind)
{
    return kind < GN_EVENT_COUNT && kinds[kind].name != NULL ? &kinds[kind] : &unknown;
}

/* Spec: RFC 3164 §4.1.1, table 2. */
static int severity(uint32_t level)
{
    static const int severities[] = {
        [GN_ERROR] = 3,
        [GN_WARNING] = 4,
        [GN_INFO] = 6,
        [GN_DEBUG] = 7,
    };
    return level <= GN_DEBUG ? severities[level] : 6;
}

static const char *text_of(const struct gn_event *event)
{
    return event->text != NULL && event->text[0] != '\0' ? event->text : kind_of(event->kind)->name;
}

/* ------------------------------------------------------------------------------ a bounded buffer
 */

struct buffer {
    char *data;
    size_t used, size;
};

static void put_bytes(struct buffer *out, const void *data, size_t size)
{
    memcpy(out->data + out->used, data, size);
    out->used += size;
}

/* Of UTF-8 text the longest beginning that fits and ends with a whole character. */
static size_t cut(const char *text, size_t room)
{
    size_t length = strnlen(text, room + 1);
    if (length <= room)
        return length;
    while (room > 0 && ((unsigned char)text[room] & 0xc0) == 0x80)
        room--;
    return room;
}

/* -------------------------------------------------------------------------------------- journal */

/* "NAME=value\n" */
static void put_plain(struct buffer *out, const char *name, const char *value, size_t length)
{
    put_bytes(out, name, strlen(name));
    put_bytes(out, "=", 1);
    put_bytes(out, value, length);
    put_bytes(out, "\n", 1);
}

/* "NAME\n", the length in eight bytes, least first, the value, "\n" */
static void put_counted(struct buffer *out, const char *name, const char *value, size_t length)
{
    unsigned char count[8];
    for (size_t i = 0; i < sizeof(count); i++)
        count[i] = (unsigned char)((uint64_t)length >> (8 * i));
    put_bytes(out, name, strlen(name));
    put_bytes(out, "\n", 1);
    put_bytes(out, count, sizeof(count));
    put_bytes(out, value, length);
    put_bytes(out, "\n", 1);
}

/* A field without room for a single byte of its value is left out. */
static void put_field(struct buffer *out, const char *name, const char *value)
{
    size_t frame = strlen(name) + 10;
    if (value == NULL || out->used + frame >= out->size)
        return;
    size_t length = cut(value, out->size - out->used - frame);
    if (memchr(value, '\n', length) != NULL)
        put_counted(out, name, value, length);
    else
        put_plain(out, name, value, length);
}

__attribute__((format(printf, 3, 4))) static void put_number(struct buffer *out, const char *name,
                                                             const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put_field(out, name, text);
}

/* Only the text can be long: it leaves a quarter to the other fields. */
size_t message_journal(const struct message_origin *origin, const struct gn_event *event, char *out,
                       size_t size)
{
    const struct event_kind *kind = kind_of(event->kind);
    struct buffer buffer = {.data = out, .size = size - size / 4};
    put_field(&buffer, "MESSAGE", text_of(event));
    buffer.size = size;
    put_number(&buffer, "PRIORITY", "%d", severity(event->level));
    put_number(&buffer, "SYSLOG_FACILITY", "%d", origin->facility);
    put_field(&buffer, "SYSLOG_IDENTIFIER", origin->identifier);
    put_field(&buffer, "MESSAGE_ID", kind->id);
    put_field(&buffer, "GNOMON_EVENT", kind->name);
    if (event->source != NULL && event->source[0] != '\0')
        put_field(&buffer, "GNOMON_SOURCE", event->source);
    if (kind->has_value && isfinite(event->value))
        put_number(&buffer, "GNOMON_VALUE", "%.9g", event->value);
    return buffer.used;
}

/* --------------------------------------------------------------------------------------- syslog */

/* Not strftime: the month's name is English, whatever the locale. */
static int put_head(const struct message_origin *origin, const struct gn_event *event,
                    const struct tm *when, char *out, size_t size)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return snprintf(out, size, "<%d>%s %2d %02d:%02d:%02d %.64s[%ld]: ",
                    origin->facility * 8 + severity(event->level), months[when->tm_mon % 12],
                    when->tm_mday, when->tm_hour, when->tm_min, when->tm_sec, origin->identifier,
                    origin->pid);
}

size_t message_syslog(const struct message_origin *origin, const struct gn_event *event,
                      const struct tm *local_time, char *out, size_t size)
{
    const char *text = text_of(event);
    int head = put_head(origin, event, local_time, out, size);
    if (head < 0 || (size_t)head >= size)
        return 0;
    struct buffer buffer = {.data = out, .used = (size_t)head, .size = size};
    put_bytes(&buffer, text, cut(text, size - buffer.used));
    for (size_t i = 0; i < buffer.used; i++)
        if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
            out[i] = ' ';
    return buffer.used;
}
