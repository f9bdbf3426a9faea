/* SPDX-License-Identifier: Apache-2.0 */
/* gnomonctl query against servers that behave well or badly, on 127.0.0.1. */
#include <arpa/inet.h>
#include <check.h>
#include <ctl/query.h>
#include <ctl/sntp.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---------------------------------------------------------------- a server in a thread */

enum behaviour {
    GOOD,
    WRONG_ORIGIN,
    WRONG_ORIGIN_THEN_GOOD,
    SHORT,
    LEAP,
    SILENT,
    WRONG_MODE,
    RATE,
    NO_TIME,
    DEAF_ONCE,
};

struct server {
    enum behaviour behaviour;
    int fd;
    unsigned requests;
    struct wire_header request; /* the last */
    size_t request_size;
    double ahead_s; /* its clock against this machine's */
    pthread_t thread;
    int stop[2]; /* pipe */
    char target[32];
};

static struct ntp_stamp server_stamp(const struct server *server)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    gn_utc utc = {(int64_t)now.tv_sec * GN_NS_PER_S + now.tv_nsec +
                  gn_nanoseconds(server->ahead_s)};
    return wire_stamp_from_utc(utc);
}

static void reply(struct server *server, struct ntp_stamp origin, const struct sockaddr *to,
                  socklen_t to_size)
{
    struct wire_header header = {
        .leap = server->behaviour == LEAP ? WIRE_LEAP_UNSYNCHRONISED : 1,
        .version = 4,
        .mode = server->behaviour == WRONG_MODE ? WIRE_MODE_CLIENT : WIRE_MODE_SERVER,
        .stratum = server->behaviour == LEAP   ? 16
                   : server->behaviour == RATE ? 0
                                               : 3,
        .precision = -20,
        .root_delay = 0x8000,
        .root_dispersion = 0x4000,
        .refid = server->behaviour == RATE ? 0x52415445 : 0x7f7f0101,
        .origin = origin,
        .receive = server_stamp(server),
        .transmit = server_stamp(server),
    };
    if (server->behaviour == NO_TIME)
        header.transmit.raw = 0;
    uint8_t packet[WIRE_HEADER_SIZE];
    wire_pack(&header, packet);
    size_t size = server->behaviour == SHORT ? WIRE_HEADER_SIZE - 1 : WIRE_HEADER_SIZE;
    sendto(server->fd, packet, size, 0, to, to_size);
}

static void answer(struct server *server)
{
    uint8_t packet[256];
    struct sockaddr_storage from;
    socklen_t from_size = sizeof(from);
    ssize_t n =
        recvfrom(server->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_size);
    if (n < 0 || wire_unpack(packet, (size_t)n, &server->request) != 0)
        return;
    server->request_size = (size_t)n;
    server->requests++;
    struct ntp_stamp right = server->request.transmit, wrong = {right.raw ^ 1};
    if (server->behaviour == SILENT || (server->behaviour == DEAF_ONCE && server->requests == 1))
        return;
    if (server->behaviour == WRONG_ORIGIN || server->behaviour == WRONG_ORIGIN_THEN_GOOD)
        reply(server, wrong, (struct sockaddr *)&from, from_size);
    if (server->behaviour != WRONG_ORIGIN)
        reply(server, right, (struct sockaddr *)&from, from_size);
}

static void *serve(void *arg)
{
    struct server *server = arg;
    struct pollfd waiting[2] = {{.fd = server->fd, .events = POLLIN},
                                {.fd = server->stop[0], .events = POLLIN}};
    while (poll(waiting, 2, -1) > 0 && waiting[1].revents == 0)
        answer(server);
    return NULL;
}

