/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: lines, bounds, clients that behave badly; then once over a real socket. */
#include "control_fixture.h"
#include "os_fixture.h"

#include <host/lines.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MEBIBYTE ((size_t)1 << 20)

/* ---------------------------------------------------------------- lines */

struct seen {
    char text[256];
    unsigned count, stop_after;
};

static bool on_line(void *arg, const char *line, size_t length)
{
    struct seen *seen = arg;
    ck_assert_uint_eq(strlen(line), length);
    snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "[%s]",
             line);
    return ++seen->count != seen->stop_after;
}

START_TEST(lines_do_not_depend_on_chunks)
{
    static const char text[] = "one\n\ntwo three\nfour";
    for (size_t chunk = 1; chunk < sizeof(text); chunk++) {
        struct lines lines;
        struct seen seen = {.text = ""};
        lines_init(&lines, 9);
        for (size_t at = 0; at < sizeof(text) - 1; at += chunk) {
            size_t rest = sizeof(text) - 1 - at;
            ck_assert_int_eq(
                lines_feed(&lines, text + at, rest < chunk ? rest : chunk, on_line, &seen), 0);
        }
        ck_assert_str_eq(seen.text, "[one][][two three]");
        ck_assert(lines_pending(&lines));
        lines_finish(&lines);
    }
}
END_TEST

START_TEST(lines_are_bounded)
{
    struct lines lines;
    struct seen seen = {.text = ""};
    lines_init(&lines, 4);
    ck_assert_int_eq(lines_feed(&lines, "abcd\nabc", 8, on_line, &seen), 0);
    ck_assert_int_eq(lines_feed(&lines, "de", 2, on_line, &seen), -EMSGSIZE);
    ck_assert_str_eq(seen.text, "[abcd]");
    lines_finish(&lines);

    ck_assert_int_eq(lines_feed(&lines, "a\nb\0c\n", 6, on_line, &seen), -EINVAL);
    ck_assert_str_eq(seen.text, "[abcd][a]");
    lines_finish(&lines);

    seen.stop_after = 3;
    ck_assert_int_eq(lines_feed(&lines, "x\ny\n", 4, on_line, &seen), -ECANCELED);
    ck_assert_str_eq(seen.text, "[abcd][a][x]");
    lines_finish(&lines);
}
END_TEST

/* ---------------------------------------------------------------- over a fake */

START_TEST(requests_are_answered_in_order)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, 0, fake_answer), 0);
    struct os_stream *stream = fake_connect(&fake);
    fake_say(stream, "{\"a\":1}\n{\"b\":2}\n{\"c\"");
    ck_assert_str_eq(fake_heard(stream), "{\"n\":0}\n{\"n\":1}\n");
    fake_say(stream, ":3}\n");
    ck_assert_str_eq(fake_heard(stream), "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
    ck_assert_str_eq(fake.last, "{\"c\":3}");
    fake_feed(stream, NULL, 0);
    ck_assert(stream->closed);
    ck_assert(stream->flushed);
    fake_close(&fake);
}
END_TEST

START_TEST(endless_line_gets_one_error)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, 0, fake_answer), 0);
    struct os_stream *stream = fake_connect(&fake), *other = fake_connect(&fake);
    char chunk[4096];
    memset(chunk, 'x', sizeof(chunk));
    for (size_t sent = 0; sent < MEBIBYTE; sent += sizeof(chunk))
        fake_feed(stream, chunk, sizeof(chunk));
    fake_say(stream, "\n{\"a\":1}\n");
    ck_assert_str_eq(fake_heard(stream),
                     "{\"ok\":false,\"error\":\"the request is longer than 65536 bytes\"}\n");
    ck_assert_uint_eq(fake.requests, 0);
    /* What it goes on sending is thrown away for a moment, so that it can read the error. */
    ck_assert(!stream->closed);
    fake_pass(&fake, GN_NS_PER_S);
    ck_assert(stream->closed);
    ck_assert(!other->closed);
    fake_say(other, "{}\n");
    ck_assert_str_eq(fake_heard(other), "{\"n\":0}\n");
    fake_close(&fake);
}
END_TEST

