/* SPDX-License-Identifier: Apache-2.0 */
#include "gpsd.h"

#include "gpsd_report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define PROTOCOL 3

bool gpsd_available(void)
{
    return true;
}

void gpsd_init(struct gpsd *gpsd, const char *device)
{
    memset(gpsd, 0, sizeof *gpsd);
    gpsd->wanted = device;
}

void gpsd_renew(struct gpsd *gpsd)
{
    gpsd->state = GPSD_UNKNOWN;
    gpsd->heard[0] = '\0';
    gpsd->devices = 0;
    gpsd->lost = gpsd->listed = gpsd->present = gpsd->skipping = false;
    gpsd->used = 0;
    gpsd->why = NULL;
}

static void refuse(struct gpsd *gpsd, const char *why)
{
    gpsd->counts.refused++;
    gpsd->why = why;
}

/* For people, so it may be cut; what does not belong into a log is left out. */
static void append(struct gps_message *message, const char *text)
{
    size_t used = strlen(message->words);
    for (; *text != '\0' && used + 1 < sizeof message->words; text++)
        message->words[used++] = (unsigned char)*text >= ' ' && *text != 0x7f ? *text : '?';
    message->words[used] = '\0';
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* ---------------------------------------------------------------- which gpsd */

static const char *read_version(struct gpsd *gpsd, struct gps_message *message,
                                const json_t *object)
{
    const json_t *major = json_object_get(object, "proto_major");
    const json_t *minor = json_object_get(object, "proto_minor");
    char words[sizeof message->words];
    if (!json_is_integer(major) || !json_is_integer(minor))
        return "a version without the number of its protocol";
    json_int_t number = json_integer_value(major);
    gpsd->state = number == PROTOCOL ? GPSD_SPEAKS : GPSD_STRANGE;
    snprintf(words, sizeof words, "gpsd %.20s speaks protocol %lld.%lld%s",
             text_of(object, "release"), (long long)number, (long long)json_integer_value(minor),
             number < PROTOCOL   ? ", which is too old: 3 is needed"
             : number > PROTOCOL ? ", which is not known: 3 is"
                                 : "");
    append(message, words);
    return NULL;
}

/* ---------------------------------------------------------------- which device */

static void note_device(struct gpsd *gpsd, struct gps_message *message, const json_t *device)
{
    const char *path = text_of(device, "path"), *driver = text_of(device, "driver");
    if (gpsd->wanted[0] == '\0' || strcmp(path, gpsd->wanted) == 0)
        gpsd->present = true;
    if (gpsd->devices++ > 0)
        append(message, ", ");
    append(message, path);
    if (driver[0] == '\0')
        return;
    append(message, " (");
    append(message, driver);
    append(message, ")");
}

static const char *read_devices(struct gpsd *gpsd, struct gps_message *message,
                                const json_t *object)
{
    const json_t *list = json_object_get(object, "devices");
    if (!json_is_array(list))
        return "no list of devices";
    for (size_t i = 0; i < json_array_size(list); i++)
        if (text_of(json_array_get(list, i), "path")[0] == '\0')
            return "a device without a path";
    gpsd->devices = 0;
    gpsd->present = false;
    gpsd->listed = true;
    for (size_t i = 0; i < json_array_size(list); i++)
        note_device(gpsd, message, json_array_get(list, i));
    return NULL;
}

/* One of them comes or goes: "activated" is then, or 0. Who wants to know of all has to ask. */
static const char *read_device(struct gpsd *gpsd, struct gps_message *message, const json_t *object)
{
    const char *path = text_of(object, "path");
    if (path[0] == '\0')
        return "a device without a path";
    gpsd->listed = false;
    message->kind = GPS_OTHER;
    const json_t *activated = json_object_get(object, "activated");
    if (json_is_number(activated) && json_number_value(activated) <= 0 &&
        strcmp(path, gpsd->heard) == 0)
        gpsd->lost = true;
    return NULL;
}

/* Whether a report is of the device that is heard. Old ones of a single device do not say it. */
static bool is_heard(struct gpsd *gpsd, const char *device)
{
    const char *wanted = gpsd->wanted[0] != '\0' ? gpsd->wanted : gpsd->lost ? "" : gpsd->heard;
    if (device[0] == '\0')
        return gpsd->devices <= 1;
    if (wanted[0] != '\0' && strcmp(device, wanted) != 0)
        return false;
    snprintf(gpsd->heard, sizeof gpsd->heard, "%s", device);
    gpsd->lost = false;
    return true;
}

/* ---------------------------------------------------------------- objects */

static enum gps_kind kind_of(const char *class)
{
    static const struct {
        const char *class;
        enum gps_kind kind;
    } classes[] = {
        {"VERSION", GPSD_VERSION}, {"DEVICES", GPSD_DEVICES}, {"DEVICE", GPSD_DEVICES},
        {"TPV", GPSD_TPV},         {"SKY", GPSD_SKY},         {"PPS", GPSD_PPS},
        {"TOFF", GPSD_TOFF},       {"ERROR", GPSD_ERROR},
    };
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(class, classes[i].class) == 0)
            return classes[i].kind;
    return GPS_OTHER;
}

