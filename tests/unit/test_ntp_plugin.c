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

/* The glue of both roles on a daemon that is none. */

#define S(seconds) ((int64_t)(seconds)*GN_NS_PER_S)
#define LIST(...)                                                                                  \
    ((struct gn_strings){(const char *const[]){__VA_ARGS__},                                       \
                         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)})

static struct fake_world world;
static struct fake_host host;
static struct upstream_config source;
static struct service_config server;
static void *instance, *shared;

static const char *const any_address[] = {"0.0.0.0"};
static const char *const some_clients[] = {"198.51.100.0/24"};

static void set_up(void)
{
    fake_world_init(&world, 1);
    fake_host_init(&host, &world, "ntp", 0);
    source = (struct upstream_config){.server = "192.0.2.1",
                                      .max_sources = 4,
                                      .port = 123,
                                      .version = 4,
                                      .iburst = true,
                                      .max_unreach = 100000};
    server = (struct service_config){
        .listen = {any_address, 1}, .port = 123, .allow = {some_clients, 1}};
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

/* ---------------------------------------------------------------- source */

static void start_source(void)
{
    ck_assert_int_eq(upstream_open(&host.host, shared, &source, &instance), 0);
    ck_assert_int_eq(upstream_start(instance), 0);
}

static void end_source(void)
{
    upstream_stop(instance);
    fake_host_close_all(&host);
    upstream_close(instance);
}

/* Every socket hears it; only whose request it answers takes it. */
static void deliver_reply(uint8_t leap, uint8_t stratum, uint32_t refid)
{
    struct wire_header header;
    uint8_t packet[WIRE_HEADER_SIZE];
    ck_assert_int_eq(wire_unpack(world.notes.sent_data, world.notes.sent_size, &header), 0);
    gn_utc now = {world.now_ns + FAKE_SYSTEM_NS};
    header.origin = header.transmit;
    header.leap = leap;
    header.mode = WIRE_MODE_SERVER;
    header.stratum = stratum;
    header.refid = refid;
    header.precision = -20;
    header.receive = header.transmit = wire_stamp_from_utc(now);
    wire_pack(&header, packet);
    fake_world_deliver(&world, packet, sizeof(packet));
}

START_TEST(a_request_goes_out_and_a_sample_comes_in)
{
    start_source();
    ck_assert_uint_eq(world.notes.sent, 0); /* not before the loop runs */
    fake_world_run(&world, S(0) + 1000);
    ck_assert_uint_eq(world.notes.sent, 1);
    ck_assert_uint_eq(world.notes.polls, 1);
    ck_assert_uint_eq(world.notes.sent_size, WIRE_HEADER_SIZE);
    ck_assert_uint_eq(world.notes.sent_to.port, 123);
    ck_assert_uint_eq(world.notes.sent_to.ip[0], 192);
    unsigned open = fake_world_open(&world);
    world.now_ns += 5000000;
    deliver_reply(0, 2, 0xc0000263);
    ck_assert_uint_eq(world.notes.samples, 1);
    ck_assert_int_eq(world.notes.sample.kind, GN_SAMPLE_TWO_WAY);
    ck_assert_uint_eq(fake_world_open(&world), open - 1); /* the socket is closed */
    deliver_reply(0, 2, 0xc0000263);
    ck_assert_uint_eq(world.notes.samples, 1);
    end_source();
}
END_TEST

START_TEST(each_request_has_a_socket_of_its_own)
{
    start_source();
    fake_world_run(&world, 1000);
    unsigned open = fake_world_open(&world);
    for (unsigned i = 0; i < 40; i++) {
        fake_world_run(&world, S(70));
        ck_assert_uint_le(fake_world_open(&world), open);
    }
    ck_assert_uint_gt(world.notes.sent, 8);
    ck_assert_uint_eq(world.notes.polls, world.notes.sent);
    ck_assert_uint_gt(world.notes.faults, 0);
    end_source();
}
END_TEST

START_TEST(four_samples_in_the_first_seven_seconds)
{
    start_source();
    for (int i = 0; i < 700; i++) {
        unsigned sent = world.notes.sent;
        fake_world_run(&world, 10000000);
        if (world.notes.sent > sent)
            deliver_reply(0, 2, 0xc0000263);
    }
    ck_assert_uint_eq(world.notes.samples, 4);
    end_source();
}
END_TEST

START_TEST(a_pool_opens_as_many_as_there_are)
{
    source.server = NULL;
    source.pool = "pool.example.net";
    source.max_sources = 3;
    start_source();
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent, 3);
    end_source();

    source.max_sources = 16; /* the name has four */
    start_source();
    world.notes.sent = 0;
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent, 4);
    end_source();
}
END_TEST