START_TEST(longest_line_is_taken)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, 0, fake_answer), 0);
    struct os_stream *stream = fake_connect(&fake);
    char *line = malloc(CONTROL_LINE_MAX + 1);
    memset(line, ' ', CONTROL_LINE_MAX);
    line[CONTROL_LINE_MAX] = '\n';
    fake_feed(stream, line, CONTROL_LINE_MAX + 1);
    ck_assert_str_eq(fake_heard(stream), "{\"n\":0}\n");
    free(line);
    fake_close(&fake);
}
END_TEST

START_TEST(nul_is_an_error)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, 0, fake_answer), 0);
    struct os_stream *stream = fake_connect(&fake);
    fake_feed(stream, "{}\n{\0}\n{}\n", 10);
    ck_assert_str_eq(fake_heard(stream),
                     "{\"n\":0}\n{\"ok\":false,\"error\":\"the request contains "
                     "a NUL byte\"}\n");
    fake_feed(stream, NULL, 0);
    ck_assert(stream->closed);
    fake_close(&fake);
}
END_TEST

START_TEST(half_a_line_that_hangs)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, 0, fake_answer), 0);
    struct os_stream *half = fake_connect(&fake), *idle = fake_connect(&fake);
    struct os_stream *busy = fake_connect(&fake);
    fake_say(half, "{\"command\":");
    fake_pass(&fake, CONTROL_IDLE_NS - 1);
    fake_say(half, "\"trac"); /* not a whole line: does not count */
    fake_say(busy, "{}\n");
    ck_assert(!half->closed && !idle->closed);
    fake_pass(&fake, 1);
    ck_assert(half->closed && half->flushed);
    ck_assert_str_eq(fake_heard(half),
                     "{\"ok\":false,\"error\":\"no whole request within 60 s\"}\n");
    ck_assert(idle->closed);
    ck_assert_str_eq(fake_heard(idle), "");
    ck_assert(!busy->closed);
    fake_close(&fake);
}
END_TEST

START_TEST(half_a_line_at_the_end)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, 0, fake_answer), 0);
    struct os_stream *stream = fake_connect(&fake);
    fake_say(stream, "{\"command\":\"tracking\"}");
    fake_feed(stream, NULL, 0);
    ck_assert(stream->closed && stream->flushed);
    ck_assert_str_eq(fake_heard(stream),
                     "{\"ok\":false,\"error\":\"the request is not ended by a newline\"}\n");
    ck_assert_uint_eq(fake.requests, 0);
    fake_close(&fake);
}
END_TEST

START_TEST(clients_are_counted)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, 0, fake_answer), 0);
    struct os_stream *first = fake_connect(&fake);
    for (int i = 1; i < CONTROL_CLIENTS_MAX; i++)
        ck_assert(!fake_connect(&fake)->closed);
    struct os_stream *extra = fake_connect(&fake);
    ck_assert(extra->closed && extra->flushed);
    ck_assert_str_eq(fake_heard(extra), "{\"ok\":false,\"error\":\"too many clients\"}\n");
    fake_feed(first, NULL, 0);
    ck_assert(!fake_connect(&fake)->closed);
    fake_close(&fake);
}
END_TEST

/* As `sources` of a machine with many of them. */
static void answer_at_length(void *arg, const char *request, gn_command_cb reply, void *reply_arg)
{
    char words[16384];
    (void)arg;
    (void)request;
    memset(words, 'x', sizeof(words));
    words[sizeof(words) - 1] = '\0';
    reply(reply_arg, words);
}

START_TEST(deaf_client_is_closed)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, 0, answer_at_length), 0);
    struct os_stream *stream = fake_connect(&fake);
    stream->deaf = true;
    for (int i = 0; i < 1000 && !stream->closed; i++)
        fake_say(stream, "{}\n{}\n");
    ck_assert(stream->closed);
    ck_assert(!stream->flushed);
    ck_assert_uint_lt(stream->size, 2 * MEBIBYTE);
    ck_assert_ptr_nonnull(strstr(fake.log, "does not read"));
    fake_close(&fake);
}
END_TEST

START_TEST(broken_stream_is_closed)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, 0, fake_answer), 0);
    struct os_stream *stream = fake_connect(&fake);
    stream->events->closed(stream->arg, -ECONNRESET);
    ck_assert(stream->closed && !stream->flushed);
    fake_close(&fake);
}
END_TEST

