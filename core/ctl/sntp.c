/* SPDX-License-Identifier: Apache-2.0 */
#include <ctl/sntp.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX 1500 /* more than a header is not looked at */

static gn_utc system_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (gn_utc){(int64_t)now.tv_sec * GN_NS_PER_S + now.tv_nsec};
}

static int64_t steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------- request */

static int open_socket(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)); /* without it: our own stamps */
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static int send_request(int fd, struct ntp_stamp *transmit, gn_utc *sent)
{
    uint8_t packet[WIRE_HEADER_SIZE];
    do {
        if (getrandom(&transmit->raw, sizeof(transmit->raw), 0) != sizeof(transmit->raw))
            return -EIO;
    } while (transmit->raw == 0);
    struct wire_header header = {
        .version = WIRE_VERSION_MAX,
        .mode = WIRE_MODE_CLIENT,
        .precision = 32, /* as everybody who says nothing about his clock */
        .transmit = *transmit,
    };
    wire_pack(&header, packet);
    *sent = system_time();
    return send(fd, packet, sizeof(packet), 0) == sizeof(packet) ? 0 : -errno;
}

/* ---------------------------------------------------------------- reply */

/* Receive what is there, with the kernel's stamp if it gives one. Returns bytes or -errno. */
static ssize_t receive(int fd, void *data, size_t size, gn_utc sent, gn_utc *arrived)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
    if (n < 0)
        return -errno;
    *arrived = system_time();
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
        int64_t ns = (int64_t)stamp.tv_sec * GN_NS_PER_S + stamp.tv_nsec;
        if (ns >= sent.ns)
            arrived->ns = ns;
    }
    return n;
}

/* The packet tests. Returns NULL, or what is wrong with it. */
static const char *fault_of(const void *data, size_t size, struct ntp_stamp transmit,
                            struct wire_header *header)
{
    if (wire_unpack(data, size, header) != 0)
        return "its reply is too short";
    if (header->version < WIRE_VERSION_MIN || header->version > WIRE_VERSION_MAX)
        return "its reply is of a version that does not exist";
    if (header->mode != WIRE_MODE_SERVER)
        return "its reply is not that of a server";
    if (header->origin.raw != transmit.raw)
        return "its reply is to no request of ours (wrong origin)";
    if (header->transmit.raw == 0 || header->receive.raw == 0)
        return "its reply has no time";
    return NULL;
}

static int wait_reply(int fd, int timeout_ms, struct ntp_stamp transmit, struct sntp_exchange *x,
                      char *why, size_t why_size)
{
    int64_t deadline_ms = steady_ms() + timeout_ms;
    const char *fault = NULL;
    for (;;) {
        uint8_t data[PACKET_MAX];
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int64_t left_ms = deadline_ms - steady_ms();
        if (left_ms <= 0 || poll(&waiting, 1, (int)left_ms) == 0)
            break;
        ssize_t n = receive(fd, data, sizeof(data), x->sent, &x->arrived);
        if (n == -EAGAIN || n == -EINTR)
            continue;
        if (n < 0)
            return (int)n;
        fault = fault_of(data, (size_t)n, transmit, &x->header);
        if (fault == NULL)
            return 0;
    }
    snprintf(why, why_size, "%s", fault != NULL ? fault : "it does not answer");
    return fault != NULL ? -EBADMSG : -ETIMEDOUT;
}

int sntp_ask(const struct addrinfo *address, int timeout_ms, struct sntp_exchange *x, char *why,
             size_t why_size)
{
    int fd = open_socket(address);
    if (fd < 0) {
        snprintf(why, why_size, "%s", strerror(-fd));
        return fd;
    }
    struct ntp_stamp transmit;
    *why = '\0';
    int error = send_request(fd, &transmit, &x->sent);
    if (error == 0)
        error = wait_reply(fd, timeout_ms, transmit, x, why, why_size);
    close(fd);
    if (error == -ECONNREFUSED)
        snprintf(why, why_size, "nobody listens there");
    else if (error != 0 && *why == '\0')
        snprintf(why, why_size, "%s", strerror(-error));
    return error;
}

/* ---------------------------------------------------------------- arithmetic */

gn_utc sntp_server_time(const struct sntp_exchange *x)
{
    return wire_stamp_to_utc(x->header.transmit, x->arrived);
}

double sntp_offset_s(const struct sntp_exchange *x)
{
    gn_utc received = wire_stamp_to_utc(x->header.receive, x->sent);
    return (gn_seconds(gn_utc_sub(received, x->sent)) +
            gn_seconds(gn_utc_sub(sntp_server_time(x), x->arrived))) /
           2;
}

double sntp_delay_s(const struct sntp_exchange *x)
{
    int64_t round_trip_ns = gn_utc_sub(x->arrived, x->sent);
    int64_t inside_ns = wire_stamp_sub(x->header.transmit, x->header.receive);
    return fmax(0, gn_seconds(round_trip_ns - inside_ns));
}
