/* SPDX-License-Identifier: Apache-2.0 */
#include "udp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

/* So many packets are read at a time: of a socket that anybody may send to, and of one that asks.
 */
#define MOST 64
#define FEW 2
#define SLOT_SIZE 2048
#define CONTROL_SIZE 256

/* When we say that this kernel gives no instants: the first packets may lack them while it is
 * still switching stamping on. */
#define UNSTAMPED_PACKETS 4
#define UNSTAMPED_MS 1000

/* How long replies wait for the card's stamp of their request; as chrony's hwtstimeout. */
#define HOLD_MS 2

struct slot {
    alignas(struct cmsghdr) char control[CONTROL_SIZE];
    char data[SLOT_SIZE];
};

/* What is written before packets come lies apart from what they fill: a slot that is never filled
 * is never touched. */
struct udp_batch {
    unsigned size;
    struct mmsghdr *messages;
    struct iovec *vectors;
    union sockaddr_any *remotes;
    struct os_packet *packets;
    struct slot *slots;
};

/* ---------------------------------------------------------------- batch */

static void prepare_slots(struct udp_batch *batch, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct msghdr *header = &batch->messages[i].msg_hdr;
        batch->vectors[i] = (struct iovec){batch->slots[i].data, SLOT_SIZE};
        header->msg_iov = &batch->vectors[i];
        header->msg_iovlen = 1;
        header->msg_name = &batch->remotes[i];
        header->msg_namelen = sizeof batch->remotes[i];
        header->msg_control = batch->slots[i].control;
        header->msg_controllen = CONTROL_SIZE;
        header->msg_flags = 0;
    }
}

static struct udp_batch *create_batch(unsigned size)
{
    struct udp_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return NULL;
    batch->size = size;
    batch->messages = calloc(size, sizeof *batch->messages);
    batch->vectors = calloc(size, sizeof *batch->vectors);
    batch->remotes = calloc(size, sizeof *batch->remotes);
    batch->packets = calloc(size, sizeof *batch->packets);
    batch->slots = calloc(size, sizeof *batch->slots);
    if (batch->messages == NULL || batch->vectors == NULL || batch->remotes == NULL ||
        batch->packets == NULL || batch->slots == NULL) {
        udp_batch_destroy(batch);
        return NULL;
    }
    prepare_slots(batch, size);
    return batch;
}

void udp_batch_destroy(struct udp_batch *batch)
{
    if (batch == NULL)
        return;
    free(batch->messages);
    free(batch->vectors);
    free(batch->remotes);
    free(batch->packets);
    free(batch->slots);
    free(batch);
}

/* ---------------------------------------------------------------- receive */

static void read_local(struct msghdr *header, struct os_packet *packet)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(control), sizeof info);
            packet->local.family = GN_FAMILY_IPV4;
            memcpy(packet->local.ip, &info.ipi_addr, sizeof info.ipi_addr);
            packet->interface = (uint32_t)info.ipi_ifindex;
        } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(control), sizeof info);
            packet->local.family = GN_FAMILY_IPV6;
            memcpy(packet->local.ip, &info.ipi6_addr, sizeof info.ipi6_addr);
            packet->interface = (uint32_t)info.ipi6_ifindex;
        }
    }
    if (sockaddr_is_link_local(&packet->local))
        packet->local.scope = packet->interface;
}

static void count_unstamped(struct os_datagram *datagram, bool stamped)
{
    struct net_uv *net = datagram->net;
    if (stamped)
        net->stamps_seen = true;
    if (net->stamps_seen || net->stamps_said || ++net->unstamped < UNSTAMPED_PACKETS ||
        uv_now(loop_uv_handle(net->loop)) - net->stamping_since_ms < UNSTAMPED_MS)
        return;
    net->stamps_said = true;
    net_uv_log(net, GN_WARNING,
               "the kernel does not timestamp packets; their times are taken by the daemon, "
               "less exactly");
}

