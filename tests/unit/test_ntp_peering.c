/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <plugins/proto-ntp/address.h>
#include <plugins/proto-ntp/commons.h>
#include <plugins/proto-ntp/service.h>
#include <plugins/proto-ntp/upstream.h>
#include <plugins/proto-ntp/wire.h>
#include <stdlib.h>
#include <string.h>
#include <tests/plugin/fake_host.h>

/* A peer and a server of one daemon that is none, and the sockets that they share. */

#define S(seconds) ((int64_t)(seconds)*GN_NS_PER_S)

static struct fake_world world;
static struct fake_host shared, host, server_host;
static struct upstream_config config;
static struct service_config server_config;
static struct commons *commons;
static void *peer, *server;

static const char *const any_address[] = {"0.0.0.0", "::"};

static void set_up(void)
{
    void *object = NULL;
    fake_world_init(&world, 1);
    fake_host_init(&shared, &world, "proto-ntp", 0);
    fake_host_init(&host, &world, "peer", 0);
    fake_host_init(&server_host, &world, "server", 0);
    config = (struct upstream_config){.peer = "192.0.2.1",
                                      .max_sources = 4,
                                      .port = 123,
                                      .version = 4,
                                      .filter = 1,
                                      .presend_log2s = 18};
    server_config = (struct service_config){.listen = {any_address, 2}, .port = 123};
    ck_assert_int_eq(commons_open(&shared.host, &object), 0);
    commons = object;
    peer = server = NULL;
}

static void tear_down(void)
{
    commons_close(commons);
    fake_host_close_all(&shared);
    ck_assert_msg(world.misuse == NULL, "%s", world.misuse);
    ck_assert_uint_eq(fake_world_open(&world), 0);
    fake_world_finish(&world);
}

static void start_peer(void)
{
    ck_assert_int_eq(upstream_open(&host.host, commons, &config, &peer), 0);
    ck_assert_int_eq(upstream_start(peer), 0);
    fake_world_run(&world, 1000);
}

static void end_peer(void)
{
    upstream_stop(peer);
    fake_host_close_all(&host);
    upstream_close(peer);
}

static void start_server(void)
{
    ck_assert_int_eq(service_open(&server_host.host, commons, &server_config, &server), 0);
    ck_assert_int_eq(service_start(server), 0);
}

static void end_server(void)
{
    service_stop(server);
    fake_host_close_all(&server_host);
    service_close(server);
}

static unsigned own_sockets(void)
{
    const struct outlet *outlet;
    unsigned count = 0;
    LIST_FOREACH(outlet, &commons->outlets.sockets, link)
    count += outlet->is_own;
    return count;
}

/* The peer's answer to our last packet, by this socket. Returns whether it was taken. */
static bool answer(struct outlet *outlet, const char *from, uint16_t port)
{
    struct wire_header header;
    uint8_t bytes[WIRE_HEADER_SIZE];
    struct gn_packet packet = {.data = bytes, .size = sizeof(bytes), .when = {world.now_ns}};
    address_parse(from, &packet.remote);
    packet.remote.port = port;
    address_parse("192.0.2.9", &packet.local);
    ck_assert_int_eq(wire_unpack(world.notes.sent_data, world.notes.sent_size, &header), 0);
    header.origin = header.transmit;
    header.leap = 0;
    header.stratum = 2;
    header.precision = -20;
    header.receive = header.transmit = wire_stamp_from_utc((gn_utc){world.now_ns + FAKE_SYSTEM_NS});
    wire_pack(&header, bytes);
    return outlets_deliver(&commons->outlets, outlet, &packet);
}

START_TEST(a_peer_alone_has_a_socket_of_its_own)
{
    start_peer();
    ck_assert_uint_eq(world.notes.sent, 1);
    ck_assert_uint_eq(world.notes.polls, 1);
    ck_assert_int_eq(world.notes.source.mode, GN_MODE_PEER);
    ck_assert_uint_eq(world.notes.sent_data[0] & 0x3f, 4 << 3 | WIRE_MODE_ACTIVE);
    ck_assert_uint_eq(world.notes.sent_to.port, 123);
    ck_assert_uint_eq(own_sockets(), 1);
    struct outlet *outlet = LIST_FIRST(&commons->outlets.sockets);
    ck_assert_uint_eq(outlet->bind.port, 123);
    world.now_ns += 5000000;
    ck_assert(answer(outlet, "192.0.2.1", 123));
    ck_assert_uint_eq(world.notes.samples, 1);
    ck_assert_int_eq(world.notes.sample.stratum, 2);
    end_peer();
}
END_TEST

