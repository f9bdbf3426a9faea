/* SPDX-License-Identifier: Apache-2.0 */
/* The file of what a receiver sent: written, and read again in any pieces. */
#include <check.h>
#include <plugins/refclock-gps/rawlog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
    char text[65536];
    size_t size;
};

static void put(struct file *file, const struct rawlog_record *record)
{
    char line[RAWLOG_LINE];
    size_t size = rawlog_write(record, line);
    ck_assert_uint_le(size, sizeof line);
    ck_assert_int_eq(line[size - 1], '\n');
    memcpy(file->text + file->size, line, size);
    file->size += size;
    file->text[file->size] = '\0';
}

static struct rawlog_record bytes_at(int64_t at_ns, const void *bytes, size_t size)
{
    struct rawlog_record record = {.kind = RAWLOG_READ, .at_ns = at_ns, .size = size};
    memcpy(record.bytes, bytes, size);
    return record;
}

static const struct rawlog_record begin = {
    .kind = RAWLOG_BEGIN, .system = {1769860800123456789}, .words = "/dev/gps \\\"0\""};

/* How the header says it looks. */
START_TEST(it_looks_so)
{
    struct file file = {.size = 0};
    struct rawlog_record speed = {.kind = RAWLOG_SPEED, .at_ns = 412345678, .baud = 9600};
    struct rawlog_record read = bytes_at(512345678, "$GP\\*5C\r\n\0\x7f\xff", 12);
    struct rawlog_record pulse = {
        .kind = RAWLOG_PULSE, .at_ns = 1000001234, .stamp_ns = 1000000210, .error_ns = 1000};
    struct rawlog_record early = {
        .kind = RAWLOG_PULSE, .at_ns = 100, .stamp_ns = -50, .error_ns = 1};
    put(&file, &begin);
    put(&file, &speed);
    put(&file, &read);
    put(&file, &pulse);
    put(&file, &early);
    ck_assert_str_eq(file.text, "gnomon-raw 1 1769860800.123456789 /dev/gps \\\\\"0\"\n"
                                "0.412345678 = 9600\n"
                                "0.512345678 < $GP\\\\*5C\\r\\n\\x00\\x7f\\xff\n"
                                "1.000001234 ^ 1.000000210 0.000001000\n"
                                "0.000000100 ^ -0.000000050 0.000000001\n");
}
END_TEST

static void same(const struct rawlog_record *a, const struct rawlog_record *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_int_eq(a->at_ns, b->at_ns);
    ck_assert_int_eq(a->system.ns, b->system.ns);
    ck_assert_str_eq(a->words, b->words);
    ck_assert_uint_eq(a->baud, b->baud);
    ck_assert_uint_eq(a->size, b->size);
    ck_assert_mem_eq(a->bytes, b->bytes, a->size);
    ck_assert_int_eq(a->stamp_ns, b->stamp_ns);
    ck_assert_int_eq(a->error_ns, b->error_ns);
}

/* All bytes there are, in a file that is read in pieces of every size up to 300. */
START_TEST(what_is_written_is_read)
{
    uint8_t all[RAWLOG_BYTES];
    struct rawlog_record records[6];
    struct file *file = calloc(1, sizeof *file);
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i * 7);
    records[0] = begin;
    records[1] = bytes_at(-5, all, sizeof all);
    records[2] = bytes_at(INT64_C(3999999999999999999), "", 0);
    records[3] = (struct rawlog_record){.kind = RAWLOG_SPEED, .at_ns = 1, .baud = 4000000};
    records[4] = (struct rawlog_record){
        .kind = RAWLOG_PULSE, .at_ns = -1, .stamp_ns = -1999999999, .error_ns = 7};
    records[5] = begin;
    for (size_t i = 0; i < 6; i++)
        put(file, &records[i]);
    for (size_t piece = 1; piece <= 300; piece++) {
        struct rawlog log;
        struct rawlog_record record;
        size_t found = 0;
        rawlog_init(&log);
        for (size_t at = 0; at < file->size; at += piece) {
            const char *data = file->text + at;
            size_t size = file->size - at < piece ? file->size - at : piece;
            while (rawlog_read(&log, &data, &size, &record))
                same(&record, &records[found++]);
            ck_assert_uint_eq(size, 0);
        }
        ck_assert_uint_eq(found, 6);
        ck_assert_uint_eq(log.skipped, 0);
        ck_assert_uint_eq(log.number, 7);
    }
    free(file);
}
END_TEST

