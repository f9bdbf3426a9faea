/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps of network cards on the local scale: a simulated card's clock, and packets it has stamped.
 */

#include "vdev_fixture.h"

#include <host/hardware.h>
#include <stdio.h>

#define CARD 7
#define TRUE_NS(bench) (START_S * GN_NS_PER_S + bench_now_ns(bench))

struct lab {
    struct bench bench;
    struct os os;
    struct os_net net;
    struct timekeeper keeper;
    struct logger *logger;
    struct config_network config;
    struct hardware hardware;
    const char *name;
    char lines[8][200];
    unsigned line_count;
};

static int cards(struct os_net *net, const char *name, enum os_card_filter filter,
                 void (*found)(void *arg, const struct os_card *), void *arg)
{
    const struct os_card card = {
        .name = "eth7", .interface = CARD, .phc = 0, .mbps = 1000, .receives = true, .sends = true};
    (void)net, (void)filter;
    if (strcmp(name, "eth9") == 0)
        return -EPERM;
    found(arg, &card);
    return 1;
}

static uint32_t card_mbps(struct os_net *net, const char *name)
{
    (void)net, (void)name;
    return 100;
}

static const struct os_net_ops net_ops = {.cards = cards, .card_mbps = card_mbps};

static void hear(void *arg, enum gn_level level, const char *line)
{
    struct lab *lab = arg;
    (void)level;
    if (lab->line_count < 8)
        snprintf(lab->lines[lab->line_count++], sizeof lab->lines[0], "%s", line);
}

static void begin(struct lab *lab, const char *name, struct vdev_phc_config card)
{
    memset(lab, 0, sizeof *lab);
    bench_open(&lab->bench, 1, &(struct vclock_config){.frequency = 10e-6});
    card.place.path = "/dev/ptp0";
    vdev_add_phc(lab->bench.devices, &card);
    lab->net.ops = &net_ops;
    lab->os = (struct os){.loop = lab->bench.loop,
                          .net = &lab->net,
                          .devices = lab->bench.devices,
                          .clock = lab->bench.clock};
    lab->name = name;
    lab->config.hwtimestamp = (struct gn_strings){&lab->name, 1};
    lab->logger = logger_create(GN_INFO, hear, lab);
    timekeeper_init(&lab->keeper, lab->bench.clock, true);
    hardware_open(&lab->hardware, &lab->os, &lab->keeper, lab->logger, &lab->config);
}

static void end(struct lab *lab)
{
    hardware_close(&lab->hardware);
    logger_destroy(lab->logger);
    bench_close(&lab->bench);
}

/* A frame begins to come in now by the card's clock, which is `ahead_ns` of true time; the kernel
 * sees it 20 us later. Returns how far the card's stamp, brought over, is from now; INT64_MAX: it
 * was not. */
static int64_t receive(struct lab *lab, int64_t ahead_ns, uint32_t size)
{
    struct os_hardware stamp = {TRUE_NS(&lab->bench) + ahead_ns, CARD, size};
    gn_local now = timekeeper_now(&lab->keeper), when;
    bool good = hardware_received(&lab->hardware, &stamp, gn_local_add(now, 20000), &when);
    return good ? gn_local_sub(when, now) : INT64_MAX;
}

START_TEST(a_cards_stamp_lies_on_the_local_scale)
{
    struct lab lab;
    begin(&lab, "*", (struct vdev_phc_config){.ahead_s = 37});
    ck_assert_str_eq(lab.lines[0], "eth7 stamps what it receives and sends, by /dev/ptp0");
    for (int i = 0; i < 20; i++) {
        bench_until(&lab.bench, i * 16 * GN_NS_PER_S);
        int64_t off_ns = receive(&lab, 37 * GN_NS_PER_S, 0);
        ck_assert_int_le(llabs(off_ns), 100);
    }
    ck_assert_uint_eq(lab.hardware.cards[0].used, 20);
    end(&lab);
}
END_TEST

/* 90 + 4 bytes at 1 Gbit/s, and at 100 Mbit/s after a minute. */
START_TEST(what_comes_in_is_moved_to_its_end)
{
    struct lab lab;
    begin(&lab, "eth7", (struct vdev_phc_config){.ahead_s = 0});
    int64_t begun_ns = receive(&lab, 0, 0);
    ck_assert_int_eq(receive(&lab, 0, 90) - begun_ns, 752);
    bench_until(&lab.bench, 61 * GN_NS_PER_S);
    begun_ns = receive(&lab, 0, 0);
    ck_assert_int_eq(receive(&lab, 0, 90) - begun_ns, 7520);
    lab.config.rx_comp_s = 300e-9;
    ck_assert_int_eq(receive(&lab, 0, 90) - begun_ns, 7220);
    end(&lab);
}
END_TEST

