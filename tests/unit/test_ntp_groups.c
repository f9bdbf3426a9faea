/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <plugins/proto-ntp/commons.h>
#include <plugins/proto-ntp/service.h>
#include <plugins/proto-ntp/upstream.h>
#include <plugins/proto-ntp/wire.h>
#include <stdlib.h>
#include <string.h>
#include <tests/plugin/fake_host.h>

/* The glue of broadcast, multicast and manycast on a daemon that is none. */

#define S(seconds) ((int64_t)(seconds)*GN_NS_PER_S)
#define LIST(...)                                                                                  \
    ((struct gn_strings){(const char *const[]){__VA_ARGS__},                                       \
                         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)})

static struct fake_world world;
static struct fake_host host;
static void *instance, *shared;

static struct upstream_config some_source(void)
{
    return (struct upstream_config){
        .max_sources = 4, .port = 123, .version = 4, .delay = 0.004, .volley = true, .ttl = 8};
}

static struct service_config some_server(void)
{
    static const char *const listen[] = {"0.0.0.0"};
    return (struct service_config){
        .listen = {listen, 1}, .port = 123, .broadcast_interval = 64, .ttl = 1};
}

static void set_up(void)
{
    fake_world_init(&world, 1);
    fake_host_init(&host, &world, "ntp", 0);
    instance = NULL;
    ck_assert_int_eq(commons_open(&host.host, &shared), 0);
}

static void tear_down(void)
{
    fake_host_close_all(&host);
    commons_close(shared);
    ck_assert_msg(world.misuse == NULL, "%s", world.misuse);
    fake_world_finish(&world);
}

/* ---------------------------------------------------------------- bad options */

static const struct {
    const char *server, *broadcast, *manycast, *from, *words;
} wrong[] = {
    {"a", "192.0.2.255", NULL, "all", "exclude each other"},
    {NULL, "192.0.2.255", "239.1.1.1", "all", "exclude each other"},
    {"a", NULL, NULL, "all", "from: only of"},
    {NULL, "192.0.2.255", NULL, NULL, "\"from\""},
    {NULL, "192.0.2.255", NULL, "nonsense", "from: "},
    {NULL, "192.0.2.255:123", NULL, "all", "\"port\""},
    {NULL, "0.0.0.0", NULL, "all", "no broadcast address"},
    {NULL, "2001:db8::1", NULL, "all", "no group"},
    {NULL, "all", NULL, "all", "no broadcast address"},
    {NULL, NULL, "192.0.2.255", "all", "no group"},
    {NULL, NULL, "2001:db8::1", "all", "no group"},
    {NULL, NULL, "239.1.1.1", NULL, "\"from\""},
    {NULL, NULL, "239.1.1.1", "192.0.2.0/33", "from: "},
};

START_TEST(a_wrong_source_is_explained)
{
    struct upstream_config source = some_source();
    source.server = wrong[_i].server;
    source.broadcast = wrong[_i].broadcast;
    source.manycast = wrong[_i].manycast;
    source.from = LIST(wrong[_i].from);
    source.from.count = wrong[_i].from != NULL ? 1 : 0;
    ck_assert_int_eq(upstream_open(&host.host, shared, &source, &instance), -EINVAL);
    ck_assert_msg(strstr(host.words, wrong[_i].words) != NULL, "%s", host.words);
}
END_TEST

static const struct {
    const char *broadcast, *group, *words;
} wrong_server[] = {
    {"2001:db8::1", NULL, "broadcast: \"2001:db8::1\""},
    {"192.0.2.255:124", NULL, "\"port\""},
    {"0.0.0.0", NULL, "broadcast: \"0.0.0.0\""},
    {NULL, "192.0.2.255", "groups: \"192.0.2.255\""},
    {NULL, "group", "groups: \"group\""},
};

START_TEST(a_wrong_server_is_explained)
{
    struct service_config server = some_server();
    server.broadcast = LIST(wrong_server[_i].broadcast);
    server.broadcast.count = wrong_server[_i].broadcast != NULL ? 1 : 0;
    server.groups = LIST(wrong_server[_i].group);
    server.groups.count = wrong_server[_i].group != NULL ? 1 : 0;
    ck_assert_int_eq(service_open(&host.host, shared, &server, &instance), -EINVAL);
    ck_assert_msg(strstr(host.words, wrong_server[_i].words) != NULL, "%s", host.words);
}
END_TEST