/* Lines that cannot be; what stands around them is read all the same. */
static const char *const bad_lines[] = {
    "x",
    "1.000000000",
    "1.000000000 ",
    "1.00000000 < a",
    "1.0000000001 < a",
    "1 < a",
    ".000000000 < a",
    "4000000001.000000000 < a",
    "11111111111.000000000 < a",
    "--1.000000000 < a",
    "1.000000000 > a",
    "1.000000000 <a",
    "1.000000000 < a\\",
    "1.000000000 < a\\x",
    "1.000000000 < a\\x4",
    "1.000000000 < a\\x4g",
    "1.000000000 < a\\xAB",
    "1.000000000 < a\\q",
    "1.000000000 < a\r",
    "1.000000000 < \xc3\xbc",
    "1.000000000 = ",
    "1.000000000 = 9600 ",
    "1.000000000 = -1",
    "1.000000000 = 200000000",
    "1.000000000 = 9999999999",
    "1.000000000 ^ ",
    "1.000000000 ^ 1.000000000",
    "1.000000000 ^ 1.000000000 0.000000000",
    "1.000000000 ^ 1.000000000 -0.000001000",
    "1.000000000 ^ 1.000000000 0.000001000 x",
    "gnomon-raw 2 1.000000000 a",
    "gnomon-raw 1 x a",
    "gnomon-raw 1 1.000000000",
    "1.0000000",                                       /* torn by a full disk … */
    "1.000000000 < $GPRM1.000000000 < $GPZDA\\r\\n\t", /* … and gone on with */
};

START_TEST(bad_lines_are_skipped)
{
    char text[4096];
    struct rawlog log;
    struct rawlog_record record;
    snprintf(text, sizeof text,
             "gnomon-raw 1 1.000000000 a\n2.000000000 < b\n%s\n\n3.000000000 < c\n", bad_lines[_i]);
    const char *data = text;
    size_t size = strlen(text);
    rawlog_init(&log);
    ck_assert(rawlog_read(&log, &data, &size, &record));
    ck_assert_int_eq(record.kind, RAWLOG_BEGIN);
    ck_assert(rawlog_read(&log, &data, &size, &record));
    ck_assert_int_eq(record.bytes[0], 'b');
    ck_assert_msg(rawlog_read(&log, &data, &size, &record), "%s", bad_lines[_i]);
    ck_assert_int_eq(record.bytes[0], 'c');
    ck_assert_uint_eq(log.skipped, 1);
    ck_assert(!rawlog_read(&log, &data, &size, &record));
}
END_TEST

/* More bytes than a record has, a line longer than any, a file that is something else. */
START_TEST(too_much)
{
    char *text = malloc(3 * RAWLOG_LINE);
    struct rawlog log;
    struct rawlog_record record;
    for (size_t length = RAWLOG_BYTES; length < (size_t)2 * RAWLOG_LINE; length += 100) {
        int head = sprintf(text, "gnomon-raw 1 1.000000000 a\n1.000000000 < ");
        memset(text + head, 'x', length);
        sprintf(text + head + length, "\n3.000000000 < c\n");
        const char *data = text;
        size_t size = strlen(text);
        rawlog_init(&log);
        ck_assert(rawlog_read(&log, &data, &size, &record));
        ck_assert(rawlog_read(&log, &data, &size, &record));
        ck_assert_uint_eq(record.size, length > RAWLOG_BYTES ? 1 : RAWLOG_BYTES);
        ck_assert_uint_eq(log.skipped, length > RAWLOG_BYTES);
    }
    free(text);
}
END_TEST

START_TEST(no_such_file)
{
    static const char text[] = "#!/bin/sh\n1.000000000 < no beginning\necho\n";
    const char *data = text;
    size_t size = sizeof text - 1;
    struct rawlog log;
    struct rawlog_record record;
    rawlog_init(&log);
    ck_assert(!rawlog_read(&log, &data, &size, &record));
    ck_assert(!log.begun);
    ck_assert_uint_eq(log.skipped, 3);
}
END_TEST

/* What has no end is torn. */
START_TEST(torn)
{
    static const char text[] = "gnomon-raw 1 1.000000000 a\n2.000000000 < $GPRMC,12";
    const char *data = text;
    size_t size = sizeof text - 1;
    struct rawlog log;
    struct rawlog_record record;
    rawlog_init(&log);
    ck_assert(rawlog_read(&log, &data, &size, &record));
    ck_assert(!rawlog_read(&log, &data, &size, &record));
    ck_assert_uint_eq(size, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps_rawlog");
    TCase *tests = tcase_create("gps_rawlog");
    tcase_add_test(tests, it_looks_so);
    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_loop_test(tests, bad_lines_are_skipped, 0, sizeof(bad_lines) / sizeof(bad_lines[0]));
    tcase_add_test(tests, too_much);
    tcase_add_test(tests, no_such_file);
    tcase_add_test(tests, torn);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures > 0;
}