START_TEST(what_goes_out_keeps_its_beginning)
{
    struct lab lab;
    gn_local when;
    begin(&lab, "*", (struct vdev_phc_config){.ahead_s = 0});
    lab.config.tx_comp_s = 200e-9;
    struct os_hardware stamp = {TRUE_NS(&lab.bench), CARD, 90};
    gn_local now = timekeeper_now(&lab.keeper);
    ck_assert(hardware_sent(&lab.hardware, &stamp, &when));
    ck_assert_int_le(llabs(gn_local_sub(when, now) - 200), 100);
    stamp.interface = 0; /* the kernel does not say which; there is one only */
    ck_assert(hardware_sent(&lab.hardware, &stamp, &when));
    stamp.interface = CARD + 1;
    ck_assert(!hardware_sent(&lab.hardware, &stamp, &when));
    stamp = (struct os_hardware){TRUE_NS(&lab.bench) + GN_NS_PER_S, CARD, 90}; /* not sent yet */
    ck_assert(!hardware_sent(&lab.hardware, &stamp, &when));
    end(&lab);
}
END_TEST

START_TEST(absurd_stamps_leave_the_kernels)
{
    struct lab lab;
    begin(&lab, "*", (struct vdev_phc_config){.ahead_s = 0});
    ck_assert_int_ne(receive(&lab, 0, 0), INT64_MAX);
    ck_assert_int_eq(receive(&lab, 50000, 0), INT64_MAX);        /* after the kernel's */
    ck_assert_int_eq(receive(&lab, -GN_NS_PER_S, 0), INT64_MAX); /* long before */
    ck_assert_int_eq(receive(&lab, INT64_MAX / 2 - TRUE_NS(&lab.bench), 0), INT64_MAX);
    ck_assert_int_ne(receive(&lab, 0, 0), INT64_MAX);
    ck_assert_uint_eq(lab.line_count, 2); /* told once */
    ck_assert_ptr_nonnull(strstr(lab.lines[1], "hardware stamps of eth7 are not used"));
    end(&lab);
}
END_TEST

START_TEST(a_clock_that_is_set_is_followed)
{
    struct lab lab;
    begin(&lab, "*", (struct vdev_phc_config){.jump_at_s = 10, .jump_s = 37});
    for (int i = 0; i < 10; i++) {
        bench_until(&lab.bench, i * GN_NS_PER_S);
        ck_assert_int_le(llabs(receive(&lab, 0, 0)), 100);
    }
    bench_until(&lab.bench, 10 * GN_NS_PER_S + 500 * MS); /* no reading since it was set */
    bench_until(&lab.bench, 11 * GN_NS_PER_S);
    ck_assert_int_le(llabs(receive(&lab, 37 * GN_NS_PER_S, 0)), 100);
    end(&lab);
}
END_TEST

/* The system clock is slewed and stepped; local is not. */
START_TEST(steering_does_not_matter)
{
    struct lab lab;
    begin(&lab, "*", (struct vdev_phc_config){.frequency = -20e-6});
    ck_assert_int_le(llabs(receive(&lab, 0, 0)), 1000);
    for (int i = 1; i < 10; i++) {
        timekeeper_steer(&lab.keeper, i % 2 == 0 ? 0.08 : -0.08);
        timekeeper_step(&lab.keeper, i * 1000 * MS);
        bench_until(&lab.bench, i * 1500 * MS);
        int64_t off_ns = receive(&lab, 20 * i * 1500, 0); /* it is fast by 20 ppm */
        ck_assert_int_le(llabs(off_ns), 1000);
    }
    end(&lab);
}
END_TEST

START_TEST(without_its_clock_a_card_is_of_no_use)
{
    struct lab lab;
    begin(&lab, "*", (struct vdev_phc_config){.place.denied = true});
    ck_assert_str_eq(lab.lines[0], "network.hwtimestamp: cannot open /dev/ptp0, the clock of eth7: "
                                   "Permission denied");
    ck_assert_int_eq(receive(&lab, 0, 0), INT64_MAX);
    end(&lab);
    begin(&lab, "*", (struct vdev_phc_config){.error = -EIO});
    ck_assert_int_eq(receive(&lab, 0, 0), INT64_MAX);
    ck_assert_ptr_nonnull(strstr(lab.lines[1], "cannot read /dev/ptp0"));
    end(&lab);
    begin(&lab, "eth9", (struct vdev_phc_config){.error = 0});
    ck_assert_ptr_nonnull(strstr(lab.lines[0], "network.hwtimestamp: eth9"));
    ck_assert_ptr_nonnull(strstr(lab.lines[0], "CAP_NET_ADMIN"));
    end(&lab);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("hardware");
    tcase_add_test(tests, a_cards_stamp_lies_on_the_local_scale);
    tcase_add_test(tests, what_comes_in_is_moved_to_its_end);
    tcase_add_test(tests, what_goes_out_keeps_its_beginning);
    tcase_add_test(tests, absurd_stamps_leave_the_kernels);
    tcase_add_test(tests, a_clock_that_is_set_is_followed);
    tcase_add_test(tests, steering_does_not_matter);
    tcase_add_test(tests, without_its_clock_a_card_is_of_no_use);
    return vdev_main("hardware", tests);
}