START_TEST(a_name_is_resolved_again_until_it_is_there)
{
    source.server = "time.example.net";
    world.script.resolve_error = -EAGAIN;
    start_source();
    fake_world_run(&world, S(60));
    ck_assert_uint_eq(world.notes.resolutions, 5); /* 0, 2, 6, 14, 30 s */
    ck_assert_uint_eq(world.notes.faults, 5);
    ck_assert_uint_eq(world.notes.sent, 0);
    world.script.resolve_error = 0;
    fake_world_run(&world, S(4));
    ck_assert_uint_ge(world.notes.sent, 1);
    end_source();
}
END_TEST

START_TEST(a_silent_address_gives_way_to_the_next)
{
    source.server = "time.example.net";
    start_source();
    fake_world_run(&world, S(1));
    ck_assert_uint_eq(world.notes.sent_to.ip[3], 1);
    fake_world_run(&world, S(17));
    ck_assert_uint_eq(world.notes.sent_to.ip[3], 2);
    deliver_reply(0, 2, 0xc0000263);
    ck_assert_uint_eq(world.notes.samples, 1);
    unsigned resolutions = world.notes.resolutions;
    fake_world_run(&world, S(10));
    ck_assert_uint_eq(world.notes.resolutions, resolutions);
    end_source();
}
END_TEST

START_TEST(no_network_is_no_storm)
{
    source.server = "time.example.net";
    world.script.send_error = -ENETUNREACH;
    start_source();
    fake_world_run(&world, S(3600));
    ck_assert_uint_le(world.script.calls, 2000);
    ck_assert_uint_le(world.notes.resolutions, 30);
    world.script.send_error = 0;
    fake_world_run(&world, S(1100));
    ck_assert_uint_ge(world.notes.sent, 1);
    end_source();
}
END_TEST

START_TEST(a_denial_is_told)
{
    start_source();
    fake_world_run(&world, 1000);
    deliver_reply(3, 0, 0x44454e59);
    ck_assert_uint_eq(world.notes.faults, 1);
    ck_assert_ptr_nonnull(strstr(world.notes.last_fault, "DENY"));
    ck_assert_ptr_nonnull(strstr(world.notes.last_fault, "192.0.2.1:123"));
    fake_world_run(&world, S(23 * 3600));
    ck_assert_uint_eq(world.notes.sent, 1);
    end_source();
}
END_TEST

START_TEST(a_wish_for_fewer_requests_reaches_the_core)
{
    start_source();
    fake_world_run(&world, 1000);
    deliver_reply(3, 0, 0x52415445);
    ck_assert_uint_eq(world.notes.faults, 1);
    ck_assert_ptr_nonnull(strstr(world.notes.last_fault, "192.0.2.1:123"));
    ck_assert_ptr_nonnull(strstr(world.notes.last_fault, "RATE): every 128 s"));
    ck_assert_double_eq(world.notes.slow_s, 128);
    fake_world_run(&world, S(120));
    ck_assert_uint_eq(world.notes.sent, 1);
    end_source();
}
END_TEST

START_TEST(noise_is_no_sample)
{
    uint8_t noise[1500];
    start_source();
    fake_world_run(&world, 1000);
    for (size_t size = 0; size <= sizeof(noise); size++) {
        for (size_t i = 0; i < size; i++)
            noise[i] = (uint8_t)fake_world_random(&world);
        fake_world_deliver(&world, noise, size);
    }
    ck_assert_uint_eq(world.notes.samples, 0);
    deliver_reply(0, 2, 0xc0000263);
    ck_assert_uint_eq(world.notes.samples, 1);
    end_source();
}
END_TEST