/* Returns false for what is to be dropped. */
static bool read_packet(struct os_datagram *datagram, struct mmsghdr *message, gn_system now,
                        struct os_packet *packet)
{
    struct msghdr *header = &message->msg_hdr;
    if ((header->msg_flags & MSG_TRUNC) != 0)
        return false;
    memset(packet, 0, sizeof *packet);
    packet->data = header->msg_iov->iov_base;
    packet->size = message->msg_len;
    sockaddr_to(&packet->remote, header->msg_name);
    read_local(header, packet);
    if (packet->local.family != GN_FAMILY_NONE)
        packet->local.port = datagram->local_port;
    bool stamped = stamp_received(header, &packet->when, &packet->hardware);
    packet->stamp = stamped ? GN_STAMP_KERNEL : GN_STAMP_USER;
    if (!stamped)
        packet->when = now;
    count_unstamped(datagram, stamped);
    return true;
}

static void deliver(struct os_datagram *datagram, unsigned count, gn_system now)
{
    struct udp_batch *batch = datagram->batch;
    size_t kept = 0;
    if (datagram->local_port == 0) /* bound by the kernel with the first send */
        datagram->local_port = udp_local_port(datagram->fd);
    for (unsigned i = 0; i < count; i++)
        if (read_packet(datagram, &batch->messages[i], now, &batch->packets[kept]))
            kept++;
    prepare_slots(batch, count);
    if (kept > 0 && datagram->events.receive != NULL)
        datagram->events.receive(datagram->arg, batch->packets, kept);
}

static void report(struct os_datagram *datagram, int error)
{
    if (datagram->events.error != NULL)
        datagram->events.error(datagram->arg, error);
}

/* Returns whether there was anything. One batch a turn: a flood on one socket does not starve
 * the others. */
static bool receive(struct os_datagram *datagram)
{
    struct udp_batch *batch = datagram->batch;
    int count = recvmmsg(datagram->fd, batch->messages, batch->size, MSG_DONTWAIT, NULL);
    int error = count < 0 ? errno : 0;
    gn_system now = stamp_now();
    if (error == EAGAIN || error == EINTR)
        return false;
    if (error != 0)
        report(datagram, -error);
    else
        deliver(datagram, (unsigned)count, now);
    return true;
}

/* ---------------------------------------------------------------- transmit instants */

static void tell_sent(struct os_datagram *datagram, const struct stamp_arrival *arrival)
{
    if (!arrival->by_hardware && datagram->events.sent != NULL)
        datagram->events.sent(datagram->arg, arrival->tag, arrival->when, GN_STAMP_KERNEL);
    else if (arrival->by_hardware && datagram->events.sent_hardware != NULL)
        datagram->events.sent_hardware(datagram->arg, arrival->tag, &arrival->hardware);
}

/* Returns whether there was anything. */
static bool read_sent(struct os_datagram *datagram)
{
    struct stamp_sends none = {0};
    bool any = false;
    for (int i = 0; i < MOST && !datagram->closed; i++) {
        struct stamp_arrival arrival;
        struct stamp_sends *sends = datagram->sends != NULL ? datagram->sends : &none;
        int rc = stamp_take_sent(datagram->fd, sends, &arrival);
        if (rc < 0)
            break;
        any = true;
        if (rc > 0)
            tell_sent(datagram, &arrival);
    }
    return any;
}

/* ---------------------------------------------------------------- loop */

static bool udp_holds(struct os_datagram *);

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct os_datagram *datagram = handle->data;
    loop_uv_busy(datagram->net->loop);
    bool any = false;
    /* Before what was received: on a short way the reply is there together with the instant its
     * request left. */
    if (status < 0 || (events & UV_PRIORITIZED) != 0)
        any = read_sent(datagram);
    if (!datagram->closed && udp_holds(datagram) && status >= 0)
        return;
    if (!datagram->closed)
        any = receive(datagram) || any;
    if (status >= 0 || datagram->closed)
        return;
    /* libuv has stopped polling on an error of the socket. If we found it, it is cleared. */
    if (any)
        uv_poll_start(handle, UV_READABLE | UV_PRIORITIZED, on_poll);
    else
        report(datagram, status);
}

/* ---------------------------------------------------------------- stamps of cards that come late
 */

/* All that was held is read. */
static void on_hold_end(uv_timer_t *timer)
{
    struct net_uv *net = timer->data;
    struct os_datagram *datagram;
    LIST_FOREACH(datagram, &net->datagrams, link)
    if (datagram->held) {
        datagram->held = false;
        uv_poll_start(&datagram->poll, UV_READABLE | UV_PRIORITIZED, on_poll);
    }
}

