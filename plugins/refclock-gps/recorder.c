/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define OTHER_SUFFIX ".1"

/* A beginning, a speed and bytes, which must not be torn apart by the end of a file. */
#define MOST_AT_ONCE (3 * (size_t)RAWLOG_LINE)

/* ---------------------------------------------------------------- the files */

static void fail(struct recorder *recorder, int error)
{
    if (!recorder->failing)
        gn_log(recorder->host, GN_WARNING,
               "log: cannot write %s: %s; what the receiver sends is not recorded until that works",
               recorder->paths[recorder->which], strerror(-error));
    recorder->failing = true;
}

/* Reading is asked for since only then the size is told. Returns it or a negative errno. */
static int64_t open_file(struct recorder *recorder, int which, int flags, struct gn_device **file)
{
    int size = 0;
    int rc = gn_device_open(recorder->host, recorder->paths[which], O_RDWR | O_APPEND | flags, NULL,
                            NULL, file);
    if (rc < 0)
        return rc;
    rc = gn_device_ioctl(recorder->host, *file, FIONREAD, &size);
    return rc < 0 ? 0 : size; /* what is no file (a FIFO) has none */
}

/* Go on with the one that is not full; of two full ones the other is the older. */
static int open_either(struct recorder *recorder)
{
    int64_t size = open_file(recorder, 0, O_CREAT, &recorder->file);
    if (size < 0)
        return (int)size;
    recorder->which = 0;
    recorder->size = size;
    if (size < recorder->most)
        return 0;
    gn_device_close(recorder->host, recorder->file);
    recorder->file = NULL;
    recorder->which = 1;
    size = open_file(recorder, 1, O_CREAT, &recorder->file);
    recorder->size = size;
    return size < 0 ? (int)size : 0;
}

static int begin_other(struct recorder *recorder)
{
    int other = 1 - recorder->which;
    gn_device_close(recorder->host, recorder->file);
    recorder->file = NULL;
    recorder->which = other;
    recorder->size = 0;
    int64_t size = open_file(recorder, other, O_CREAT | O_TRUNC, &recorder->file);
    return size < 0 ? (int)size : 0;
}

/* ---------------------------------------------------------------- writing */

/* Returns 0 or a negative errno; then a part may have been written. */
static int write_all(struct recorder *recorder, const char *text, size_t size)
{
    while (size > 0) {
        int64_t n = gn_device_write(recorder->host, recorder->file, text, size);
        if (n <= 0)
            return n < 0 ? (int)n : -EAGAIN;
        recorder->size += n;
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

/* What was torn by an error or by a crash is ended first, so that it harms no other line. */
static int write_waiting(struct recorder *recorder)
{
    int rc = recorder->file == NULL ? open_either(recorder) : 0;
    if (rc == 0 && !recorder->whole && recorder->size > 0)
        rc = write_all(recorder, "\n", 1);
    if (rc == 0)
        rc = write_all(recorder, recorder->text, recorder->waiting);
    recorder->whole = rc == 0;
    recorder->waiting = 0;
    if (rc == 0 && recorder->size >= recorder->most) {
        rc = begin_other(recorder);
        recorder->began = false;
    }
    return rc;
}

void recorder_flush(struct recorder *recorder)
{
    if (recorder == NULL || recorder->waiting == 0)
        return;
    int rc = write_waiting(recorder);
    if (rc < 0) {
        fail(recorder, rc);
        gn_device_close(recorder->host, recorder->file);
        recorder->file = NULL;
        recorder->began = false; /* who reads it must see that something is missing */
    } else if (recorder->failing) {
        gn_log(recorder->host, GN_INFO, "log: %s is written again",
               recorder->paths[recorder->which]);
        recorder->failing = false;
    }
}

/* ---------------------------------------------------------------- lines */

static void add(struct recorder *recorder, const struct rawlog_record *record)
{
    if (recorder->waiting + RAWLOG_LINE <= sizeof recorder->text)
        recorder->waiting += rawlog_write(record, recorder->text + recorder->waiting);
}

/* While nothing can be written it is tried only when somebody says so. */
static void make_room(struct recorder *recorder)
{
    if (recorder->waiting + MOST_AT_ONCE > sizeof recorder->text && !recorder->failing)
        recorder_flush(recorder);
}

/* So begins every file, and every start of the daemon, since local time then starts anew. */
static void begin(struct recorder *recorder, gn_local at)
{
    struct rawlog_record record = {.kind = RAWLOG_BEGIN};
    if (recorder->began)
        return;
    recorder->began = true;
    recorder->at = at;
    recorder->baud = 0;
    record.system = gn_system_time(recorder->host, at);
    snprintf(record.words, sizeof record.words, "%s", recorder->words);
    add(recorder, &record);
}

void recorder_bytes(struct recorder *recorder, gn_local at, unsigned baud, const void *bytes,
                    size_t size)
{
    const char *from = bytes;
    struct rawlog_record record;
    while (recorder != NULL && size > 0) {
        make_room(recorder);
        begin(recorder, at);
        memset(&record, 0, sizeof record);
        record.at_ns = gn_local_sub(at, recorder->at);
        if (baud != recorder->baud) {
            record.kind = RAWLOG_SPEED;
            record.baud = recorder->baud = baud;
            add(recorder, &record);
        }
        record.kind = RAWLOG_READ;
        record.size = size < RAWLOG_BYTES ? size : RAWLOG_BYTES;
        memcpy(record.bytes, from, record.size);
        add(recorder, &record);
        from += record.size;
        size -= record.size;
    }
}

void recorder_pulse(struct recorder *recorder, gn_local at, gn_local stamp, int64_t error_ns)
{
    struct rawlog_record record = {.kind = RAWLOG_PULSE, .error_ns = error_ns};
    if (recorder == NULL)
        return;
    make_room(recorder);
    begin(recorder, at);
    record.at_ns = gn_local_sub(at, recorder->at);
    record.stamp_ns = gn_local_sub(stamp, recorder->at);
    add(recorder, &record);
}

/* ---------------------------------------------------------------- life */

struct recorder *recorder_create(struct gn_host *host, const char *path, const char *words)
{
    size_t length = strlen(path);
    struct recorder *recorder = calloc(1, sizeof *recorder + length + sizeof OTHER_SUFFIX);
    if (recorder == NULL)
        return NULL;
    char *other = (char *)(recorder + 1);
    memcpy(other, path, length);
    memcpy(other + length, OTHER_SUFFIX, sizeof OTHER_SUFFIX);
    recorder->host = host;
    recorder->paths[0] = path;
    recorder->paths[1] = other;
    recorder->words = words;
    recorder->most = RECORDER_MOST;
    return recorder;
}

void recorder_stop(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    recorder_flush(recorder);
    gn_device_close(recorder->host, recorder->file);
    recorder->file = NULL;
}

void recorder_destroy(struct recorder *recorder)
{
    free(recorder);
}
