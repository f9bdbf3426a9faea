/* SPDX-License-Identifier: Apache-2.0 */
#include "nic.h"

#include "net_uv.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NEEDED (SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_TX_HARDWARE)

/* Filters that stamp PTP's packets over UDP, widest first. */
static const int ptp_filters[] = {HWTSTAMP_FILTER_PTP_V2_EVENT, HWTSTAMP_FILTER_PTP_V2_L4_EVENT};

static int call(nic_ioctl control, void *arg, const char *name, unsigned long request, void *data)
{
    struct ifreq frame;
    memset(&frame, 0, sizeof frame);
    strncpy(frame.ifr_name, name, IFNAMSIZ - 1);
    frame.ifr_data = data;
    return control(arg, request, &frame);
}

uint32_t nic_mbps(nic_ioctl control, void *arg, const char *name)
{
    struct ethtool_cmd link = {.cmd = ETHTOOL_GSET};
    if (call(control, arg, name, SIOCETHTOOL, &link) < 0)
        return 0;
    uint32_t mbps = (uint32_t)link.speed_hi << 16 | link.speed;
    return mbps == (uint32_t)SPEED_UNKNOWN || mbps == UINT16_MAX ? 0 : mbps;
}

/* ---------------------------------------------------------------- which packets are stamped */

static bool has(uint32_t filters, int filter)
{
    return (filters & 1u << filter) != 0;
}

static int ptp_filter(uint32_t filters)
{
    for (size_t i = 0; i < sizeof ptp_filters / sizeof ptp_filters[0]; i++)
        if (has(filters, ptp_filters[i]))
            return ptp_filters[i];
    return HWTSTAMP_FILTER_NONE;
}

/* The narrowest that has our packets in it: stamps of others cost, and a card may hold only one at
 * a time. */
static int choose(uint32_t filters, enum os_card_filter wanted)
{
    if (wanted == OS_CARD_NONE)
        return HWTSTAMP_FILTER_NONE;
    if (wanted == OS_CARD_PTP)
        return ptp_filter(filters);
    if (wanted != OS_CARD_ALL && has(filters, HWTSTAMP_FILTER_NTP_ALL))
        return HWTSTAMP_FILTER_NTP_ALL;
    if (wanted != OS_CARD_NTP && has(filters, HWTSTAMP_FILTER_ALL))
        return HWTSTAMP_FILTER_ALL;
    return HWTSTAMP_FILTER_NONE;
}

static bool stamps_ntp(int filter)
{
    return filter == HWTSTAMP_FILTER_ALL || filter == HWTSTAMP_FILTER_NTP_ALL;
}

/* ---------------------------------------------------------------- switching on */

/* Drivers widen a filter that they cannot do exactly; they say so in what they give back. */
static int set(nic_ioctl control, void *arg, const char *name, int filter,
               struct hwtstamp_config *now)
{
    *now = (struct hwtstamp_config){.tx_type = HWTSTAMP_TX_ON, .rx_filter = filter};
    int rc = call(control, arg, name, SIOCSHWTSTAMP, now);
    if (rc >= 0 || (rc != -EPERM && rc != -EACCES))
        return rc;
    struct hwtstamp_config others = {0};
    if (call(control, arg, name, SIOCGHWTSTAMP, &others) < 0 || others.tx_type == HWTSTAMP_TX_OFF)
        return -EPERM;
    *now = others; /* as a PTP daemon has set it, say */
    return 0;
}

int nic_enable(nic_ioctl control, void *arg, const char *name, enum os_card_filter wanted,
               struct os_card *card)
{
    struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
    struct hwtstamp_config now;
    int rc = call(control, arg, name, SIOCETHTOOL, &info);
    if (rc < 0)
        return rc;
    if ((info.so_timestamping & NEEDED) != NEEDED || info.phc_index < 0 ||
        !has(info.tx_types, HWTSTAMP_TX_ON))
        return -EOPNOTSUPP;
    int filter = choose(info.rx_filters, wanted);
    rc = set(control, arg, name, filter, &now);
    if (rc == -ERANGE && filter != HWTSTAMP_FILTER_NONE) /* promised, and not kept */
        rc = set(control, arg, name, HWTSTAMP_FILTER_NONE, &now);
    if (rc < 0)
        return rc;
    memset(card, 0, sizeof *card);
    strncpy(card->name, name, sizeof card->name - 1);
    card->phc = info.phc_index;
    card->sends = now.tx_type == HWTSTAMP_TX_ON;
    card->receives = stamps_ntp(now.rx_filter) || now.rx_filter == HWTSTAMP_FILTER_SOME;
    card->mbps = nic_mbps(control, arg, name);
    return 0;
}

/* ---------------------------------------------------------------- the slots */

static int control_socket(void *arg, unsigned long request, void *data)
{
    return ioctl(*(const int *)arg, request, data) < 0 ? -errno : 0;
}

static int enable_one(int fd, const struct if_nameindex *interface, enum os_card_filter filter,
                      struct os_card *card)
{
    int rc = nic_enable(control_socket, &fd, interface->if_name, filter, card);
    if (rc == 0)
        card->interface = interface->if_index;
    return rc;
}

/* For all of them, silence where there is nothing to be had. */
int nic_cards(struct os_net *base, const char *name, enum os_card_filter filter,
              void (*found)(void *arg, const struct os_card *), void *arg)
{
    struct net_uv *net = net_uv_self(base);
    bool all = strcmp(name, "*") == 0;
    int count = 0, error = -ENODEV;
    int fd = net_uv_socket(AF_INET, SOCK_DGRAM);
    struct if_nameindex *interfaces = fd >= 0 ? if_nameindex() : NULL;
    for (struct if_nameindex *i = interfaces; i != NULL && i->if_index != 0; i++) {
        struct os_card card;
        if (!all && strcmp(i->if_name, name) != 0)
            continue;
        error = enable_one(fd, i, filter, &card);
        if (error == 0) {
            net->hardware = true;
            count++;
            found(arg, &card);
        }
    }
    if_freenameindex(interfaces);
    if (fd >= 0)
        close(fd);
    return count > 0 ? count : error;
}

uint32_t nic_card_mbps(struct os_net *base, const char *name)
{
    (void)base;
    int fd = net_uv_socket(AF_INET, SOCK_DGRAM);
    uint32_t mbps = fd >= 0 ? nic_mbps(control_socket, &fd, name) : 0;
    if (fd >= 0)
        close(fd);
    return mbps;
}
