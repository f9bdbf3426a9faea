/* SPDX-License-Identifier: Apache-2.0 */
/* Network cards that stamp: what they say that they can, and what they then do. */

#include <check.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <os/nic.h>
#include <stdlib.h>
#include <string.h>

#define ABLE                                                                                       \
    (SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE)

struct fake {
    struct ethtool_ts_info info;
    int set_error;              /* of SIOCSHWTSTAMP … */
    int refused_filter;         /* … or for this filter only, -ERANGE */
    int widened;                /* what the driver makes of any filter; 0: as asked */
    struct hwtstamp_config now; /* as it is set */
    uint32_t mbps;
    char asked[IFNAMSIZ];
};

static int answer_ethtool(struct fake *fake, void *data)
{
    struct ethtool_cmd *link = data;
    if (*(uint32_t *)data == ETHTOOL_GET_TS_INFO) {
        if (fake->info.so_timestamping == 0)
            return -EOPNOTSUPP;
        *(struct ethtool_ts_info *)data = fake->info;
        return 0;
    }
    ethtool_cmd_speed_set(link, fake->mbps);
    return 0;
}

static int answer(void *arg, unsigned long request, void *data)
{
    struct fake *fake = arg;
    struct ifreq *frame = data;
    struct hwtstamp_config *wanted = (void *)frame->ifr_data;
    memcpy(fake->asked, frame->ifr_name, IFNAMSIZ);
    if (request == SIOCETHTOOL)
        return answer_ethtool(fake, frame->ifr_data);
    if (request == SIOCGHWTSTAMP) {
        *wanted = fake->now;
        return 0;
    }
    if (fake->set_error < 0)
        return fake->set_error;
    if (fake->refused_filter != 0 && wanted->rx_filter == fake->refused_filter)
        return -ERANGE;
    if (fake->widened != 0)
        wanted->rx_filter = fake->widened;
    fake->now = *wanted;
    return 0;
}

static struct fake card(uint32_t filters)
{
    return (struct fake){.info = {.so_timestamping = ABLE,
                                  .phc_index = 2,
                                  .tx_types = 1u << HWTSTAMP_TX_ON,
                                  .rx_filters = filters},
                         .mbps = 1000};
}

static int enable(struct fake *fake, enum os_card_filter filter, struct os_card *about)
{
    return nic_enable(answer, fake, "eth7", filter, about);
}

#define BIT(name) (1u << HWTSTAMP_FILTER_##name)

START_TEST(the_narrowest_filter_is_chosen)
{
    static const struct {
        uint32_t filters;
        enum os_card_filter wanted;
        int chosen;
        bool receives;
    } cases[] = {
        {BIT(ALL) | BIT(NTP_ALL), OS_CARD_AUTO, HWTSTAMP_FILTER_NTP_ALL, true},
        {BIT(ALL) | BIT(NTP_ALL), OS_CARD_ALL, HWTSTAMP_FILTER_ALL, true},
        {BIT(ALL), OS_CARD_AUTO, HWTSTAMP_FILTER_ALL, true},
        {BIT(ALL), OS_CARD_NTP, HWTSTAMP_FILTER_NONE, false},
        {BIT(PTP_V2_EVENT), OS_CARD_AUTO, HWTSTAMP_FILTER_NONE, false},
        {BIT(PTP_V2_EVENT) | BIT(ALL), OS_CARD_PTP, HWTSTAMP_FILTER_PTP_V2_EVENT, false},
        {BIT(ALL), OS_CARD_NONE, HWTSTAMP_FILTER_NONE, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fake = card(cases[i].filters);
        struct os_card about;
        ck_assert_int_eq(enable(&fake, cases[i].wanted, &about), 0);
        ck_assert_str_eq(fake.asked, "eth7");
        ck_assert_str_eq(about.name, "eth7");
        ck_assert_int_eq(fake.now.rx_filter, cases[i].chosen);
        ck_assert_int_eq(about.receives, cases[i].receives);
        ck_assert(about.sends);
        ck_assert_int_eq(about.phc, 2);
        ck_assert_uint_eq(about.mbps, 1000);
    }
}
END_TEST

START_TEST(what_the_driver_makes_of_it_counts)
{
    struct fake fake = card(BIT(ALL) | BIT(PTP_V2_EVENT));
    struct os_card about;
    fake.refused_filter = HWTSTAMP_FILTER_ALL;
    ck_assert_int_eq(enable(&fake, OS_CARD_AUTO, &about), 0);
    ck_assert(about.sends && !about.receives);
    fake = card(BIT(PTP_V2_EVENT));
    fake.widened = HWTSTAMP_FILTER_ALL;
    ck_assert_int_eq(enable(&fake, OS_CARD_PTP, &about), 0);
    ck_assert(about.receives);
}
END_TEST

START_TEST(without_the_right_it_is_used_as_it_is)
{
    struct fake fake = card(BIT(ALL));
    struct os_card about;
    fake.set_error = -EPERM;
    ck_assert_int_eq(enable(&fake, OS_CARD_AUTO, &about), -EPERM);
    fake.now = (struct hwtstamp_config){.tx_type = HWTSTAMP_TX_ON,
                                        .rx_filter = HWTSTAMP_FILTER_PTP_V2_EVENT};
    ck_assert_int_eq(enable(&fake, OS_CARD_AUTO, &about), 0);
    ck_assert(about.sends && !about.receives);
    fake.set_error = -EBUSY;
    ck_assert_int_eq(enable(&fake, OS_CARD_AUTO, &about), -EBUSY);
}
END_TEST

START_TEST(others_have_none)
{
    struct os_card about;
    struct fake fake = {.mbps = 1};
    ck_assert_int_eq(enable(&fake, OS_CARD_AUTO, &about), -EOPNOTSUPP);
    fake = card(BIT(ALL));
    fake.info.so_timestamping = SOF_TIMESTAMPING_TX_SOFTWARE; /* as of veth */
    ck_assert_int_eq(enable(&fake, OS_CARD_AUTO, &about), -EOPNOTSUPP);
    fake = card(BIT(ALL));
    fake.info.phc_index = -1;
    ck_assert_int_eq(enable(&fake, OS_CARD_AUTO, &about), -EOPNOTSUPP);
    fake.mbps = (uint32_t)SPEED_UNKNOWN; /* the link is down */
    ck_assert_uint_eq(nic_mbps(answer, &fake, "eth7"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nic");
    TCase *tests = tcase_create("nic");
    tcase_add_test(tests, the_narrowest_filter_is_chosen);
    tcase_add_test(tests, what_the_driver_makes_of_it_counts);
    tcase_add_test(tests, without_the_right_it_is_used_as_it_is);
    tcase_add_test(tests, others_have_none);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