START_TEST(only_the_peers_address_is_the_peer)
{
    start_peer();
    struct outlet *outlet = LIST_FIRST(&commons->outlets.sockets);
    ck_assert(!answer(outlet, "192.0.2.2", 123));
    ck_assert(!answer(outlet, "192.0.2.1", 124));
    world.notes.sent_data[0] = 4 << 3 | WIRE_MODE_CLIENT; /* a client there is a client */
    ck_assert(!answer(outlet, "192.0.2.1", 123));
    world.notes.sent_data[0] = 4 << 3 | WIRE_MODE_PASSIVE;
    ck_assert(answer(outlet, "192.0.2.1", 123));
    ck_assert_uint_eq(world.notes.samples, 1);
    end_peer();
}
END_TEST

START_TEST(a_server_has_the_port_first)
{
    start_peer();
    ck_assert_uint_eq(own_sockets(), 1);
    start_server();
    ck_assert_uint_eq(own_sockets(), 0);
    unsigned sent = world.notes.sent, open = fake_world_open(&world);
    fake_world_run(&world, S(70));
    ck_assert_uint_gt(world.notes.sent, sent); /* by the server's */
    ck_assert_uint_eq(fake_world_open(&world), open);
    ck_assert(answer(LIST_FIRST(&commons->outlets.sockets), "192.0.2.1", 123));
    ck_assert_uint_eq(world.notes.samples, 1);
    end_server();
    fake_world_run(&world, S(140));
    ck_assert_uint_eq(own_sockets(), 1);
    end_peer();
}
END_TEST

START_TEST(a_server_elsewhere_leaves_the_port)
{
    server_config.port = 1123;
    start_peer();
    start_server();
    ck_assert_uint_eq(own_sockets(), 1);
    end_server();
    end_peer();
}
END_TEST

START_TEST(a_port_that_is_taken_is_a_fault)
{
    world.script.send_error = -EACCES;
    start_peer();
    ck_assert_uint_ge(world.notes.faults, 1);
    ck_assert_ptr_nonnull(strstr(world.notes.last_fault, "cannot send"));
    world.script.send_error = 0;
    fake_world_run(&world, S(200));
    ck_assert_uint_ge(world.notes.sent, 1);
    end_peer();
}
END_TEST

START_TEST(a_name_without_address_is_tried_again)
{
    world.script.resolve_error = -EAGAIN;
    config.peer = "peer.example.net";
    start_peer();
    ck_assert_uint_eq(world.notes.sent, 0);
    ck_assert_ptr_nonnull(strstr(world.notes.last_fault, "cannot resolve peer.example.net"));
    ck_assert_int_eq(upstream_burst(peer, NULL), -EAGAIN);
    world.script.resolve_error = 0;
    fake_world_run(&world, S(5));
    ck_assert_uint_ge(world.notes.sent, 1);
    ck_assert_int_eq(upstream_burst(peer, NULL), 0);
    end_peer();
}
END_TEST

START_TEST(a_silent_peer_costs_little)
{
    start_peer();
    fake_world_run(&world, S(100000));
    ck_assert_uint_le(world.notes.sent, 130);
    ck_assert_uint_eq(world.notes.samples, 0);
    ck_assert_ptr_nonnull(strstr(world.notes.last_fault, "without an answer"));
    struct gn_event slept = {.size = sizeof(slept), .kind = GN_EVENT_SUSPENDED};
    unsigned sent = world.notes.sent;
    upstream_event(peer, &slept);
    fake_world_run(&world, S(1));
    ck_assert_uint_eq(world.notes.sent, sent + 1);
    end_peer();
}
END_TEST

START_TEST(a_burst_of_a_peer_is_refused)
{
    config.burst = true;
    ck_assert_int_eq(upstream_open(&host.host, commons, &config, &peer), -EINVAL);
    ck_assert_ptr_nonnull(strstr(host.words, "burst"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_peering");
    TCase *tests = tcase_create("peering");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_peer_alone_has_a_socket_of_its_own);
    tcase_add_test(tests, only_the_peers_address_is_the_peer);
    tcase_add_test(tests, a_server_has_the_port_first);
    tcase_add_test(tests, a_server_elsewhere_leaves_the_port);
    tcase_add_test(tests, a_port_that_is_taken_is_a_fault);
    tcase_add_test(tests, a_name_without_address_is_tried_again);
    tcase_add_test(tests, a_silent_peer_costs_little);
    tcase_add_test(tests, a_burst_of_a_peer_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