static bool start_hold(struct net_uv *net)
{
    if (net->hold == NULL) {
        net->hold = calloc(1, sizeof *net->hold);
        if (net->hold == NULL)
            return false;
        uv_timer_init(loop_uv_handle(net->loop), net->hold);
        net->hold->data = net;
    }
    return uv_is_active((uv_handle_t *)net->hold) ||
           uv_timer_start(net->hold, on_hold_end, HOLD_MS, 0) == 0;
}

/* A card tells of a request that it has sent later than the kernel, on a short way later than its
 * reply comes in. What has come waits in the kernel, stamped, until the card has told, or some ms.
 */
static bool udp_holds(struct os_datagram *datagram)
{
    gn_system since = {stamp_now().ns - HOLD_MS * 1000000};
    bool hold = datagram->hardware && datagram->connected && datagram->sends != NULL &&
                stamp_awaits_hardware(datagram->sends, since) && start_hold(datagram->net);
    if (hold != datagram->held)
        uv_poll_start(&datagram->poll, hold ? UV_PRIORITIZED : UV_READABLE | UV_PRIORITIZED,
                      on_poll);
    datagram->held = hold;
    return hold;
}

static void free_hold(uv_handle_t *handle)
{
    free(handle);
}

void udp_hold_end(struct net_uv *net)
{
    if (net->hold != NULL)
        uv_close((uv_handle_t *)net->hold, free_hold);
    net->hold = NULL;
}

static void discard(uv_loop_t *loop, struct os_datagram *datagram)
{
    loop_uv_give(loop, datagram->sends, sizeof *datagram->sends);
    loop_uv_give(loop, datagram, sizeof *datagram);
}

static void free_datagram(uv_handle_t *handle)
{
    discard(handle->loop, handle->data);
}

static int watch(struct os_datagram *datagram)
{
    uv_loop_t *loop = loop_uv_handle(datagram->net->loop);
    int rc = uv_poll_init(loop, &datagram->poll, datagram->fd);
    if (rc < 0)
        return rc;
    datagram->poll.data = datagram;
    rc = uv_poll_start(&datagram->poll, UV_READABLE | UV_PRIORITIZED, on_poll);
    if (rc < 0) /* libuv frees it later */
        uv_close((uv_handle_t *)&datagram->poll, free_datagram);
    return rc;
}

/* ---------------------------------------------------------------- open */

/* Made when the first socket wants it; one for all of its kind, as one socket is read at a time. */
static struct udp_batch *batch_for(struct net_uv *net, const struct gn_datagram_config *config)
{
    bool asks = config->connect.family != GN_FAMILY_NONE;
    struct udp_batch **batch = asks ? &net->few : &net->many;
    if (*batch == NULL)
        *batch = create_batch(asks ? FEW : MOST);
    return *batch;
}

static struct os_datagram *allocate(struct net_uv *net, const struct gn_datagram_config *config)
{
    struct os_datagram *datagram = loop_uv_take(net->loop, sizeof *datagram);
    bool sends = (config->flags & GN_DATAGRAM_SENT) != 0;
    if (datagram == NULL)
        return NULL;
    datagram->batch = batch_for(net, config);
    datagram->sends = sends ? loop_uv_take(net->loop, sizeof *datagram->sends) : NULL;
    if (datagram->batch != NULL && (datagram->sends != NULL || !sends))
        return datagram;
    discard(loop_uv_handle(net->loop), datagram);
    return NULL;
}

int udp_open(struct os_net *base, const struct gn_datagram_config *config,
             const struct os_datagram_events *events, void *arg, struct os_datagram **result)
{
    struct net_uv *net = net_uv_self(base);
    struct os_datagram *datagram = allocate(net, config);
    if (datagram == NULL)
        return -ENOMEM;
    int fd = udp_socket(net, config, datagram);
    if (fd < 0) {
        discard(loop_uv_handle(net->loop), datagram);
        return fd;
    }
    datagram->fd = fd;
    datagram->events = *events;
    datagram->arg = arg;
    int rc = watch(datagram);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    LIST_INSERT_HEAD(&net->datagrams, datagram, link);
    *result = datagram;
    return 0;
}

