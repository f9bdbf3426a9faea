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

static int set_flags(int fd, unsigned flags)
{
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) < 0 ? -errno : 0;
}

int stamp_enable(int fd, struct stamp_sends *sends, bool *transmit)
{
    *transmit = false;
    if (sends != NULL && set_flags(fd, RECEIVE | TRANSMIT) == 0) {
        int on = 1;
        /* A filled error queue is then a priority event, told apart from a failed socket. */
        setsockopt(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, &on, sizeof on);
        *transmit = true;
        return 0;
    }
    return set_flags(fd, RECEIVE);
}

void stamp_request(struct msghdr *message, void *room)
{
    unsigned flags = SOF_TIMESTAMPING_TX_SOFTWARE;
    struct cmsghdr *control = room;
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SO_TIMESTAMPING;
    control->cmsg_len = CMSG_LEN(sizeof flags);
    memcpy(CMSG_DATA(control), &flags, sizeof flags);
    message->msg_controllen += CMSG_SPACE(sizeof flags);
}

void stamp_sent(struct stamp_sends *sends, uint64_t tag, gn_system when)
{
    uint32_t id = sends->next++;
    sends->sends[id % STAMP_PENDING].id = id;
    sends->sends[id % STAMP_PENDING].pending = true;
    sends->sends[id % STAMP_PENDING].tag = tag;
    sends->sends[id % STAMP_PENDING].when = when;
}

void stamp_resync(int fd, struct stamp_sends *sends)
{
    /* Switching OPT_ID on sets the kernel's count to 0. */
    if (set_flags(fd, RECEIVE) == 0 && set_flags(fd, RECEIVE | TRANSMIT) == 0)
        memset(sends, 0, sizeof *sends);
}

/* ---------------------------------------------------------------- reading */

gn_system stamp_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (gn_system){(int64_t)now.tv_sec * GN_NS_PER_S + now.tv_nsec};
}

/* Of the three instants in SCM_TIMESTAMPING the first is the network stack's. */
static bool read_instant(const struct cmsghdr *control, gn_system *when)
{
    struct scm_timestamping stamps;
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPING ||
        control->cmsg_len < CMSG_LEN(sizeof stamps))
        return false;
    memcpy(&stamps, CMSG_DATA(control), sizeof stamps);
    when->ns = (int64_t)stamps.ts[0].tv_sec * GN_NS_PER_S + stamps.ts[0].tv_nsec;
    return when->ns != 0;
}

bool stamp_received(struct msghdr *message, gn_system *when)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
         control = CMSG_NXTHDR(message, control))
        if (read_instant(control, when))
            return true;
    return false;
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

static bool take(struct stamp_sends *sends, uint32_t id, gn_system when, uint64_t *tag)
{
    uint32_t slot = id % STAMP_PENDING;
    /* An instant before the send is one from before the count began anew. */
    if (!sends->sends[slot].pending || sends->sends[slot].id != id ||
        when.ns < sends->sends[slot].when.ns)
        return false;
    sends->sends[slot].pending = false;
    *tag = sends->sends[slot].tag;
    return true;
}

int stamp_take_sent(int fd, struct stamp_sends *sends, uint64_t *tag, gn_system *when)
{
    union {
        char bytes[256];
        struct cmsghdr align;
    } room;
    char none[1]; /* of the packet nothing comes back, but some simulated kernels want the room */
    struct iovec vector = {none, sizeof none};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return -errno;
    struct sock_extended_err origin;
    bool stamped = false, has_origin = false;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(&message); control != NULL;
         control = CMSG_NXTHDR(&message, control)) {
        stamped = read_instant(control, when) || stamped;
        has_origin = read_origin(control, &origin) || has_origin;
    }
    if (!stamped)
        return 0;
    if (!has_origin) /* a simulated kernel: it knows of no other than the last */
        return take(sends, sends->next - 1, *when, tag) ? 1 : 0;
    if (origin.ee_origin != SO_EE_ORIGIN_TIMESTAMPING || origin.ee_info != SCM_TSTAMP_SND)
        return 0;
    return take(sends, origin.ee_data, *when, tag) ? 1 : 0;
}