START_TEST(who_is_offline_asks_nothing)
{
    source.server = "time.example.net";
    source.offline = true;
    start_source();
    fake_world_run(&world, S(1000));
    ck_assert_uint_eq(world.notes.sent, 0);
    ck_assert_uint_eq(world.notes.resolutions, 0);
    ck_assert_int_eq(upstream_online(instance, NULL, true), 0);
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.resolutions, 1);
    ck_assert_uint_eq(world.notes.sent, 1);
    unsigned open = fake_world_open(&world);
    ck_assert_int_eq(upstream_online(instance, NULL, false), 0);
    ck_assert_uint_eq(fake_world_open(&world), open - 1); /* the request's socket */
    fake_world_run(&world, S(100000));
    ck_assert_uint_eq(world.notes.sent, 1);
    ck_assert_uint_eq(world.notes.resolutions, 1);
    ck_assert_int_eq(upstream_online(instance, NULL, true), 0);
    ck_assert_int_eq(upstream_online(instance, NULL, true), 0);
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent, 2);
    end_source();
}
END_TEST

START_TEST(a_denial_outlives_being_offline)
{
    start_source();
    fake_world_run(&world, 1000);
    deliver_reply(3, 0, 0x44454e59);
    upstream_online(instance, NULL, false);
    fake_world_run(&world, S(3600));
    upstream_online(instance, NULL, true);
    fake_world_run(&world, S(22 * 3600));
    ck_assert_uint_eq(world.notes.sent, 1);
    fake_world_run(&world, S(2 * 3600));
    ck_assert_uint_ge(world.notes.sent, 2);
    end_source();
}
END_TEST

START_TEST(it_may_go_offline_by_itself)
{
    source.auto_offline = true;
    world.script.send_error = -ENETUNREACH;
    start_source();
    fake_world_run(&world, S(3600));
    ck_assert_uint_eq(world.notes.polls, 1);
    ck_assert_ptr_nonnull(strstr(world.notes.last_fault, "offline by itself"));
    ck_assert_uint_eq(world.notes.logs[GN_INFO], 1);
    world.script.send_error = 0;
    fake_world_run(&world, S(3600));
    ck_assert_uint_eq(world.notes.sent, 0);
    upstream_online(instance, NULL, true);
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent, 1);
    end_source();
}
END_TEST

START_TEST(a_source_of_somebody_else_is_none_of_ours)
{
    source.offline = true;
    start_source();
    ck_assert_int_eq(upstream_online(instance, (struct gn_source *)&world, true), -ENOENT);
    ck_assert_int_eq(upstream_burst(instance, (struct gn_source *)&world), -ENOENT);
    end_source();
}
END_TEST

START_TEST(a_name_is_asked_for_again)
{
    source.server = "time.example.net";
    source.refresh_s = 500;
    start_source();
    fake_world_run(&world, S(1));
    deliver_reply(0, 2, 0xc0000263);
    ck_assert_uint_eq(world.notes.resolutions, 1);
    ck_assert_int_eq(upstream_refresh(instance), 0);
    ck_assert_int_eq(upstream_refresh(instance), 0); /* it is under way */
    fake_world_run(&world, S(1));
    ck_assert_uint_eq(world.notes.resolutions, 2);
    for (unsigned i = 0; i < 100; i++) {
        fake_world_run(&world, S(17));
        deliver_reply(0, 2, 0xc0000263);
    }
    ck_assert_uint_eq(world.notes.resolutions, 2 + 1700 / 500);
    end_source();

    source.server = "192.0.2.1";
    start_source();
    ck_assert_int_eq(upstream_refresh(instance), -ENOTSUP);
    fake_world_run(&world, S(5000));
    end_source();
}
END_TEST

