/* SPDX-License-Identifier: Apache-2.0 */
/* The options `log` and `replay` of refclock-gps, on a disk and a clock that are made up here. */
#include <check.h>
#include <fcntl.h>
#include <plugins/refclock-gps/player.h>
#include <plugins/refclock-gps/recorder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define FILES 2
#define ROOM 400000

struct gn_device {
    char path[32];
    char text[ROOM];
    size_t size, at;
    bool there, open, appending;
};

struct gn_timer {
    gn_timer_cb callback;
    void *arg;
    gn_local due;
    bool armed;
};

/* A machine with a small disk. */
struct machine {
    struct gn_host host; /* first */
    struct gn_device files[FILES];
    size_t room; /* of the disk */
    int open_error;
    unsigned opens;
    struct gn_timer timer;
    gn_local now;
    int64_t late_ns; /* of the timer */
    unsigned warnings, infos;
};

static struct machine *machine_of(struct gn_host *host)
{
    return (struct machine *)host;
}

static int file_open(struct gn_host *host, const char *path, int flags, gn_device_cb readable,
                     void *arg, struct gn_device **out)
{
    struct machine *m = machine_of(host);
    struct gn_device *file = m->files;
    (void)readable, (void)arg;
    m->opens++;
    if (m->open_error != 0)
        return m->open_error;
    while (file->there && strcmp(file->path, path) != 0)
        file++;
    ck_assert_ptr_ne(file, m->files + FILES);
    if (!file->there && (flags & O_CREAT) == 0)
        return -ENOENT;
    ck_assert(!file->open);
    snprintf(file->path, sizeof file->path, "%s", path);
    file->there = file->open = true;
    file->appending = (flags & O_APPEND) != 0;
    file->at = 0;
    if ((flags & O_TRUNC) != 0)
        file->size = 0;
    *out = file;
    return 0;
}

static int64_t file_read(struct gn_host *host, struct gn_device *file, void *data, size_t size)
{
    (void)host;
    size_t n = file->size - file->at < size ? file->size - file->at : size;
    memcpy(data, file->text + file->at, n);
    file->at += n;
    return (int64_t)n;
}

static int64_t file_write(struct gn_host *host, struct gn_device *file, const void *data,
                          size_t size)
{
    struct machine *m = machine_of(host);
    size_t used = m->files[0].size + m->files[1].size;
    size_t n = m->room - used < size ? m->room - used : size;
    ck_assert(file->appending);
    if (n == 0)
        return -ENOSPC;
    memcpy(file->text + file->size, data, n);
    file->size += n;
    return (int64_t)n;
}

static int file_ioctl(struct gn_host *host, struct gn_device *file, unsigned long request,
                      void *data)
{
    int size = (int)(file->size - file->at);
    (void)host;
    ck_assert_uint_eq(request, FIONREAD);
    memcpy(data, &size, sizeof size);
    return 0;
}

static void file_close(struct gn_host *host, struct gn_device *file)
{
    (void)host;
    ck_assert(file->open);
    file->open = false;
}

static gn_local clock_now(struct gn_host *host)
{
    return machine_of(host)->now;
}

static gn_utc clock_system(struct gn_host *host, gn_local when)
{
    (void)host;
    return (gn_utc){when.ns + 5};
}

static int timer_open(struct gn_host *host, gn_timer_cb callback, void *arg, struct gn_timer **out)
{
    struct gn_timer *timer = &machine_of(host)->timer;
    *timer = (struct gn_timer){.callback = callback, .arg = arg};
    *out = timer;
    return 0;
}

static int timer_start(struct gn_host *host, struct gn_timer *timer, int64_t delay_ns)
{
    timer->due = gn_local_add(machine_of(host)->now, delay_ns);
    timer->armed = true;
    return 0;
}

static void timer_close(struct gn_host *host, struct gn_timer *timer)
{
    (void)host;
    timer->armed = false;
}

static void count_log(struct gn_host *host, enum gn_level level, const char *format, va_list args)
{
    struct machine *m = machine_of(host);
    (void)format, (void)args;
    m->warnings += level == GN_WARNING;
    m->infos += level == GN_INFO;
}

