/* SPDX-License-Identifier: Apache-2.0 */
/* gnomonctl's command line: what it asks, what it prints where, and its exit status. */
#include <check.h>
#include <ctl/cli.h>
#include <ctl/client.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---------------------------------------------------------------- a daemon in a thread */

enum mood {
    ANSWER,    /* with `reply`, `later` from the third request on */
    HANG_UP,   /* after the request */
    HALF,      /* half a reply, then hang up */
    ENDLESS,   /* a reply that does not end */
    TURN_AWAY, /* an error before the request, as for one client too many */
};

struct stub {
    enum mood mood;
    const char *reply, *later;
    char folder[64], path[96];
    char request[256]; /* the last line */
    unsigned requests;
    int listener, stop[2];
    pthread_t thread;
};

static void say(int fd, const char *text)
{
    size_t size = strlen(text);
    ck_assert_int_eq(send(fd, text, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void say_forever(int fd)
{
    char chunk[65536];
    memset(chunk, 'x', sizeof(chunk));
    while (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) > 0)
        continue;
}

/* Read a line; false when the client has gone. */
static bool hear(struct stub *stub, int fd)
{
    size_t used = 0;
    char c;
    while (used < sizeof(stub->request) - 1 && recv(fd, &c, 1, 0) == 1) {
        if (c == '\n') {
            stub->request[used] = '\0';
            stub->requests++;
            return true;
        }
        stub->request[used++] = c;
    }
    return false;
}

static void attend(struct stub *stub, int fd)
{
    if (stub->mood == TURN_AWAY)
        say(fd, "{\"ok\":false,\"error\":\"too many clients\"}\n");
    else if (stub->mood == ENDLESS)
        say_forever(fd);
    while (stub->mood == ANSWER && hear(stub, fd)) {
        say(fd, stub->requests >= 3 && stub->later != NULL ? stub->later : stub->reply);
        say(fd, "\n");
    }
    if ((stub->mood == HALF || stub->mood == HANG_UP) && hear(stub, fd) && stub->mood == HALF)
        say(fd, "{\"ok\":true,");
}

static void *serve(void *arg)
{
    struct stub *stub = arg;
    struct pollfd waiting[2] = {{.fd = stub->listener, .events = POLLIN},
                                {.fd = stub->stop[0], .events = POLLIN}};
    while (poll(waiting, 2, -1) > 0 && waiting[1].revents == 0) {
        int fd = accept(stub->listener, NULL, NULL);
        attend(stub, fd);
        close(fd);
    }
    return NULL;
}

static void stub_start(struct stub *stub, enum mood mood, const char *reply)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *stub = (struct stub){.mood = mood, .reply = reply, .folder = "/tmp/gnomon-ctl-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(stub->folder));
    snprintf(stub->path, sizeof(stub->path), "%s/s", stub->folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", stub->path);
    stub->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(stub->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(stub->listener, 4), 0);
    ck_assert_int_eq(pipe(stub->stop), 0);
    ck_assert_int_eq(pthread_create(&stub->thread, NULL, serve, stub), 0);
}

static void stub_stop(struct stub *stub)
{
    close(stub->stop[1]);
    pthread_join(stub->thread, NULL);
    close(stub->stop[0]);
    close(stub->listener);
    unlink(stub->path);
    rmdir(stub->folder);
}

/* ---------------------------------------------------------------- one call */

struct call {
    char *out, *err;
    size_t out_size, err_size;
    int status;
};

/* Run `gnomonctl -s SOCKET WORDS`; words are divided by single blanks. */
static void run(struct call *call, const char *socket, const char *words)
{
    char program[] = "gnomonctl", option[] = "-s", path[128], line[256];
    char *argv[32] = {program, option, path}, *save = NULL;
    int argc = 3;
    snprintf(path, sizeof(path), "%s", socket);
    snprintf(line, sizeof(line), "%s", words);
    for (char *w = strtok_r(line, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    *call = (struct call){.out = NULL};
    FILE *out = open_memstream(&call->out, &call->out_size);
    FILE *err = open_memstream(&call->err, &call->err_size);
    call->status = cli_main(argc, argv, out, err);
    fclose(out);
    fclose(err);
}

static void finish(struct call *call)
{
    free(call->out);
    free(call->err);
}

/* Run and compare: the status, part of stdout, part of stderr ("": nothing at all). */
static void expect(const char *socket, const char *words, int status, const char *out,
                   const char *err)
{
    struct call call;
    run(&call, socket, words);
    ck_assert_msg(call.status == status, "%s: status %d: %s%s", words, call.status, call.out,
                  call.err);
    ck_assert_msg(*out != '\0' ? strstr(call.out, out) != NULL : *call.out == '\0', "%s: %s", words,
                  call.out);
    ck_assert_msg(*err != '\0' ? strstr(call.err, err) != NULL : *call.err == '\0', "%s: %s", words,
                  call.err);
    finish(&call);
}

#define NOWHERE "/nonexistent/gnomon.sock"

/* ---------------------------------------------------------------- usage */

START_TEST(wrong_usage)
{
    static const char *const cases[][2] = {
        {"", "no command"},
        {"trackign", "did you mean \"tracking\"?"},
        {"zzz", "there is no command \"zzz\""},
        {"tracking now", "too many arguments, at \"now\""},
        {"tracking -v", "takes no -v"},
        {"sources --timeout 3", "takes no --timeout"},
        {"query", "needs HOST[:PORT]"},
        {"delete", "needs SOURCE"},
        {"delete a b", "too many arguments, at \"b\""},
        {"online a b", "too many arguments, at \"b\""},
        {"refresh a", "too many arguments, at \"a\""},
        {"add server", "needs server|pool|peer HOST"},
        {"add server a iburst", "\"iburst\" is no KEY=VALUE"},
        {"add server a =1", "\"=1\" is no KEY=VALUE"},
        {"add server a port=1 port=2", "port: set twice"},
        {"add server a name=\xff", "name: its value is no UTF-8 text"},
        {"add server \xff", "no UTF-8 text cannot be added"},
        {"query a:b", "port \"b\""},
        {"--nonsense", "no option --nonsense"},
        {"--json=1 tracking", "takes no value"},
        {"-vx sources", "no option -x"},
        {"waitsync --timeout", "needs a value"},
        {"waitsync --timeout 0", "a number of seconds above 0"},
        {"waitsync --timeout nan", "a number of seconds above 0"},
        {"waitsync x", "TRIES x"},
        {"waitsync 1.5", "a whole number"},
        {"waitsync 1 -- -1", "MAX_ERROR_S -1"},
        {"waitsync 1 1 0", "INTERVAL_S 0"},
        {"waitsync 1 1 1 1", "too many arguments"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(NOWHERE, cases[i][0], CLI_USAGE, "", cases[i][1]);
        expect(NOWHERE, cases[i][0], CLI_USAGE, "", "usage: gnomonctl");
    }
}
END_TEST

START_TEST(help_and_version)
{
    expect(NOWHERE, "--help", CLI_DONE, "waitsync [-v]", "");
    expect(NOWHERE, "tracking -h", CLI_DONE, "usage: gnomonctl", "");
    expect(NOWHERE, "--version", CLI_DONE, "gnomonctl ", "");
}
END_TEST

/* ---------------------------------------------------------------- no daemon, a bad daemon */

START_TEST(daemon_is_not_there)
{
    static const char *const commands[] = {"tracking", "sources",  "sourcestats",
                                           "plugins",  "makestep", "shutdown",
                                           "watch",    "waitsync", "waitsync 2 0 0.01"};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char json[64];
        expect(NOWHERE, commands[i], CLI_NO, "",
               NOWHERE ": No such file or directory; is gnomond running?");
        snprintf(json, sizeof(json), "--json %s", commands[i]);
        expect(NOWHERE, json, CLI_NO, "{\"ok\": false, \"error\": \"cannot reach", "cannot reach");
    }
}
END_TEST

START_TEST(socket_path_is_too_long)
{
    char path[128];
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    expect(path, "tracking", CLI_NO, "", "too long");
    expect(path, "waitsync 5", CLI_NO, "", "too long");
}
END_TEST

START_TEST(bad_daemon)
{
    static const struct {
        enum mood mood;
        const char *reply, *error;
    } cases[] = {
        {HANG_UP, NULL, "closed the connection"},
        {HALF, NULL, "closed the connection"},
        {ENDLESS, NULL, "too long"},
        {TURN_AWAY, NULL, "too many clients"},
        {ANSWER, "hello", "not gnomond"},
        {ANSWER, "[]", "not gnomond"},
        {ANSWER, "{}", "neither result nor error"},
        {ANSWER, "{\"ok\":true}", "neither result nor error"},
        {ANSWER, "{\"ok\":false}", "neither result nor error"},
        {ANSWER, "{\"ok\":false,\"error\":\"no\\u001b[2J\"}", "gnomonctl: no?[2J\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stub stub;
        stub_start(&stub, cases[i].mood, cases[i].reply);
        expect(stub.path, "tracking", CLI_NO, "", cases[i].error);
        stub_stop(&stub);
    }
}
END_TEST

/* ---------------------------------------------------------------- reports and actions */

START_TEST(reports)
{
    struct stub stub;
    stub_start(&stub, ANSWER, "{\"ok\":true,\"result\":{\"stratum\":3,\"skew_ppm\":0.1}}");
    expect(stub.path, "tracking", CLI_DONE, "Stratum         : 3\n", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"tracking\"}");
    expect(stub.path, "--json tracking", CLI_DONE, "{\"stratum\": 3, \"skew_ppm\": 0.1}\n", "");
    expect(stub.path, "tracking --json", CLI_DONE, "{\"stratum\": 3, \"skew_ppm\": 0.1}\n", "");
    stub_stop(&stub);

    stub_start(&stub, ANSWER, "{\"ok\":true,\"result\":[]}");
    expect(stub.path, "--json sources", CLI_DONE, "[]\n", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"sources\"}");
    expect(stub.path, "sources -v", CLI_DONE, "Source mode", "");
    expect(stub.path, "sourcestats", CLI_DONE, "Freq Skew", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"sourcestats\"}");
    expect(stub.path, "plugins", CLI_DONE, "Plugin", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"plugins\"}");
    stub_stop(&stub);
}
END_TEST

START_TEST(actions)
{
    struct stub stub;
    stub_start(&stub, ANSWER, "{\"ok\":true,\"result\":{}}");
    expect(stub.path, "makestep", CLI_DONE, "stepped", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"makestep\"}");
    expect(stub.path, "burst", CLI_DONE, "four measurements", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"burst\"}");
    expect(stub.path, "burst ntp0", CLI_DONE, "four measurements", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"burst\",\"source\":\"ntp0\"}");
    expect(stub.path, "offline", CLI_DONE, "not asked", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"offline\"}");
    expect(stub.path, "online pool0#2", CLI_DONE, "asked again", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"online\",\"source\":\"pool0#2\"}");
    expect(stub.path, "refresh", CLI_DONE, "resolved anew", "");
    expect(stub.path, "delete ntp0", CLI_DONE, "not from the configuration", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"delete\",\"source\":\"ntp0\"}");
    expect(stub.path, "--json shutdown", CLI_DONE, "{\"ok\": true}\n", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"shutdown\"}");
    stub_stop(&stub);

    stub_start(&stub, ANSWER, "{\"ok\":false,\"error\":\"the clock is not ours (-x)\"}");
    expect(stub.path, "makestep", CLI_NO, "", "gnomonctl: the clock is not ours (-x)\n");
    expect(stub.path, "--json makestep", CLI_NO,
           "{\"ok\": false, \"error\": \"the clock is not ours (-x)\"}\n", "not ours");
    stub_stop(&stub);
}
END_TEST

/* ---------------------------------------------------------------- rtc */

#define RTC(writing, good)                                                                         \
    "{\"ok\":true,\"result\":{\"source\":\"rtc0\",\"device\":\"/dev/rtc0\",\"owner\":\"track\","   \
    "\"samples\":9,\"span_s\":600,\"offset_s\":-1.5,\"offset_sd_s\":0.001,\"drift_ppm\":12.5,"     \
    "\"drift_sd_ppm\":0.25,\"ref_time\":null,\"writing\":" writing ",\"good\":" good               \
    ",\"outcome\":\"it went so\"}}"

START_TEST(the_hardware_clock)
{
    struct stub stub;
    stub_start(&stub, ANSWER, RTC("false", "true"));
    expect(stub.path, "rtcdata", CLI_DONE, "Number of samples  : 9\n", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"rtcdata\"}");
    expect(stub.path, "rtcdata", CLI_DONE, "RTC ref time (UTC) : -\n", "");
    expect(stub.path, "rtcdata", CLI_DONE, "RTC is fast by     : +1.500000 seconds +/- 0.001000\n",
           "");
    expect(stub.path, "rtcdata rtc1", CLI_DONE,
           "RTC gains time at  : -12.500000 ppm +/- 0.250000\n", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"rtcdata\",\"source\":\"rtc1\"}");
    expect(stub.path, "--json rtcdata", CLI_DONE, "\"owner\": \"track\"", "");
    expect(stub.path, "rtc read", CLI_USAGE, "", "rtc write");
    expect(stub.path, "rtc", CLI_USAGE, "", "rtc needs write");
    stub_stop(&stub);

    stub_start(&stub, ANSWER, RTC("true", "false"));
    stub.later = RTC("false", "true");
    expect(stub.path, "rtc write", CLI_DONE, "it went so\n", "");
    ck_assert_uint_eq(stub.requests, 3);
    stub_stop(&stub);

    stub_start(&stub, ANSWER, RTC("false", "false"));
    expect(stub.path, "rtc write rtc0", CLI_NO, "", "it went so");
    stub_stop(&stub);
    stub_start(&stub, ANSWER, "{\"ok\":false,\"error\":\"rtc0: not synchronised\"}");
    expect(stub.path, "rtc write", CLI_NO, "", "not synchronised");
    stub_stop(&stub);
}
END_TEST

START_TEST(the_receivers)
{
    struct stub stub;
    stub_start(&stub, ANSWER,
               "{\"ok\":true,\"result\":[{\"name\":\"gps0\",\"state\":\"locked\"}]}");
    expect(stub.path, "gps", CLI_DONE, "State           : locked\n", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"gps\"}");
    expect(stub.path, "gps gps0", CLI_DONE, "Receiver        : gps0\n", "");
    ck_assert_str_eq(stub.request, "{\"command\":\"gps\",\"source\":\"gps0\"}");
    expect(stub.path, "--json gps", CLI_DONE, "[{\"name\": \"gps0\"", "");
    expect(stub.path, "gps gps0 gps1", CLI_USAGE, "", "too many arguments");
    stub_stop(&stub);
    stub_start(&stub, ANSWER, "{\"ok\":false,\"error\":\"no source is a receiver\"}");
    expect(stub.path, "gps", CLI_NO, "", "no source is a receiver");
    stub_stop(&stub);
}
END_TEST

/* What a word becomes in the request. */
START_TEST(a_source_in_words)
{
    static const char *const cases[][2] = {
        {"iburst=true", "\"iburst\":true"},   {"burst=false", "\"burst\":false"},
        {"minpoll=-4", "\"minpoll\":-4"},     {"offset=-0.5", "\"offset\":-0.5"},
        {"offset=1e-3", "\"offset\":0.001"},  {"name=a", "\"name\":\"a\""},
        {"name=", "\"name\":\"\""},           {"name=a=b", "\"name\":\"a=b\""},
        {"refid=\"12\"", "\"refid\":\"12\""}, {"name=-", "\"name\":\"-\""},
        {"name=1e", "\"name\":\"1e\""},       {"name=192.0.2.1", "\"name\":\"192.0.2.1\""},
        {"name=e1", "\"name\":\"e1\""},       {"minpoll=1e999", "\"minpoll\":\"1e999\""},
        {"name=True", "\"name\":\"True\""},
    };
    struct stub stub;
    stub_start(&stub, ANSWER, "{\"ok\":true,\"result\":{\"name\":\"ntp3\"}}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char words[128], request[256];
        snprintf(words, sizeof(words), "add pool h %s", cases[i][0]);
        snprintf(request, sizeof(request),
                 "{\"command\":\"add\",\"kind\":\"pool\",\"address\":\"h\",\"options\":{%s}}",
                 cases[i][1]);
        expect(stub.path, words, CLI_DONE, "ntp3 is added", "");
        ck_assert_str_eq(stub.request, request);
    }
    expect(stub.path, "--json add peer h", CLI_DONE, "{\"name\": \"ntp3\"}\n", "");
    stub_stop(&stub);

    stub_start(&stub, ANSWER,
               "{\"ok\":true,\"result\":{\"online\":12,\"offline\":3,\"unresolved\":0}}");
    expect(stub.path, "activity", CLI_DONE, "  12 online\n   3 offline", "");
    stub_stop(&stub);
    stub_start(&stub, ANSWER, "{\"ok\":true,\"result\":{}}");
    expect(stub.path, "activity", CLI_DONE, "   - online\n", "");
    stub_stop(&stub);
}
END_TEST

/* ---------------------------------------------------------------- waitsync */

#define UNSET                                                                                      \
    "{\"ok\":true,\"result\":{\"synchronised\":false,\"state\":\"unset\",\"error_bound_s\":null}}"
#define LOCKED                                                                                     \
    "{\"ok\":true,\"result\":{\"synchronised\":true,\"state\":\"locked\",\"error_bound_s\":0.01}}"

START_TEST(waitsync_waits)
{
    struct stub stub;
    stub_start(&stub, ANSWER, UNSET);
    stub.later = LOCKED;
    expect(stub.path, "waitsync -v 0 0 0.01", CLI_DONE, "try 2: not synchronised, state unset\n",
           "");
    ck_assert_uint_eq(stub.requests, 3);
    expect(stub.path, "waitsync", CLI_DONE, "synchronised, locked", "");
    expect(stub.path, "waitsync --json", CLI_DONE, "{\"synchronised\": true, ", "");
    stub_stop(&stub);
}
END_TEST

START_TEST(waitsync_gives_up)
{
    struct stub stub;
    stub_start(&stub, ANSWER, UNSET);
    expect(stub.path, "waitsync 2 0 0.01", CLI_NO, "",
           "after 2 tries: not synchronised, state unset");
    ck_assert_uint_eq(stub.requests, 2);
    expect(stub.path, "waitsync --json --timeout 0.05 0 0 0.01", CLI_NO,
           "{\"synchronised\": false, ", "not synchronised");
    stub_stop(&stub);

    stub_start(&stub, ANSWER, LOCKED);
    expect(stub.path, "waitsync 2 0.001 0.01", CLI_NO, "",
           "error bound 0.010000000 s is above 0.001 s");
    expect(stub.path, "waitsync 2 0.01 0.01", CLI_DONE, "synchronised", "");
    stub_stop(&stub);
}
END_TEST

START_TEST(output_that_cannot_be_written)
{
    struct stub stub;
    char program[] = "gnomonctl", option[] = "-s", command[] = "tracking";
    stub_start(&stub, ANSWER, LOCKED);
    char *argv[] = {program, option, stub.path, command, NULL};
    FILE *full = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(full);
    ck_assert_int_eq(cli_main(4, argv, full, stderr), CLI_NO);
    fclose(full);
    stub_stop(&stub);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_cli");
    TCase *tests = tcase_create("ctl_cli");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, wrong_usage);
    tcase_add_test(tests, help_and_version);
    tcase_add_test(tests, daemon_is_not_there);
    tcase_add_test(tests, socket_path_is_too_long);
    tcase_add_test(tests, bad_daemon);
    tcase_add_test(tests, reports);
    tcase_add_test(tests, actions);
    tcase_add_test(tests, the_hardware_clock);
    tcase_add_test(tests, the_receivers);
    tcase_add_test(tests, a_source_in_words);
    tcase_add_test(tests, waitsync_waits);
    tcase_add_test(tests, waitsync_gives_up);
    tcase_add_test(tests, output_that_cannot_be_written);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