START_TEST(two_entries_never_ask_one_address)
{
    struct fake_host other;
    struct upstream_config second = source;
    void *twin;
    fake_host_init(&other, &world, "twin", 0);
    start_source();
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent, 1);
    ck_assert_int_eq(upstream_open(&other.host, shared, &second, &twin), 0);
    ck_assert_int_eq(upstream_start(twin), 0);
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent, 1);
    ck_assert_ptr_nonnull(strstr(world.notes.last_fault, "is another source's"));
    end_source(); /* the second has it when it looks again */
    fake_world_run(&world, S(70));
    ck_assert_uint_ge(world.notes.sent, 2);
    upstream_stop(twin);
    fake_host_close_all(&other);
    upstream_close(twin);
}
END_TEST

START_TEST(a_server_takes_the_address_of_a_pool)
{
    struct fake_host other;
    struct upstream_config pool = source;
    void *many;
    pool.server = NULL;
    pool.pool = "time.example.net"; /* of four addresses */
    fake_host_init(&other, &world, "pool", 0);
    ck_assert_int_eq(upstream_open(&other.host, shared, &pool, &many), 0);
    ck_assert_int_eq(upstream_start(many), 0);
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent, 4);
    source.server = "time.example.net";
    start_source();
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent, 5);
    fake_world_run(&world, S(20000)); /* eight unanswered, again and again: all change places */
    end_source();
    fake_world_run(&world, S(5000));
    upstream_stop(many);
    fake_host_close_all(&other);
    upstream_close(many);
}
END_TEST

START_TEST(what_is_known_of_a_silent_server_is_forgotten)
{
    source.max_unreach = _i == 0 ? 2 : 100000;
    start_source();
    fake_world_run(&world, 1000);
    deliver_reply(0, 2, 0xc0000263);
    unsigned logs = world.notes.logs[GN_INFO];
    fake_world_run(&world, S(3600));
    ck_assert_uint_gt(world.notes.sent, 10);
    ck_assert_uint_eq(world.notes.logs[GN_INFO], logs + (_i == 0));
    end_source();
}
END_TEST

static const struct {
    const char *server, *pool, *peer, *words;
} wrong[] = {
    {NULL, NULL, NULL, "one of \"server\", \"pool\", \"peer\""},
    {"a", "b", NULL, "exclude each other"},
    {"a", NULL, "b", "exclude each other"},
    {"", NULL, NULL, "empty"},
    {"time.example.net:123", NULL, NULL, "\"port\""},
    {"[2001:db8::1]", NULL, NULL, "\"port\""},
    {NULL, "192.0.2.1:123", NULL, "\"port\""},
    {NULL, NULL, "192.0.2.1:123", "\"port\""},
    {"two words", NULL, NULL, "no host name"},
    {NULL, "http://example.net", NULL, "no host name"},
    {NULL, NULL, "", "peer: the name is empty"},
};

START_TEST(a_wrong_source_is_explained)
{
    source.server = wrong[_i].server;
    source.pool = wrong[_i].pool;
    source.peer = wrong[_i].peer;
    ck_assert_int_eq(upstream_open(&host.host, shared, &source, &instance), -EINVAL);
    ck_assert_msg(strstr(host.words, wrong[_i].words) != NULL, "%s", host.words);
}
END_TEST

START_TEST(an_address_has_one_family)
{
    source.family = 2;
    ck_assert_int_eq(upstream_open(&host.host, shared, &source, &instance), -EINVAL);
    ck_assert_msg(strstr(host.words, "family: 192.0.2.1") != NULL, "%s", host.words);
    source.server = "time.example.net"; /* one of its four is */
    start_source();
    for (int i = 0; i < 100; i++) {
        fake_world_run(&world, S(10));
        ck_assert_uint_eq(world.notes.sent_to.family, GN_FAMILY_IPV6);
    }
    end_source();
}
END_TEST

START_TEST(an_ipv6_address_is_a_server)
{
    source.server = "2001:db8::1";
    start_source();
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent_to.family, GN_FAMILY_IPV6);
    end_source();
}
END_TEST

/* ---------------------------------------------------------------- server */

static void start_server(void)
{
    ck_assert_int_eq(service_open(&host.host, shared, &server, &instance), 0);
    ck_assert_int_eq(service_start(instance), 0);
}