START_TEST(a_key_that_is_not_there_is_explained)
{
    struct service_config server = some_server();
    server.broadcast = LIST("192.0.2.255");
    server.broadcast_key = 7;
    ck_assert_int_eq(service_open(&host.host, shared, &server, &instance), -EINVAL);
    ck_assert_msg(strstr(host.words, "broadcast_key: there is no key 7") != NULL, "%s", host.words);
}
END_TEST

/* ---------------------------------------------------------------- lives */

START_TEST(a_server_broadcasts_once_in_an_interval)
{
    struct service_config server = some_server();
    struct wire_header header;
    server.broadcast = LIST("192.0.2.255", "224.0.1.1");
    server.broadcast_interval = 16;
    ck_assert_int_eq(service_open(&host.host, shared, &server, &instance), 0);
    ck_assert_int_eq(service_start(instance), 0);
    fake_world_run(&world, S(161));
    ck_assert_uint_eq(world.notes.sent, 20);
    ck_assert_uint_eq(world.notes.sent_to.ip[0], 224);
    ck_assert_uint_eq(world.notes.sent_to.port, 123);
    ck_assert_int_eq(wire_unpack(world.notes.sent_data, world.notes.sent_size, &header), 0);
    ck_assert_uint_eq(header.mode, WIRE_MODE_BROADCAST);
    struct service_config faster = server;
    faster.broadcast_interval = 8;
    ck_assert_int_eq(service_reload(instance, &faster), -ENOTSUP);
    faster = server;
    faster.groups = LIST("224.0.1.1");
    ck_assert_int_eq(service_reload(instance, &faster), -ENOTSUP);
    world.script.send_error = -ENETUNREACH;
    fake_world_run(&world, S(161));
    ck_assert_uint_eq(world.notes.logs[GN_WARNING], 1); /* said once */
    service_stop(instance);
    fake_host_close_all(&host);
    service_close(instance);
}
END_TEST

/* Its own address can be bound; that is how it knows itself. */
START_TEST(a_client_does_not_follow_its_own_broadcasts)
{
    struct upstream_config source = some_source();
    uint8_t packet[WIRE_HEADER_SIZE];
    source.broadcast = "192.0.2.255";
    source.from = LIST("all");
    ck_assert_int_eq(upstream_open(&host.host, shared, &source, &instance), 0);
    ck_assert_int_eq(upstream_start(instance), 0);
    ck_assert_uint_eq(world.notes.logs[GN_WARNING], 1); /* without a key */
    for (int i = 0; i < 10; i++) {
        struct wire_header header = {.version = 4,
                                     .mode = WIRE_MODE_BROADCAST,
                                     .stratum = 2,
                                     .poll = 4,
                                     .transmit = {UINT64_C(1000) * (uint64_t)(i + 1)}};
        wire_pack(&header, packet);
        fake_world_deliver(&world, packet, sizeof(packet));
        fake_world_run(&world, S(16));
    }
    ck_assert_uint_eq(world.notes.samples, 0);
    ck_assert_uint_eq(world.notes.sent, 0);
    upstream_stop(instance);
    fake_host_close_all(&host);
    upstream_close(instance);
}
END_TEST

START_TEST(a_search_begins_at_once_and_comes_back_rarely)
{
    struct upstream_config source = some_source();
    source.manycast = "239.192.0.1";
    source.from = LIST("all");
    ck_assert_int_eq(upstream_open(&host.host, shared, &source, &instance), 0);
    ck_assert_int_eq(upstream_start(instance), 0);
    fake_world_run(&world, S(9));
    ck_assert_uint_eq(world.notes.sent, 4); /* 1, 2, 4, 8 hops */
    ck_assert_uint_eq(world.notes.sent_to.ip[0], 239);
    fake_world_run(&world, S(86400));
    ck_assert_uint_le(world.notes.sent, 4 * (10 + 86400 / 1024));
    ck_assert_uint_ge(world.notes.sent, 4 * (86400 / 1100));
    upstream_stop(instance);
    fake_host_close_all(&host);
    upstream_close(instance);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_groups");
    TCase *tcase = tcase_create("groups");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_wrong_source_is_explained, 0, sizeof(wrong) / sizeof(*wrong));
    tcase_add_loop_test(tcase, a_wrong_server_is_explained, 0,
                        sizeof(wrong_server) / sizeof(*wrong_server));
    tcase_add_test(tcase, a_key_that_is_not_there_is_explained);
    tcase_add_test(tcase, a_server_broadcasts_once_in_an_interval);
    tcase_add_test(tcase, a_client_does_not_follow_its_own_broadcasts);
    tcase_add_test(tcase, a_search_begins_at_once_and_comes_back_rarely);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
