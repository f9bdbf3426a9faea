/* SPDX-License-Identifier: Apache-2.0 */
/* What out-syslog writes, byte for byte, and what it does when the log is not there. */

#include "life.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOURNAL "/run/systemd/journal/socket"
#define DEV_LOG "/dev/log"

static const struct gn_plugin *plugin; /* set by main, read by the tests */

static void begin(struct life *life, const char *given)
{
    life_init(life, plugin, 1);
    life_add(life, subject_role(plugin, 0), given);
}

static void tell(struct life *life, uint32_t kind, uint32_t level, const char *text)
{
    const struct gn_event event = {
        .size = sizeof(event),
        .kind = kind,
        .level = level,
        .when = {life->world.now_ns},
        .utc = {life->world.now_ns},
        .source = kind == GN_EVENT_SOURCE_SELECTED ? "gps0" : "",
        .value = -1.5,
        .text = text,
    };
    life_event(life, &event);
}

/* The last message as a string; what is no text in it stands as a dot. */
static const char *sent(struct life *life)
{
    static char text[4096];
    const struct fake_notes *notes = &life->world.notes;
    size_t size = notes->sent_size < sizeof(text) - 1 ? notes->sent_size : sizeof(text) - 1;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(notes->sent_data[i] != 0 ? notes->sent_data[i] : '.');
    text[size] = '\0';
    return text;
}

START_TEST(test_journal)
{
    struct life life;
    begin(&life, NULL);
    ck_assert_int_eq(life_begin(&life), 0);
    tell(&life, GN_EVENT_SOURCE_SELECTED, GN_INFO, "selected gps0");
    ck_assert_str_eq(life.world.notes.sent_path, JOURNAL);
    ck_assert_str_eq(
        sent(&life),
        "MESSAGE=selected gps0\nPRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=gnomon\n"
        "MESSAGE_ID=ed058c2dc6aa426e8da18e59591007c5\n"
        "GNOMON_EVENT=source-selected\nGNOMON_SOURCE=gps0\n"
        "GNOMON_VALUE=-1.5\n");
    life_end(&life);
}
END_TEST

START_TEST(test_journal_leaves_out_what_is_not_there)
{
    struct life life;
    begin(&life, "facility=local7;identifier=site");
    ck_assert_int_eq(life_begin(&life), 0);
    tell(&life, GN_EVENT_STARTED, GN_WARNING, "started");
    ck_assert_str_eq(sent(&life),
                     "MESSAGE=started\nPRIORITY=4\nSYSLOG_FACILITY=23\nSYSLOG_IDENTIFIER=site\n"
                     "MESSAGE_ID=ca8068498e4b40ed87f34f449e5aad27\n"
                     "GNOMON_EVENT=started\n");
    life_end(&life);
}
END_TEST

/* A value with line ends goes by its length, so it cannot forge a field. */
START_TEST(test_journal_counts_lines)
{
    static const char counted[] = "MESSAGE\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n";
    struct life life;
    begin(&life, NULL);
    ck_assert_int_eq(life_begin(&life), 0);
    tell(&life, GN_EVENT_STARTED, GN_INFO, "a\nPRIORITY=0");
    const struct fake_notes *notes = &life.world.notes;
    ck_assert_uint_gt(notes->sent_size, sizeof(counted));
    ck_assert_mem_eq(notes->sent_data, counted, sizeof(counted) - 1);
    life_end(&life);
}
END_TEST

START_TEST(test_syslog)
{
    struct life life;
    char expected[128];
    begin(&life, NULL);
    life.world.script.absent[0] = JOURNAL;
    ck_assert_int_eq(life_begin(&life), 0);
    tell(&life, GN_EVENT_LOST, GN_ERROR, "no source\nis left");
    snprintf(expected, sizeof(expected), "<27>Nov 14 22:13:20 gnomon[%ld]: no source is left",
             (long)getpid());
    ck_assert_str_eq(life.world.notes.sent_path, DEV_LOG);
    ck_assert_str_eq(sent(&life), expected);
    life_end(&life);
}
END_TEST

START_TEST(test_own_socket)
{
    static const struct {
        const char *given, *path, *start;
    } cases[] = {
        {"socket=/host/journal/socket", "/host/journal/socket", "MESSAGE=started\n"},
        {"socket=/host/log", "/host/log", "<30>Nov 14"},
        {"socket=/host/log;protocol=journal", "/host/log", "MESSAGE=started\n"},
        {"socket=/host/journal/socket;protocol=syslog", "/host/journal/socket", "<30>Nov 14"},
        {"protocol=syslog", DEV_LOG, "<30>Nov 14"},
    };
    struct life life;
    begin(&life, cases[_i].given);
    ck_assert_int_eq(life_begin(&life), 0);
    tell(&life, GN_EVENT_STARTED, GN_INFO, "started");
    ck_assert_str_eq(life.world.notes.sent_path, cases[_i].path);
    ck_assert_int_eq(strncmp(sent(&life), cases[_i].start, strlen(cases[_i].start)), 0);
    life_end(&life);
}
END_TEST

START_TEST(test_level)
{
    struct life life;
    begin(&life, "level=warning");
    ck_assert_int_eq(life_begin(&life), 0);
    tell(&life, GN_EVENT_STARTED, GN_INFO, "started");
    ck_assert_uint_eq(life.world.notes.sent, 0);
    tell(&life, GN_EVENT_LOST, GN_WARNING, "lost");
    ck_assert_uint_eq(life.world.notes.sent, 1);
    life_end(&life);
}
END_TEST

