/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#define RECEIVE (SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE)
/* Sends are numbered; of the packet itself nothing comes back. TX_SOFTWARE is asked for with
 * each send: a server needs it for none of its replies, and a stamp costs a microsecond. */
#define TRANSMIT (SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY)

/* Of cards: by their own clock, with which card it was, and beside the kernel's. */
#define RECEIVE_BY_CARDS                                                                           \
    (SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_OPT_PKTINFO)
/* Which card a packet left by the kernel tells only with the packet, so that has to come back. */
#define TRANSMIT_BY_CARDS                                                                          \
    (SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_CMSG | SOF_TIMESTAMPING_OPT_TX_SWHW)

static int set_flags(int fd, unsigned flags)
{
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) < 0 ? -errno : 0;
}

static unsigned receive_flags(bool hardware)
{
    return hardware ? RECEIVE | RECEIVE_BY_CARDS : RECEIVE;
}

static unsigned transmit_flags(bool hardware)
{
    return receive_flags(hardware) | (hardware ? TRANSMIT_BY_CARDS : TRANSMIT);
}

int stamp_enable(int fd, struct stamp_sends *sends, bool hardware, bool *transmit)
{
    *transmit = false;
    if (sends != NULL && set_flags(fd, transmit_flags(hardware)) == 0) {
        int on = 1;
        /* A filled error queue is then a priority event, told apart from a failed socket. */
        setsockopt(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, &on, sizeof on);
        *transmit = true;
        return 0;
    }
    return set_flags(fd, receive_flags(hardware));
}

void stamp_request(struct msghdr *message, void *room, bool hardware)
{
    unsigned flags =
        SOF_TIMESTAMPING_TX_SOFTWARE | (hardware ? (unsigned)SOF_TIMESTAMPING_TX_HARDWARE : 0u);
    struct cmsghdr *control = room;
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SO_TIMESTAMPING;
    control->cmsg_len = CMSG_LEN(sizeof flags);
    memcpy(CMSG_DATA(control), &flags, sizeof flags);
    message->msg_controllen += CMSG_SPACE(sizeof flags);
}

void stamp_sent(struct stamp_sends *sends, uint64_t tag, gn_system when, bool hardware)
{
    uint32_t id = sends->next++;
    sends->sends[id % STAMP_PENDING].id = id;
    sends->sends[id % STAMP_PENDING].pending = true;
    sends->sends[id % STAMP_PENDING].hardware = hardware;
    sends->sends[id % STAMP_PENDING].tag = tag;
    sends->sends[id % STAMP_PENDING].when = when;
}

bool stamp_awaits_hardware(const struct stamp_sends *sends, gn_system since)
{
    for (size_t i = 0; i < STAMP_PENDING; i++)
        if (sends->sends[i].hardware && sends->sends[i].when.ns > since.ns)
            return true;
    return false;
}

void stamp_resync(int fd, struct stamp_sends *sends, bool hardware)
{
    /* Switching OPT_ID on sets the kernel's count to 0. */
    if (set_flags(fd, receive_flags(hardware)) == 0 && set_flags(fd, transmit_flags(hardware)) == 0)
        memset(sends, 0, sizeof *sends);
}

/* ---------------------------------------------------------------- reading */

gn_system stamp_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (gn_system){(int64_t)now.tv_sec * GN_NS_PER_S + now.tv_nsec};
}

static int64_t ns_of(const struct timespec *time)
{
    return (int64_t)time->tv_sec * GN_NS_PER_S + time->tv_nsec;
}

/* Of the three instants in SCM_TIMESTAMPING the first is the network stack's, the last the card's.
 */
static bool read_instants(const struct cmsghdr *control, gn_system *when,
                          struct os_hardware *hardware)
{
    struct scm_timestamping stamps;
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPING ||
        control->cmsg_len < CMSG_LEN(sizeof stamps))
        return false;
    memcpy(&stamps, CMSG_DATA(control), sizeof stamps);
    when->ns = ns_of(&stamps.ts[0]);
    hardware->ns = ns_of(&stamps.ts[2]);
    return true;
}

static void read_card(const struct cmsghdr *control, struct os_hardware *hardware)
{
    struct scm_ts_pktinfo info;
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPING_PKTINFO ||
        control->cmsg_len < CMSG_LEN(sizeof info))
        return;
    memcpy(&info, CMSG_DATA(control), sizeof info);
    hardware->interface = info.if_index;
    hardware->size = info.pkt_length;
}

bool stamp_received(struct msghdr *message, gn_system *when, struct os_hardware *hardware)
{
    when->ns = 0;
    *hardware = (struct os_hardware){0};
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
         control = CMSG_NXTHDR(message, control)) {
        read_instants(control, when, hardware);
        read_card(control, hardware);
    }
    return when->ns != 0;
}

/* By which card a packet left. */
static void read_way_out(const struct cmsghdr *control, struct os_hardware *hardware)
{
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO &&
        control->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo))) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        hardware->interface = (uint32_t)info.ipi_ifindex;
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO &&
               control->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        hardware->interface = (uint32_t)info.ipi6_ifindex;
    }
}

/* What the error queue says a message is about. */
static bool read_origin(const struct cmsghdr *control, struct sock_extended_err *origin)
{
    bool ipv4 = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR;
    bool ipv6 = control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR;
    if ((!ipv4 && !ipv6) || control->cmsg_len < CMSG_LEN(sizeof *origin))
        return false;
    memcpy(origin, CMSG_DATA(control), sizeof *origin);
    return true;
}

static bool take(struct stamp_sends *sends, uint32_t id, struct stamp_arrival *arrival)
{
    uint32_t slot = id % STAMP_PENDING;
    if (sends->sends[slot].id != id)
        return false;
    bool *awaited =
        arrival->by_hardware ? &sends->sends[slot].hardware : &sends->sends[slot].pending;
    /* An instant before the send is one from before the count began anew. */
    if (!*awaited || (!arrival->by_hardware && arrival->when.ns < sends->sends[slot].when.ns))
        return false;
    *awaited = false;
    arrival->tag = sends->sends[slot].tag;
    return true;
}

int stamp_read_sent(struct msghdr *message, struct stamp_sends *sends,
                    struct stamp_arrival *arrival)
{
    struct sock_extended_err origin;
    bool stamped = false, has_origin = false;
    memset(arrival, 0, sizeof *arrival);
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
         control = CMSG_NXTHDR(message, control)) {
        stamped = read_instants(control, &arrival->when, &arrival->hardware) || stamped;
        has_origin = read_origin(control, &origin) || has_origin;
        read_way_out(control, &arrival->hardware);
    }
    arrival->by_hardware = arrival->when.ns == 0 && arrival->hardware.ns != 0;
    if (!stamped || (arrival->when.ns == 0 && !arrival->by_hardware))
        return 0;
    if (!has_origin) /* a simulated kernel: it knows of no other than the last */
        return take(sends, sends->next - 1, arrival) ? 1 : 0;
    if (origin.ee_origin != SO_EE_ORIGIN_TIMESTAMPING || origin.ee_info != SCM_TSTAMP_SND)
        return 0;
    return take(sends, origin.ee_data, arrival) ? 1 : 0;
}

int stamp_take_sent(int fd, struct stamp_sends *sends, struct stamp_arrival *arrival)
{
    union {
        char bytes[256];
        struct cmsghdr align;
    } room;
    char none[1]; /* the packet is of no interest, but some simulated kernels want the room */
    struct iovec vector = {none, sizeof none};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return -errno;
    return stamp_read_sent(&message, sends, arrival);
}