static const struct gn_device_ops device_ops = {
    .size = sizeof device_ops,
    .open = file_open,
    .read = file_read,
    .write = file_write,
    .ioctl = file_ioctl,
    .close = file_close,
};
static const struct gn_clock_ops clock_ops = {
    .size = sizeof clock_ops, .now = clock_now, .system_time = clock_system};
static const struct gn_timer_ops timer_ops = {
    .size = sizeof timer_ops, .open = timer_open, .start = timer_start, .close = timer_close};
static const struct gn_log_ops log_ops = {.size = sizeof log_ops, .log = count_log};

static struct machine *machine_create(void)
{
    struct machine *m = calloc(1, sizeof *m);
    m->host = (struct gn_host){.size = sizeof m->host,
                               .name = "gps0",
                               .log = &log_ops,
                               .clock = &clock_ops,
                               .timer = &timer_ops,
                               .device = &device_ops};
    m->room = ROOM;
    m->now.ns = INT64_C(1700000000000000000);
    return m;
}

static void run(struct machine *m, int64_t duration_ns)
{
    gn_local end = gn_local_add(m->now, duration_ns);
    while (m->timer.armed && gn_local_sub(end, m->timer.due) >= 0) {
        if (gn_local_sub(m->timer.due, m->now) > 0)
            m->now = m->timer.due;
        m->now.ns += m->late_ns;
        m->timer.armed = false;
        m->timer.callback(m->timer.arg, m->timer.due);
    }
    if (gn_local_sub(end, m->now) > 0)
        m->now = end;
}

/* ---------------------------------------------------------------- what is played */

struct heard {
    char text[ROOM];
    size_t size;
    gn_local first, at, stamp; /* of the first bytes, the last, and the last pulse */
    unsigned baud, begins, reads, pulses, ends;
    int error;
    char words[256];
};

static void on_bytes(void *arg, gn_local at, unsigned baud, const void *bytes, size_t size)
{
    struct heard *heard = arg;
    ck_assert_uint_eq(heard->ends, 0);
    ck_assert_int_ge(gn_local_sub(at, heard->at), 0);
    ck_assert_uint_le(heard->size + size, sizeof heard->text);
    memcpy(heard->text + heard->size, bytes, size);
    heard->size += size;
    heard->first = heard->reads++ == 0 ? at : heard->first;
    heard->at = at;
    heard->baud = baud;
}

static void on_begin(void *arg)
{
    struct heard *heard = arg;
    heard->begins++;
}

static void on_pulse(void *arg, gn_local at, gn_local stamp, int64_t error_ns)
{
    struct heard *heard = arg;
    ck_assert_int_eq(error_ns, 1000);
    heard->pulses++;
    heard->at = at;
    heard->stamp = stamp;
}

static void on_end(void *arg, int error, const char *words)
{
    struct heard *heard = arg;
    heard->ends++;
    heard->error = error;
    snprintf(heard->words, sizeof heard->words, "%s", words);
}

static const struct player_events events = {on_begin, on_bytes, on_pulse, on_end};

static struct heard *play(struct machine *m, const char *path, int64_t duration_ns)
{
    struct heard *heard = calloc(1, sizeof *heard);
    struct player *player = player_create(&m->host, path, &events, heard);
    heard->at.ns = INT64_MIN / 4;
    ck_assert_int_eq(player_start(player), 0);
    run(m, duration_ns);
    player_stop(player);
    player_destroy(player);
    ck_assert(!m->files[0].open && !m->files[1].open);
    return heard;
}

/* ---------------------------------------------------------------- the tests */