/* Cut at a whole character, one byte earlier or later: none of two bytes loses its half. */
START_TEST(test_long_text)
{
    static const char *const givens[] = {"protocol=syslog", "protocol=syslog;identifier=gnomon2"};
    struct life life;
    char text[3001];
    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[sizeof(text) - 1] = '\0';
    begin(&life, givens[_i]);
    ck_assert_int_eq(life_begin(&life), 0);
    tell(&life, GN_EVENT_STARTED, GN_INFO, text);
    const struct fake_notes *notes = &life.world.notes;
    ck_assert_uint_le(notes->sent_size, 1024);
    ck_assert_uint_ge(notes->sent_size, 1023);
    ck_assert_uint_eq(notes->sent_data[notes->sent_size - 1], 0xa9);
    life_end(&life);
}
END_TEST

/* A long text costs no other field. */
START_TEST(test_long_text_in_the_journal)
{
    struct life life;
    char text[3001];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    begin(&life, NULL);
    ck_assert_int_eq(life_begin(&life), 0);
    tell(&life, GN_EVENT_STEPPED, GN_INFO, text);
    ck_assert_uint_le(life.world.notes.sent_size, 2048);
    ck_assert_ptr_nonnull(strstr(sent(&life), "xxx\nPRIORITY=6\n"));
    ck_assert_ptr_nonnull(strstr(sent(&life), "\nGNOMON_VALUE=-1.5\n"));
    life_end(&life);
}
END_TEST

/* ---------------------------------------------------------------- a log that is not there */

START_TEST(test_missing_log)
{
    struct life life;
    begin(&life, NULL);
    struct fake_notes *notes = &life.world.notes;
    life.world.script.absent[0] = JOURNAL;
    life.world.script.absent[1] = DEV_LOG;
    ck_assert_int_eq(life_begin(&life), 0);
    ck_assert_uint_eq(notes->logs[GN_WARNING], 1);
    unsigned calls = life.world.script.calls;
    for (int i = 0; i < 59; i++) {
        tell(&life, GN_EVENT_STARTED, GN_INFO, "started");
        fake_world_run(&life.world, GN_NS_PER_S);
    }
    ck_assert_uint_eq(life.world.script.calls, calls);
    fake_world_run(&life.world, GN_NS_PER_S);
    tell(&life, GN_EVENT_STARTED, GN_INFO, "started");
    ck_assert_uint_gt(life.world.script.calls, calls);
    ck_assert_uint_eq(notes->logs[GN_WARNING], 1);
    life.world.script.absent[1] = NULL;
    fake_world_run(&life.world, 60 * GN_NS_PER_S);
    tell(&life, GN_EVENT_STARTED, GN_INFO, "started");
    ck_assert_uint_eq(notes->sent, 1);
    ck_assert_str_eq(notes->sent_path, DEV_LOG);
    life_end(&life);
}
END_TEST

START_TEST(test_restarted_log)
{
    static const int errors[] = {-ECONNREFUSED, -ENOTCONN, -ECONNRESET, -EPIPE};
    struct life life;
    begin(&life, NULL);
    ck_assert_int_eq(life_begin(&life), 0);
    life.world.script.send_error = errors[_i];
    life.world.script.send_errors = 1;
    tell(&life, GN_EVENT_STARTED, GN_INFO, "started");
    ck_assert_uint_eq(life.world.notes.sent, 1);
    ck_assert_uint_eq(life.world.notes.logs[GN_WARNING], 0);
    ck_assert_uint_eq(fake_world_open(&life.world), 1);
    life_end(&life);
}
END_TEST

START_TEST(test_busy_log)
{
    struct life life;
    begin(&life, NULL);
    ck_assert_int_eq(life_begin(&life), 0);
    unsigned calls = life.world.script.calls;
    life.world.script.send_error = -EAGAIN;
    life.world.script.send_errors = 2;
    tell(&life, GN_EVENT_STARTED, GN_INFO, "started");
    tell(&life, GN_EVENT_STARTED, GN_INFO, "started");
    ck_assert_uint_eq(life.world.script.calls, calls + 2);
    ck_assert_uint_eq(life.world.notes.logs[GN_WARNING], 1);
    tell(&life, GN_EVENT_STARTED, GN_INFO, "started");
    ck_assert_uint_eq(life.world.notes.sent, 1);
    life_end(&life);
}
END_TEST

START_TEST(test_empty_identifier)
{
    struct life life;
    begin(&life, "identifier=");
    ck_assert_int_eq(life_begin(&life), -EINVAL);
    ck_assert_str_eq(life.beings[0].host.words, "identifier: must not be empty");
    life_end(&life);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("out-syslog");
    TCase *bytes = tcase_create("bytes"), *missing = tcase_create("missing");
    tcase_add_test(bytes, test_journal);
    tcase_add_test(bytes, test_journal_leaves_out_what_is_not_there);
    tcase_add_test(bytes, test_journal_counts_lines);
    tcase_add_test(bytes, test_syslog);
    tcase_add_loop_test(bytes, test_own_socket, 0, 5);
    tcase_add_test(bytes, test_level);
    tcase_add_loop_test(bytes, test_long_text, 0, 2);
    tcase_add_test(bytes, test_long_text_in_the_journal);
    tcase_add_test(bytes, test_empty_identifier);
    tcase_add_test(missing, test_missing_log);
    tcase_add_loop_test(missing, test_restarted_log, 0, 4);
    tcase_add_test(missing, test_busy_log);
    suite_add_tcase(suite, bytes);
    suite_add_tcase(suite, missing);
    return suite;
}

int main(int argc, char **argv)
{
    setenv("TZ", "UTC", 1);
    plugin = subject_need(subjects_folder(argc, argv), "out-syslog");
    SRunner *runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