static void end_server(void)
{
    service_stop(instance);
    fake_host_close_all(&host);
    service_close(instance);
}

static void deliver_request(void)
{
    struct wire_header header = {
        .version = 4, .mode = WIRE_MODE_CLIENT, .transmit = {0x1122334455667788}};
    uint8_t packet[WIRE_HEADER_SIZE];
    wire_pack(&header, packet);
    fake_world_deliver(&world, packet, sizeof(packet));
}

START_TEST(a_request_is_answered)
{
    struct wire_header header;
    start_server();
    deliver_request();
    ck_assert_uint_eq(world.notes.sent, 1);
    ck_assert_uint_eq(world.notes.sent_to.ip[0], 198);
    ck_assert_uint_eq(world.notes.sent_to.port, 123);
    ck_assert_int_eq(wire_unpack(world.notes.sent_data, world.notes.sent_size, &header), 0);
    ck_assert_uint_eq(header.mode, WIRE_MODE_SERVER);
    ck_assert_uint_eq(header.stratum, 3);
    ck_assert(header.origin.raw == 0x1122334455667788);
    gn_utc now = {world.now_ns + FAKE_SYSTEM_NS};
    ck_assert_int_eq(wire_stamp_to_utc(header.transmit, now).ns, now.ns);
    end_server();
}
END_TEST

START_TEST(strangers_are_not_answered)
{
    server.allow.count = 0;
    start_server();
    deliver_request();
    ck_assert_uint_eq(world.notes.sent, 0);
    end_server();
}
END_TEST

START_TEST(access_changes_in_place)
{
    start_server();
    struct service_config closed = server;
    closed.allow.count = 0;
    ck_assert_int_eq(service_reload(instance, &closed), 0);
    deliver_request();
    ck_assert_uint_eq(world.notes.sent, 0);
    struct service_config bad = closed;
    bad.deny = LIST("nonsense");
    ck_assert_int_eq(service_reload(instance, &bad), -EINVAL);
    ck_assert_int_eq(service_reload(instance, &server), 0);
    deliver_request();
    ck_assert_uint_eq(world.notes.sent, 1);
    struct service_config moved = server;
    moved.port = 124;
    ck_assert_int_eq(service_reload(instance, &moved), -ENOTSUP);
    moved = server;
    moved.listen = LIST("0.0.0.0", "::");
    ck_assert_int_eq(service_reload(instance, &moved), -ENOTSUP);
    moved.listen = LIST("127.0.0.1");
    ck_assert_int_eq(service_reload(instance, &moved), -ENOTSUP);
    end_server();
}
END_TEST

START_TEST(a_machine_without_ipv6_serves_without)
{
    const int errors[] = {-EAFNOSUPPORT, -EADDRNOTAVAIL};
    server.listen = LIST("0.0.0.0", "::");
    world.script.fail_at = 2;
    world.script.error = errors[_i];
    start_server();
    ck_assert_uint_eq(world.notes.logs[GN_INFO], 1);
    ck_assert_ptr_nonnull(strstr(world.notes.last_log, "[::]:123"));
    deliver_request();
    ck_assert_uint_eq(world.notes.sent, 1);
    end_server();
}
END_TEST

START_TEST(no_socket_at_all_is_an_error)
{
    server.listen = LIST("::");
    world.script.fail_at = 1;
    world.script.error = -EAFNOSUPPORT;
    ck_assert_int_eq(service_open(&host.host, shared, &server, &instance), 0);
    ck_assert_int_eq(service_start(instance), -EAFNOSUPPORT);
    service_close(instance);
}
END_TEST

START_TEST(a_port_in_use_is_named)
{
    const int errors[] = {-EADDRINUSE, -EACCES, -EADDRNOTAVAIL};
    world.script.fail_at = 1;
    world.script.error = errors[_i];
    ck_assert_int_eq(service_open(&host.host, shared, &server, &instance), 0);
    ck_assert_int_eq(service_start(instance), errors[_i]);
    ck_assert_msg(strstr(host.words, "0.0.0.0:123") != NULL, "%s", host.words);
    ck_assert_msg(strstr(host.words, strerror(-errors[_i])) != NULL, "%s", host.words);
    service_close(instance);
}
END_TEST

