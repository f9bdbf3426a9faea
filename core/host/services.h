/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_SERVICES_H
#define HOST_SERVICES_H

/** What services.c, services_io.c and services_stream.c share: the way from a plugin's host to its
 * daemon. */

#include <host/instance.h>

/** The instance that a host belongs to. */
static inline struct instance *services_instance(struct gn_host *host)
{
    return (struct instance *)host; /* its first member */
}

/** The daemon that a host belongs to. */
static inline struct daemon *services_daemon(struct gn_host *host)
{
    return services_instance(host)->daemon;
}

extern const struct gn_datagram_ops services_datagram_ops;
extern const struct gn_device_ops services_device_ops;
extern const struct gn_stream_ops services_stream_ops;

#endif
