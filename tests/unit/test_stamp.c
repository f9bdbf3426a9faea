/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps in control messages, of the kernel and of cards, crafted as Linux writes them. */

#include <check.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <os/stamp.h>
#include <stdlib.h>
#include <string.h>

#define S GN_NS_PER_S
#define NOW_NS (INT64_C(1800000000) * S)

/* A message with room for what comes with it. */
struct crafted {
    struct msghdr header;
    union {
        char bytes[512];
        struct cmsghdr align;
    } room;
};

static void begin(struct crafted *crafted)
{
    memset(crafted, 0, sizeof *crafted);
    crafted->header.msg_control = &crafted->room;
}

static void add(struct crafted *crafted, int level, int type, const void *data, size_t size)
{
    size_t at = crafted->header.msg_controllen;
    struct cmsghdr *control = (struct cmsghdr *)(void *)(crafted->room.bytes + at);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(control), data, size);
    crafted->header.msg_controllen = at + CMSG_SPACE(size);
}

static void add_instants(struct crafted *crafted, int64_t kernel_ns, int64_t card_ns)
{
    struct scm_timestamping stamps;
    memset(&stamps, 0, sizeof stamps);
    stamps.ts[0] = (struct timespec){kernel_ns / S, kernel_ns % S};
    stamps.ts[2] = (struct timespec){card_ns / S, card_ns % S};
    add(crafted, SOL_SOCKET, SCM_TIMESTAMPING, &stamps, sizeof stamps);
}

/* As the error queue gives it for a send. */
static void craft_sent(struct crafted *crafted, uint32_t id, int64_t kernel_ns, int64_t card_ns)
{
    struct sock_extended_err origin = {
        .ee_origin = SO_EE_ORIGIN_TIMESTAMPING, .ee_info = SCM_TSTAMP_SND, .ee_data = id};
    struct in_pktinfo way = {.ipi_ifindex = 3};
    begin(crafted);
    add_instants(crafted, kernel_ns, card_ns);
    add(crafted, IPPROTO_IP, IP_PKTINFO, &way, sizeof way);
    add(crafted, IPPROTO_IP, IP_RECVERR, &origin, sizeof origin);
}

START_TEST(what_comes_in_has_both)
{
    struct crafted crafted;
    struct scm_ts_pktinfo info = {.if_index = 7, .pkt_length = 90};
    struct os_hardware hardware;
    gn_system when;
    begin(&crafted);
    add_instants(&crafted, NOW_NS + 5, NOW_NS + 37 * S);
    add(&crafted, SOL_SOCKET, SCM_TIMESTAMPING_PKTINFO, &info, sizeof info);
    ck_assert(stamp_received(&crafted.header, &when, &hardware));
    ck_assert_int_eq(when.ns, NOW_NS + 5);
    ck_assert_int_eq(hardware.ns, NOW_NS + 37 * S);
    ck_assert_uint_eq(hardware.interface, 7);
    ck_assert_uint_eq(hardware.size, 90);
}
END_TEST

START_TEST(or_one_or_none)
{
    struct crafted crafted;
    struct os_hardware hardware;
    gn_system when;
    begin(&crafted);
    ck_assert(!stamp_received(&crafted.header, &when, &hardware));
    add_instants(&crafted, NOW_NS, 0);
    ck_assert(stamp_received(&crafted.header, &when, &hardware));
    ck_assert_int_eq(hardware.ns, 0);
    begin(&crafted);
    add_instants(&crafted, 0, 5);
    ck_assert(!stamp_received(&crafted.header, &when, &hardware));
    ck_assert_int_eq(hardware.ns, 5);
    begin(&crafted); /* cut short */
    add(&crafted, SOL_SOCKET, SCM_TIMESTAMPING, "abc", 3);
    add(&crafted, SOL_SOCKET, SCM_TIMESTAMPING_PKTINFO, "abc", 3);
    ck_assert(!stamp_received(&crafted.header, &when, &hardware));
    ck_assert_uint_eq(hardware.interface, 0);
}
END_TEST