START_TEST(a_wrong_server_is_explained)
{
    server.listen = LIST("0.0.0.0", "localhost");
    ck_assert_int_eq(service_open(&host.host, shared, &server, &instance), -EINVAL);
    ck_assert_ptr_nonnull(strstr(host.words, "\"localhost\""));
    server.listen.count = 0;
    ck_assert_int_eq(service_open(&host.host, shared, &server, &instance), -EINVAL);
    server.listen = LIST("0.0.0.0");
    server.allow = LIST("192.168.0.0/40");
    ck_assert_int_eq(service_open(&host.host, shared, &server, &instance), -EINVAL);
    ck_assert_ptr_nonnull(strstr(host.words, "192.168.0.0/40"));
}
END_TEST

START_TEST(a_reply_that_cannot_leave_is_said_once)
{
    world.script.send_error = -EPERM;
    start_server();
    for (int i = 0; i < 100; i++)
        deliver_request();
    ck_assert_uint_eq(world.notes.logs[GN_WARNING], 1);
    end_server();
}
END_TEST

START_TEST(noise_gets_no_more_than_the_protocol)
{
    uint8_t noise[1500];
    start_server();
    for (size_t size = 0; size <= sizeof(noise); size++) {
        unsigned sent = world.notes.sent;
        for (size_t i = 0; i < size; i++)
            noise[i] = (uint8_t)fake_world_random(&world);
        fake_world_deliver(&world, noise, size);
        if (world.notes.sent > sent)
            ck_assert_uint_ge(size, world.notes.sent_size);
    }
    end_server();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_plugin");
    TCase *tcase = tcase_create("plugin");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_request_goes_out_and_a_sample_comes_in);
    tcase_add_test(tcase, each_request_has_a_socket_of_its_own);
    tcase_add_test(tcase, four_samples_in_the_first_seven_seconds);
    tcase_add_test(tcase, a_pool_opens_as_many_as_there_are);
    tcase_add_test(tcase, a_name_is_resolved_again_until_it_is_there);
    tcase_add_test(tcase, a_silent_address_gives_way_to_the_next);
    tcase_add_test(tcase, no_network_is_no_storm);
    tcase_add_test(tcase, a_denial_is_told);
    tcase_add_test(tcase, a_wish_for_fewer_requests_reaches_the_core);
    tcase_add_test(tcase, noise_is_no_sample);
    tcase_add_loop_test(tcase, a_wrong_source_is_explained, 0, sizeof(wrong) / sizeof(*wrong));
    tcase_add_test(tcase, an_ipv6_address_is_a_server);
    tcase_add_test(tcase, who_is_offline_asks_nothing);
    tcase_add_test(tcase, a_denial_outlives_being_offline);
    tcase_add_test(tcase, it_may_go_offline_by_itself);
    tcase_add_test(tcase, a_source_of_somebody_else_is_none_of_ours);
    tcase_add_test(tcase, a_name_is_asked_for_again);
    tcase_add_test(tcase, two_entries_never_ask_one_address);
    tcase_add_test(tcase, a_server_takes_the_address_of_a_pool);
    tcase_add_loop_test(tcase, what_is_known_of_a_silent_server_is_forgotten, 0, 2);
    tcase_add_test(tcase, an_address_has_one_family);
    tcase_add_test(tcase, a_request_is_answered);
    tcase_add_test(tcase, strangers_are_not_answered);
    tcase_add_test(tcase, access_changes_in_place);
    tcase_add_loop_test(tcase, a_machine_without_ipv6_serves_without, 0, 2);
    tcase_add_test(tcase, no_socket_at_all_is_an_error);
    tcase_add_loop_test(tcase, a_port_in_use_is_named, 0, 3);
    tcase_add_test(tcase, a_wrong_server_is_explained);
    tcase_add_test(tcase, a_reply_that_cannot_leave_is_said_once);
    tcase_add_test(tcase, noise_gets_no_more_than_the_protocol);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
