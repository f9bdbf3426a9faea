/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_NIC_H
#define OS_NIC_H

/**
 * Network cards that stamp packets: what they can, and switching it on.
 *
 * The ioctl is a function of whoever calls. Spec: Documentation/networking/timestamping.rst of
 * Linux.
 */

#include <os/os.h>

/** ioctl(2) on a socket, with a struct ifreq. Returns 0 or a negative errno. */
typedef int (*nic_ioctl)(void *arg, unsigned long request, void *data);

/**
 * Switch the stamps of a card on. Without the right to (CAP_NET_ADMIN) they are used as somebody
 * else has switched them on. Errors: -EOPNOTSUPP: it has none, or no clock; -EPERM: they are off,
 * and the right is missing; others of the ioctl.
 */
int nic_enable(nic_ioctl, void *arg, const char *name, enum os_card_filter, struct os_card *);

/** Speed of the link; 0 unknown. Units: Mbit/s. */
uint32_t nic_mbps(nic_ioctl, void *arg, const char *name);

/* The slots of os_net_ops. */
int nic_cards(struct os_net *, const char *name, enum os_card_filter,
              void (*found)(void *arg, const struct os_card *), void *arg);
uint32_t nic_card_mbps(struct os_net *, const char *name);

#endif