/* What was recorded is played, at the same intervals to the nanosecond, however late the timer. */
START_TEST(there_and_back)
{
    struct machine *m = machine_create();
    struct recorder *recorder = recorder_create(&m->host, "/log", "/dev/gps0");
    gn_local begin = m->now;
    for (int i = 0; i < 100; i++) {
        m->now.ns += GN_NS_PER_S + i;
        recorder_pulse(recorder, m->now, gn_local_add(m->now, -77), 1000);
        m->now.ns += 400000123;
        recorder_bytes(recorder, m->now, 9600, "$GPRMC*00\r\n", 11);
        recorder_bytes(recorder, m->now, 9600, "\xb5\x62\0\\", 4);
        recorder_flush(recorder);
    }
    int64_t lasted_ns = gn_local_sub(m->now, gn_local_add(begin, GN_NS_PER_S));
    recorder_stop(recorder);
    recorder_destroy(recorder);
    m->late_ns = 1234567;
    struct heard *heard = play(m, "/log", 200 * GN_NS_PER_S);
    ck_assert_uint_eq(heard->reads, 200);
    ck_assert_uint_eq(heard->pulses, 100);
    ck_assert_uint_eq(heard->size, 1500);
    ck_assert_mem_eq(heard->text + 1485, "$GPRMC*00\r\n\xb5\x62\0\\", 15);
    ck_assert_uint_eq(heard->baud, 9600);
    ck_assert_int_eq(gn_local_sub(heard->at, heard->first), lasted_ns - 400000123);
    ck_assert_int_eq(gn_local_sub(heard->at, heard->stamp), 400000123 + 77);
    ck_assert_uint_eq(heard->ends, 1);
    ck_assert_int_eq(heard->error, 0);
    ck_assert_str_eq(heard->words, "replay: /log has been played to its end");
    ck_assert_uint_eq(m->warnings + m->infos, 0);
    free(heard);
    free(m);
}
END_TEST

/* A second start goes on in the same file, also behind a line that a crash has torn. */
START_TEST(appended)
{
    struct machine *m = machine_create();
    for (int i = 0; i < 2; i++) {
        struct recorder *recorder = recorder_create(&m->host, "/log", "/dev/gps0");
        recorder_bytes(recorder, m->now, 0, "abc", 3);
        recorder_stop(recorder);
        recorder_destroy(recorder);
        if (i == 0)
            m->files[0].size -= 2;
    }
    ck_assert_mem_eq(m->files[0].text,
                     "gnomon-raw 1 1700000000.000000005 /dev/gps0\n"
                     "0.000000000 < ab\n"
                     "gnomon-raw 1 1700000000.000000005 /dev/gps0\n"
                     "0.000000000 < abc\n",
                     123);
    struct heard *heard = play(m, "/log", 10 * GN_NS_PER_S);
    ck_assert_uint_eq(heard->begins, 2);
    ck_assert_uint_eq(heard->reads, 2);
    ck_assert_int_eq(gn_local_sub(heard->at, heard->first), GN_NS_PER_S);
    free(heard);
    free(m);
}
END_TEST

/* Two files that take turns; nothing of the newest `most` bytes is missing, each can be played. */
START_TEST(bounded)
{
    struct machine *m = machine_create();
    struct recorder *recorder = recorder_create(&m->host, "/log", "/dev/gps0");
    char text[32];
    recorder->most = 50000;
    for (int i = 0; i < 6000; i++) {
        int size = snprintf(text, sizeof text, "%d;", i);
        m->now.ns += GN_NS_PER_S;
        recorder_bytes(recorder, m->now, 9600, text, (size_t)size);
        if (i % 7 == 0)
            recorder_flush(recorder);
        if (i % 1000 == 999) { /* the daemon starts anew, and goes on where it was */
            recorder_stop(recorder);
            recorder_destroy(recorder);
            recorder = recorder_create(&m->host, "/log", "/dev/gps0");
            recorder->most = 50000;
        }
        ck_assert_uint_le(m->files[0].size, 50000 + 1000);
        ck_assert_uint_le(m->files[1].size, 50000 + 1000);
    }
    recorder_stop(recorder);
    int newest = recorder->which;
    recorder_destroy(recorder);
    struct heard *old = play(m, newest == 0 ? "/log.1" : "/log", 9000 * GN_NS_PER_S);
    struct heard *last = play(m, newest == 0 ? "/log" : "/log.1", 9000 * GN_NS_PER_S);
    ck_assert_int_eq(old->error, 0);
    ck_assert_int_eq(last->error, 0);
    int missing = atoi(last->text) - 1; /* goes on where the other ended */
    int length = snprintf(text, sizeof text, "%d;", missing);
    ck_assert_mem_eq(old->text + old->size - length, text, (size_t)length);
    ck_assert_mem_eq(last->text + last->size - 5, "5999;", 5);
    free(old);
    free(last);
    free(m);
}
END_TEST