/* Returns what is wrong with it; an object that is of no use becomes GPS_OTHER. */
static const char *read_object(struct gpsd *gpsd, struct gps_message *message, const json_t *object)
{
    const char *class = text_of(object, "class");
    gps_message_init(message, kind_of(class));
    if (class[0] == '\0')
        return "an object of no class";
    if (message->kind == GPSD_VERSION)
        return read_version(gpsd, message, object);
    if (gpsd->state != GPSD_SPEAKS) {
        message->kind = GPS_OTHER;
        return gpsd->state == GPSD_STRANGE ? NULL : "it speaks before it says its version";
    }
    if (message->kind == GPSD_ERROR)
        append(message, text_of(object, "message"));
    if (message->kind == GPSD_DEVICES)
        return strcmp(class, "DEVICE") == 0 ? read_device(gpsd, message, object)
                                            : read_devices(gpsd, message, object);
    if (message->kind < GPSD_TPV || message->kind > GPSD_TOFF)
        return NULL;
    if (!is_heard(gpsd, text_of(object, "device"))) {
        gpsd->counts.foreign++;
        message->kind = GPS_OTHER;
        return NULL;
    }
    return gpsd_report_read(message, object);
}

static void read_line(struct gpsd *gpsd, gpsd_cb callback, void *arg)
{
    struct gps_message message;
    while (gpsd->used > 0 && gpsd->line[gpsd->used - 1] == '\r')
        gpsd->used--;
    if (gpsd->used == 0)
        return;
    gpsd->counts.lines++;
    json_t *object = json_loadb(gpsd->line, gpsd->used, 0, NULL);
    const char *why =
        json_is_object(object) ? read_object(gpsd, &message, object) : "not an object in JSON";
    json_decref(object);
    if (why != NULL)
        refuse(gpsd, why);
    else if (message.kind != GPS_OTHER)
        callback(arg, &message);
}

/* ---------------------------------------------------------------- lines */

static void end_line(struct gpsd *gpsd, gpsd_cb callback, void *arg)
{
    if (!gpsd->skipping)
        read_line(gpsd, callback, arg);
    gpsd->skipping = false;
    gpsd->used = 0;
}

static void add_bytes(struct gpsd *gpsd, const char *bytes, size_t size)
{
    if (gpsd->skipping)
        return;
    if (size > sizeof gpsd->line - gpsd->used) {
        gpsd->counts.lines++;
        gpsd->counts.overlong++;
        refuse(gpsd, "a line that is too long");
        gpsd->skipping = true;
        return;
    }
    memcpy(gpsd->line + gpsd->used, bytes, size);
    gpsd->used += size;
}

void gpsd_feed(struct gpsd *gpsd, const void *bytes, size_t size, gpsd_cb callback, void *arg)
{
    const char *text = bytes;
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t part = end != NULL ? (size_t)(end - text) : size;
        add_bytes(gpsd, text, part);
        text += part;
        size -= part;
        if (end == NULL)
            break;
        end_line(gpsd, callback, arg);
        text++;
        size--;
    }
}