START_TEST(a_send_is_stamped_twice)
{
    struct stamp_sends sends = {0};
    struct stamp_arrival arrival;
    struct crafted crafted;
    stamp_sent(&sends, 77, (gn_system){NOW_NS}, true);
    ck_assert(stamp_awaits_hardware(&sends, (gn_system){NOW_NS - 1}));
    ck_assert(!stamp_awaits_hardware(&sends, (gn_system){NOW_NS}));
    craft_sent(&crafted, 0, NOW_NS + 10, 0);
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 1);
    ck_assert(!arrival.by_hardware);
    ck_assert_int_eq(arrival.when.ns, NOW_NS + 10);
    ck_assert(stamp_awaits_hardware(&sends, (gn_system){NOW_NS - 1}));
    craft_sent(&crafted, 0, 0, 4000);
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 1);
    ck_assert(arrival.by_hardware);
    ck_assert_uint_eq(arrival.tag, 77);
    ck_assert_int_eq(arrival.hardware.ns, 4000);
    ck_assert_uint_eq(arrival.hardware.interface, 3);
    ck_assert(!stamp_awaits_hardware(&sends, (gn_system){NOW_NS - 1}));
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 0); /* again */
}
END_TEST

START_TEST(the_card_may_be_first_or_late_or_alone)
{
    struct stamp_sends sends = {0};
    struct stamp_arrival arrival;
    struct crafted crafted;
    for (uint64_t tag = 100; tag < 103; tag++)
        stamp_sent(&sends, tag, (gn_system){NOW_NS}, true);
    craft_sent(&crafted, 2, 0, 4000);
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 1);
    ck_assert_uint_eq(arrival.tag, 102);
    craft_sent(&crafted, 0, 0, 3000);
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 1);
    ck_assert_uint_eq(arrival.tag, 100);
    craft_sent(&crafted, 2, NOW_NS + 1, 0);
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 1);
    ck_assert(!arrival.by_hardware);
    for (uint64_t tag = 103; tag < 103 + STAMP_PENDING; tag++)
        stamp_sent(&sends, tag, (gn_system){NOW_NS}, true);
    craft_sent(&crafted, 1, 0, 5000); /* given up */
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 0);
}
END_TEST

START_TEST(nobody_asked_for_it)
{
    struct stamp_sends sends = {0};
    struct stamp_arrival arrival;
    struct crafted crafted;
    stamp_sent(&sends, 1, (gn_system){NOW_NS}, false);
    craft_sent(&crafted, 0, 0, 4000);
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 0);
    craft_sent(&crafted, 0, NOW_NS - 1, 0); /* before the send: of an older count */
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 0);
    craft_sent(&crafted, 0, 0, 0);
    ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 0);
}
END_TEST

START_TEST(the_count_wraps)
{
    struct stamp_sends sends = {.next = UINT32_MAX - 1};
    struct stamp_arrival arrival;
    struct crafted crafted;
    for (uint64_t tag = 0; tag < 4; tag++)
        stamp_sent(&sends, tag, (gn_system){NOW_NS}, true);
    for (uint32_t i = 0; i < 4; i++) {
        craft_sent(&crafted, UINT32_MAX - 1 + i, 0, 4000 + i);
        ck_assert_int_eq(stamp_read_sent(&crafted.header, &sends, &arrival), 1);
        ck_assert_uint_eq(arrival.tag, i);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stamp");
    TCase *tests = tcase_create("stamp");
    tcase_add_test(tests, what_comes_in_has_both);
    tcase_add_test(tests, or_one_or_none);
    tcase_add_test(tests, a_send_is_stamped_twice);
    tcase_add_test(tests, the_card_may_be_first_or_late_or_alone);
    tcase_add_test(tests, nobody_asked_for_it);
    tcase_add_test(tests, the_count_wraps);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