/* It is told once, costs no more than a try a second, and what is read again is whole. */
START_TEST(full_disk)
{
    struct machine *m = machine_create();
    struct recorder *recorder = recorder_create(&m->host, "/log", "/dev/gps0");
    char noise[1000];
    memset(noise, '\xff', sizeof noise);
    m->room = 100;
    for (int i = 0; i < 10; i++) {
        m->now.ns += GN_NS_PER_S;
        for (int j = 0; j < 100; j++)
            recorder_bytes(recorder, m->now, 9600, noise, sizeof noise);
        recorder_flush(recorder);
    }
    ck_assert_uint_eq(m->warnings, 1);
    ck_assert_uint_le(m->opens, 12);
    ck_assert_uint_eq(m->files[0].size, 100);
    m->room = ROOM;
    recorder_bytes(recorder, m->now, 9600, "again", 5);
    recorder_flush(recorder);
    recorder_bytes(recorder, m->now, 9600, "!", 1);
    recorder_stop(recorder);
    recorder_destroy(recorder);
    ck_assert_uint_eq(m->warnings, 1);
    ck_assert_uint_eq(m->infos, 1);
    ck_assert_ptr_nonnull(strstr(m->files[0].text + 100, "gnomon-raw")); /* begun anew */
    struct heard *heard = play(m, "/log", 10 * GN_NS_PER_S);
    ck_assert_uint_eq(heard->size, 6);
    ck_assert_mem_eq(heard->text, "again!", 6);
    ck_assert_str_eq(heard->words,
                     "replay: /log has been played to its end; 1 lines could not be read");
    free(heard);
    free(m);
}
END_TEST

START_TEST(no_file)
{
    struct machine *m = machine_create();
    struct recorder *recorder = recorder_create(&m->host, "/log", "/dev/gps0");
    m->open_error = -EACCES;
    for (int i = 0; i < 5; i++) {
        recorder_bytes(recorder, m->now, 9600, "x", 1);
        recorder_flush(recorder);
    }
    recorder_stop(recorder);
    recorder_destroy(recorder);
    ck_assert_uint_eq(m->warnings, 1);
    struct heard *heard = play(m, "/log", GN_NS_PER_S);
    ck_assert_int_eq(heard->error, -EACCES);
    ck_assert_str_eq(heard->words, "replay: cannot read /log: Permission denied");
    free(heard);
    m->open_error = 0;
    strcpy(m->files[0].path, "/log");
    m->files[0].there = true;
    m->files[0].size = (size_t)sprintf(m->files[0].text, "#!/bin/sh\necho\n");
    heard = play(m, "/log", GN_NS_PER_S);
    ck_assert_int_eq(heard->error, -EBADMSG);
    ck_assert_str_eq(heard->words, "replay: /log is no recording of `log`");
    free(heard);
    free(m);
    recorder_bytes(NULL, (gn_local){0}, 0, "x", 1);
    recorder_pulse(NULL, (gn_local){0}, (gn_local){0}, 1);
    recorder_flush(NULL);
    recorder_stop(NULL);
    player_stop(NULL);
}
END_TEST

/* A file that nobody wrote this way: its instants do not run backwards, nor beyond all bounds. */
START_TEST(odd_instants)
{
    struct machine *m = machine_create();
    strcpy(m->files[0].path, "/log");
    m->files[0].there = true;
    m->files[0].size = (size_t)sprintf(m->files[0].text, "gnomon-raw 1 1.000000000 a\n"
                                                         "5.000000000 < a\n"
                                                         "-4000000000.000000000 < b\n"
                                                         "gnomon-raw 1 1.000000000 a\n"
                                                         "-4000000000.000000000 < c\n"
                                                         "4000000000.000000000 < d\n");
    struct heard *heard = play(m, "/log", 100 * GN_NS_PER_S);
    ck_assert_uint_eq(heard->size, 3);
    ck_assert_int_eq(gn_local_sub(heard->at, heard->first), GN_NS_PER_S);
    ck_assert_uint_eq(heard->ends, 0);
    free(heard);
    free(m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps_recorder");
    TCase *tests = tcase_create("gps_recorder");
    tcase_add_test(tests, there_and_back);
    tcase_add_test(tests, appended);
    tcase_add_test(tests, bounded);
    tcase_add_test(tests, full_disk);
    tcase_add_test(tests, no_file);
    tcase_add_test(tests, odd_instants);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures > 0;
}