int udp_open_unix(struct os_net *base, const char *path, struct os_datagram **result)
{
    struct net_uv *net = net_uv_self(base);
    struct sockaddr_un remote;
    int rc = sockaddr_unix(&remote, path);
    if (rc < 0)
        return rc;
    int fd = net_uv_socket(AF_UNIX, SOCK_DGRAM);
    if (fd < 0)
        return fd;
    if (connect(fd, (struct sockaddr *)&remote, sizeof remote) < 0) {
        rc = -errno;
        close(fd);
        return rc;
    }
    struct os_datagram *datagram = loop_uv_take(net->loop, sizeof *datagram);
    if (datagram == NULL) {
        close(fd);
        return -ENOMEM;
    }
    datagram->fd = fd;
    datagram->is_unix = true;
    datagram->net = net;
    LIST_INSERT_HEAD(&net->datagrams, datagram, link);
    *result = datagram;
    return 0;
}

enum gn_stamp udp_stamps(const struct os_datagram *datagram)
{
    bool none = datagram->net->stamps_said && !datagram->net->stamps_seen;
    return datagram->received_stamps && !none ? GN_STAMP_KERNEL : GN_STAMP_USER;
}

void udp_close(struct os_datagram *datagram)
{
    if (datagram == NULL)
        return;
    assert(!datagram->closed);
    LIST_REMOVE(datagram, link);
    datagram->closed = true;
    int fd = datagram->fd;
    if (datagram->is_unix)
        discard(loop_uv_handle(datagram->net->loop), datagram);
    else
        uv_close((uv_handle_t *)&datagram->poll, free_datagram);
    close(fd);
}

/* ---------------------------------------------------------------- send */

static void add_control(struct msghdr *message, void *room, int level, int type, const void *data,
                        size_t size)
{
    struct cmsghdr *control = (struct cmsghdr *)((char *)room + message->msg_controllen);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(control), data, size);
    message->msg_controllen += CMSG_SPACE(size);
}

static void add_source(struct msghdr *message, void *room, const struct gn_address *from)
{
    if (from->family == GN_FAMILY_IPV4) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, from->ip, sizeof info.ipi_spec_dst);
        add_control(message, room, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else if (from->family == GN_FAMILY_IPV6) {
        struct in6_pktinfo info = {0};
        memcpy(&info.ipi6_addr, from->ip, sizeof info.ipi6_addr);
        info.ipi6_ifindex = from->scope;
        add_control(message, room, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
}

static int send_message(struct os_datagram *datagram, struct msghdr *message, bool stamp,
                        uint64_t tag, gn_system *when)
{
    gn_system before = {0};
    if (when != NULL || stamp)
        before = stamp_now();
    if (when != NULL)
        *when = before;
    ssize_t n = sendmsg(datagram->fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
    int error = n < 0 ? errno : 0;
    if (stamp && error == 0)
        stamp_sent(datagram->sends, tag, before, datagram->hardware);
    else if (stamp)
        stamp_resync(datagram->fd, datagram->sends, datagram->hardware);
    return -error;
}

int udp_send(struct os_datagram *datagram, const void *data, size_t size,
             const struct gn_address *to, const struct gn_address *from, uint32_t flags,
             uint64_t tag, gn_system *when)
{
    union {
        char bytes[CONTROL_SIZE];
        struct cmsghdr align;
    } room;
    union sockaddr_any remote;
    struct iovec vector = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (to != NULL) {
        message.msg_namelen = sockaddr_from(&remote, to);
        message.msg_name = &remote;
        if (message.msg_namelen == 0)
            return -EAFNOSUPPORT;
    }
    memset(&room, 0, sizeof room);
    if (from != NULL)
        add_source(&message, &room, from);
    bool stamp = datagram->sent_stamps && (flags & GN_SEND_STAMP) != 0;
    if (stamp)
        stamp_request(&message, room.bytes + message.msg_controllen, datagram->hardware);
    if (message.msg_controllen > 0)
        message.msg_control = &room;
    return send_message(datagram, &message, stamp, tag, when);
}
