/* SPDX-License-Identifier: Apache-2.0 */
/* Broadcast and multicast of core/os over the loopback interface. */
#include "os_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define PORT 31123

struct end {
    struct os_fixture *fixture;
    struct os_datagram *datagram;
    unsigned packets;
    struct os_packet packet;
};

static unsigned wanted; /* packets in all; then the loop stops */

static void on_receive(void *arg, const struct os_packet *packets, size_t size)
{
    struct end *end = arg;
    end->packets += (unsigned)size;
    end->packet = packets[size - 1];
    wanted -= wanted > size ? (unsigned)size : wanted;
    if (wanted == 0)
        fixture_stop(end->fixture);
}

static const struct os_datagram_events events = {.receive = on_receive};

static struct gn_address address_of(const char *text)
{
    struct gn_address address = {.port = PORT};
    bool six = strchr(text, ':') != NULL;
    address.family = six ? GN_FAMILY_IPV6 : GN_FAMILY_IPV4;
    ck_assert_int_eq(inet_pton(six ? AF_INET6 : AF_INET, text, address.ip), 1);
    return address;
}

static int open_end(struct os_fixture *fixture, struct end *end, const char *bind,
                    const char *group, const char *interface, uint32_t flags)
{
    struct gn_address joined = {0};
    struct gn_datagram_config config = {
        .bind = address_of(bind), .interface = interface, .flags = flags};
    if (group != NULL) {
        joined = address_of(group);
        config.groups = &joined;
        config.group_count = 1;
    }
    memset(end, 0, sizeof *end);
    end->fixture = fixture;
    return fixture->net->ops->datagram_open(fixture->net, &config, &events, end, &end->datagram);
}

static int send_to(struct end *end, const char *to)
{
    struct gn_address address = address_of(to);
    return end->fixture->net->ops->datagram_send(end->datagram, "x", 1, &address, NULL, 0, 0, NULL);
}

/* Wait for so many packets. */
static void await(struct os_fixture *fixture, unsigned packets)
{
    wanted = packets;
    fixture_run(fixture);
}

START_TEST(a_broadcast_is_heard_at_its_address_and_by_the_server)
{
    struct os_fixture fixture;
    struct end server, listener;
    fixture_open(&fixture);
    ck_assert_int_eq(open_end(&fixture, &server, "0.0.0.0", NULL, NULL,
                              GN_DATAGRAM_BESIDE | GN_DATAGRAM_BROADCAST),
                     0);
    ck_assert_int_eq(
        open_end(&fixture, &listener, "127.255.255.255", NULL, NULL, GN_DATAGRAM_BESIDE), 0);
    ck_assert_int_eq(send_to(&server, "127.255.255.255"), 0);
    await(&fixture, 2);
    ck_assert_uint_eq(listener.packets, 1);
    ck_assert_uint_eq(listener.packet.remote.port, PORT);
    ck_assert_int_eq(send_to(&server, "127.0.0.1"), 0);
    await(&fixture, 1);
    ck_assert_uint_eq(server.packets, 2);
    ck_assert_uint_eq(listener.packets, 1); /* unicast is not for it */
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_group_is_heard_by_who_has_joined)
{
    struct os_fixture fixture;
    struct end server, listener, other;
    fixture_open(&fixture);
    ck_assert_int_eq(
        open_end(&fixture, &listener, "239.1.2.3", "239.1.2.3", "lo", GN_DATAGRAM_BESIDE), 0);
    ck_assert_int_eq(
        open_end(&fixture, &server, "0.0.0.0", NULL, "lo", GN_DATAGRAM_BESIDE | GN_DATAGRAM_LOOP),
        0);
    ck_assert_int_eq(open_end(&fixture, &other, "127.0.0.1", NULL, "lo", GN_DATAGRAM_BESIDE), 0);
    ck_assert_int_eq(send_to(&server, "239.1.2.3"), 0);
    await(&fixture, 1);
    ck_assert_uint_eq(listener.packets, 1);
    ck_assert_uint_eq(listener.packet.local.ip[0], 239);
    ck_assert_int_eq(send_to(&listener, "127.0.0.1"), 0); /* from an address of the machine */
    await(&fixture, 1);
    ck_assert_uint_eq(other.packets, 1);
    ck_assert_uint_eq(other.packet.remote.ip[0], 127);
    ck_assert_uint_eq(server.packets, 0); /* the group is not for who has not joined it */
    fixture_close(&fixture);
}
END_TEST

START_TEST(opening_fails_with_the_reason)
{
    struct os_fixture fixture;
    struct end end, other;
    fixture_open(&fixture);
    ck_assert_int_eq(open_end(&fixture, &end, "0.0.0.0", NULL, "no-such0", 0), -ENODEV);
    ck_assert_int_eq(open_end(&fixture, &end, "0.0.0.0", "192.0.2.1", "lo", 0), -EADDRNOTAVAIL);
    ck_assert_int_eq(open_end(&fixture, &end, "0.0.0.0", "ff05::101", "lo", 0), -EADDRNOTAVAIL);
    ck_assert_int_eq(open_end(&fixture, &end, "0.0.0.0", NULL, NULL, 0), 0);
    ck_assert_int_eq(send_to(&end, "127.255.255.255"), -EACCES);
    ck_assert_int_eq(open_end(&fixture, &other, "127.255.255.255", NULL, NULL, GN_DATAGRAM_BESIDE),
                     -EADDRINUSE);
    fixture_close(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("udp_group");
    TCase *tcase = tcase_create("group");
    tcase_add_test(tcase, a_broadcast_is_heard_at_its_address_and_by_the_server);
    tcase_add_test(tcase, a_group_is_heard_by_who_has_joined);
    tcase_add_test(tcase, opening_fails_with_the_reason);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