static void server_start(struct server *server, enum behaviour behaviour, double ahead_s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    *server = (struct server){.behaviour = behaviour, .ahead_s = ahead_s};
    server->fd = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(server->fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    snprintf(server->target, sizeof(server->target), "127.0.0.1:%u", ntohs(address.sin_port));
    ck_assert_int_eq(pipe(server->stop), 0);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    close(server->stop[1]);
    pthread_join(server->thread, NULL);
    close(server->stop[0]);
    close(server->fd);
}

static int ask(const char *words, struct query_result *result, char why[256])
{
    struct query_target target;
    *why = '\0';
    ck_assert_msg(query_parse(words, &target, why, 256), "%s", why);
    return query_ask(&target, result, why, 256);
}

/* One request only, with little patience. */
static int ask_once(const struct server *server, char why[256])
{
    struct sntp_exchange x;
    struct addrinfo *address, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    ck_assert_int_eq(getaddrinfo("127.0.0.1", strchr(server->target, ':') + 1, &hints, &address),
                     0);
    int error = sntp_ask(address, 200, &x, why, 256);
    freeaddrinfo(address);
    return error;
}

/* ---------------------------------------------------------------- tests */

START_TEST(good_server)
{
    struct server server;
    struct query_result result;
    char why[256];
    server_start(&server, GOOD, 1000.5);
    ck_assert_msg(ask(server.target, &result, why) == 0, "%s", why);
    server_stop(&server);

    ck_assert_str_eq(result.address, server.target);
    ck_assert_uint_eq(result.stratum, 3);
    ck_assert_uint_eq(result.leap, 1);
    ck_assert_uint_eq(result.refid, 0x7f7f0101);
    /* Right within what it claims itself, however slow this machine is. */
    ck_assert_double_le(fabs(result.offset_s - 1000.5), result.error_s);
    ck_assert_double_ge(result.delay_s, 0);
    ck_assert_double_ge(result.error_s, result.delay_s / 2);
    ck_assert_double_eq(result.root_delay_s, 0.5);
    ck_assert_double_eq(result.root_dispersion_s, 0.25);

    json_t *json = query_json(&result);
    ck_assert_str_eq(json_string_value(json_object_get(json, "address")), server.target);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "stratum")), 3);
    ck_assert_str_eq(json_string_value(json_object_get(json, "leap")), "insert");
    ck_assert_str_eq(json_string_value(json_object_get(json, "reference_id")), "7F7F0101");
    static const char *const numbers[] = {"offset_s", "delay_s", "root_delay_s",
                                          "root_dispersion_s", "error_s"};
    for (size_t i = 0; i < 5; i++)
        ck_assert(json_is_real(json_object_get(json, numbers[i])));
    ck_assert_uint_eq(json_string_length(json_object_get(json, "server_time")),
                      strlen("2026-01-31T12:00:00.123456789Z"));
    ck_assert_uint_eq(json_object_size(json), 10);
    json_decref(json);
}
END_TEST

START_TEST(request_reveals_nothing)
{
    struct server server;
    struct query_result result;
    char why[256];
    server_start(&server, GOOD, 0);
    ck_assert_int_eq(ask(server.target, &result, why), 0);
    uint64_t first = server.request.transmit.raw;
    ck_assert_int_eq(ask(server.target, &result, why), 0);
    server_stop(&server);

    const struct wire_header *r = &server.request;
    ck_assert_uint_eq(server.request_size, WIRE_HEADER_SIZE);
    ck_assert_uint_eq(r->version, 4);
    ck_assert_uint_eq(r->mode, WIRE_MODE_CLIENT);
    ck_assert_int_eq(r->leap | r->stratum | r->poll, 0);
    ck_assert_uint_eq(r->root_delay | r->root_dispersion | r->refid, 0);
    ck_assert_uint_eq(r->reference.raw | r->origin.raw | r->receive.raw, 0);
    ck_assert_uint_ne(r->transmit.raw, 0);
    ck_assert_uint_ne(r->transmit.raw, first);
    /* The stamp is not the time: seconds agree by chance once in 2^32 (twice, never). */
    ck_assert((uint32_t)(first >> 32) - (uint32_t)(server_stamp(&server).raw >> 32) > 3 ||
              (uint32_t)(r->transmit.raw >> 32) - (uint32_t)(server_stamp(&server).raw >> 32) > 3);
}
END_TEST

static const struct {
    enum behaviour behaviour;
    int error;
    const char *why;
} failures[] = {
    {WRONG_ORIGIN, -EBADMSG, "wrong origin"},       {SHORT, -EBADMSG, "too short"},
    {WRONG_MODE, -EBADMSG, "not that of a server"}, {NO_TIME, -EBADMSG, "no time"},
    {SILENT, -ETIMEDOUT, "does not answer"},
};

START_TEST(bad_server)
{
    struct server server;
    char why[256];
    server_start(&server, failures[_i].behaviour, 0);
    ck_assert_int_eq(ask_once(&server, why), failures[_i].error);
    ck_assert_msg(strstr(why, failures[_i].why) != NULL, "%s", why);
    server_stop(&server);
}
END_TEST