START_TEST(refused_path_is_told)
{
    struct fake fake;
    ck_assert_int_eq(fake_open(&fake, -EADDRINUSE, fake_answer), -EADDRINUSE);
    ck_assert_ptr_null(fake.control);
    ck_assert_ptr_nonnull(strstr(fake.log, "/tmp/x.sock"));
    ck_assert_ptr_nonnull(strstr(fake.log, "another daemon"));
    fake_close(&fake);
}
END_TEST

/* ---------------------------------------------------------------- over a real socket */

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Let the daemon's side work until `fd` has brought `expected`. */
static void expect(struct os_fixture *fixture, int fd, const char *expected)
{
    char got[512] = "";
    size_t used = 0;
    for (int i = 0; i < 500 && used < strlen(expected); i++) {
        fixture_pause(fixture, 10 * 1000000);
        ssize_t n = recv(fd, got + used, sizeof(got) - 1 - used, MSG_DONTWAIT);
        used += n > 0 ? (size_t)n : 0;
        got[used] = '\0';
    }
    ck_assert_str_eq(got, expected);
}

/* Send in pieces while the daemon's side works; ends at once when the daemon has closed. */
static void flood(struct os_fixture *fixture, int fd, size_t size)
{
    char chunk[65536];
    memset(chunk, 'x', sizeof(chunk));
    for (size_t sent = 0; sent < size;) {
        ssize_t n = send(fd, chunk, sizeof(chunk), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return;
        sent += n > 0 ? (size_t)n : 0;
        fixture_pause(fixture, 1000000);
    }
}

START_TEST(real_socket)
{
    struct os_fixture fixture;
    struct fake fake; /* only its handler and log */
    struct control *control;
    char path[256];
    memset(&fake, 0, sizeof(fake));
    fixture_open(&fixture);
    fake.logger = logger_create(GN_DEBUG, fake_log, &fake);
    struct os os = {.loop = fixture.loop, .net = fixture.net};
    fixture_path(&fixture, path, sizeof(path), "control");
    ck_assert_int_eq(control_open(&os, fake.logger, path, 0600, fake_answer, &fake, &control), 0);
    struct stat stat_of;
    ck_assert_int_eq(stat(path, &stat_of), 0);
    ck_assert_uint_eq(stat_of.st_mode & 0777, 0600);

    int good = dial(path), endless = dial(path), hanging = dial(path);
    ck_assert_int_eq(send(hanging, "{\"comm", 6, 0), 6);
    flood(&fixture, endless, MEBIBYTE);
    expect(&fixture, endless,
           "{\"ok\":false,\"error\":\"the request is longer than 65536 bytes\"}\n");
    ck_assert_int_eq(send(good, "{}\n{}\n", 6, 0), 6);
    expect(&fixture, good, "{\"n\":0}\n{\"n\":1}\n");

    int others[CONTROL_CLIENTS_MAX];
    for (int i = 0; i < CONTROL_CLIENTS_MAX - 3; i++) {
        others[i] = dial(path);
        fixture_pause(&fixture, 2 * 1000000); /* to be accepted: the backlog is short */
    }
    int extra = dial(path);
    expect(&fixture, extra, "{\"ok\":false,\"error\":\"too many clients\"}\n");

    control_close(control);
    ck_assert_int_ne(access(path, F_OK), 0);
    close(good);
    close(endless);
    close(hanging);
    close(extra);
    for (int i = 0; i < CONTROL_CLIENTS_MAX - 3; i++)
        close(others[i]);
    fixture_close(&fixture);
    logger_destroy(fake.logger);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("control");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, lines_do_not_depend_on_chunks);
    tcase_add_test(tests, lines_are_bounded);
    tcase_add_test(tests, requests_are_answered_in_order);
    tcase_add_test(tests, endless_line_gets_one_error);
    tcase_add_test(tests, longest_line_is_taken);
    tcase_add_test(tests, nul_is_an_error);
    tcase_add_test(tests, half_a_line_that_hangs);
    tcase_add_test(tests, half_a_line_at_the_end);
    tcase_add_test(tests, clients_are_counted);
    tcase_add_test(tests, deaf_client_is_closed);
    tcase_add_test(tests, broken_stream_is_closed);
    tcase_add_test(tests, refused_path_is_told);
    tcase_add_test(tests, real_socket);
    return fixture_main("control", tests);
}