START_TEST(spoofed_reply_is_passed_over)
{
    struct server server;
    char why[256];
    server_start(&server, WRONG_ORIGIN_THEN_GOOD, 0);
    ck_assert_msg(ask_once(&server, why) == 0, "%s", why);
    server_stop(&server);
}
END_TEST

START_TEST(lost_packet_is_asked_again)
{
    struct server server;
    struct query_result result;
    char why[256];
    server_start(&server, DEAF_ONCE, 0);
    ck_assert_msg(ask(server.target, &result, why) == 0, "%s", why);
    server_stop(&server);
    ck_assert_uint_eq(server.requests, 2);
}
END_TEST

START_TEST(kiss_of_death_ends_it)
{
    struct server server;
    struct query_result result;
    char why[256];
    server_start(&server, RATE, 0);
    ck_assert_int_lt(ask(server.target, &result, why), 0);
    server_stop(&server);
    ck_assert_msg(strstr(why, "kiss code RATE") != NULL, "%s", why);
    ck_assert_uint_eq(server.requests, 1);
}
END_TEST

/* Run gnomonctl itself. */
static int command(const char *target, bool json, char *out_text, char *err_text, size_t size)
{
    char program[] = "gnomonctl", option[] = "--json", name[] = "query", host[64];
    snprintf(host, sizeof(host), "%s", target);
    char *argv[] = {program, name, host, json ? option : NULL, NULL};
    memset(out_text, 0, size);
    memset(err_text, 0, size);
    FILE *out = fmemopen(out_text, size, "w"), *err = fmemopen(err_text, size, "w");
    int status = cli_main(json ? 4 : 3, argv, out, err);
    fclose(out);
    fclose(err);
    return status;
}

START_TEST(unsynchronised_server_is_told)
{
    struct server server;
    char out[2048], err[2048];
    server_start(&server, LEAP, 0);
    ck_assert_int_eq(command(server.target, true, out, err, sizeof(out)), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out, "\"leap\": \"unsynchronised\""));
    ck_assert_ptr_nonnull(strstr(err, "not synchronised"));
    ck_assert_int_eq(command(server.target, false, out, err, sizeof(out)), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out, "Leap status     : Not synchronised\n"));
    server_stop(&server);

    /* Nobody there any more. */
    ck_assert_int_eq(command(server.target, true, out, err, sizeof(out)), CLI_NO);
    ck_assert_ptr_nonnull(strstr(out, "{\"ok\": false, \"error\": "));
    ck_assert_ptr_nonnull(strstr(err, "nobody listens there"));
    ck_assert_ptr_nonnull(strstr(err, server.target));
    ck_assert_int_eq(command("127.0.0.1:0", false, out, err, sizeof(out)), CLI_USAGE);
}
END_TEST

START_TEST(targets)
{
    static const struct {
        const char *words, *host, *port;
    } good[] = {
        {"a", "a", "123"},
        {"a.example:1", "a.example", "1"},
        {"192.0.2.1:65535", "192.0.2.1", "65535"},
        {"2001:db8::1", "2001:db8::1", "123"},
        {"::", "::", "123"},
        {"[2001:db8::1]", "2001:db8::1", "123"},
        {"[fe80::1%eth0]:11123", "fe80::1%eth0", "11123"},
    };
    static const char *const bad[] = {"",        ":",      "a:",   "a:b",     "a:0",
                                      "a:65536", "a:-1",   "a:+1", "[]",      "[::1",
                                      "[::1]x",  "[::1]:", ":123", "a:000001"};
    struct query_target target;
    char why[256];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_msg(query_parse(good[i].words, &target, why, sizeof(why)), "%s", why);
        ck_assert_str_eq(target.host, good[i].host);
        ck_assert_str_eq(target.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!query_parse(bad[i], &target, why, sizeof(why)), "%s", bad[i]);
    char longest[400];
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    ck_assert(!query_parse(longest, &target, why, sizeof(why)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_query");
    TCase *tests = tcase_create("ctl_query");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, good_server);
    tcase_add_test(tests, request_reveals_nothing);
    tcase_add_loop_test(tests, bad_server, 0, sizeof(failures) / sizeof(failures[0]));
    tcase_add_test(tests, spoofed_reply_is_passed_over);
    tcase_add_test(tests, lost_packet_is_asked_again);
    tcase_add_test(tests, kiss_of_death_ends_it);
    tcase_add_test(tests, unsynchronised_server_is_told);
    tcase_add_test(tests, targets);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
