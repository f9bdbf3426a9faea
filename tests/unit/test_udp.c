/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams of core/os over the loopback interface. */
#include "os_fixture.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <os/net_uv.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PACKETS_MAX 256
#define SENT_MAX 256

/* ---------------------------------------------------------------- a kernel that can do less */

static struct {
    bool no_stamps;       /* SO_TIMESTAMPING is refused */
    bool no_socket_flags; /* SOCK_NONBLOCK and SOCK_CLOEXEC are refused */
    bool no_bind;
    bool no_room; /* what is sent is counted and dropped: -ENOBUFS */
} lacks;

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int);
    *(void **)&next = dlsym(RTLD_NEXT, "sendmsg");
    ssize_t n = next(fd, message, flags);
    if (!lacks.no_room)
        return n;
    errno = ENOBUFS;
    return -1;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    int (*next)(int, int, int, const void *, socklen_t);
    *(void **)&next = dlsym(RTLD_NEXT, "setsockopt");
    if (lacks.no_stamps && level == SOL_SOCKET && name == SO_TIMESTAMPING) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return next(fd, level, name, value, length);
}

int socket(int domain, int type, int protocol)
{
    int (*next)(int, int, int);
    *(void **)&next = dlsym(RTLD_NEXT, "socket");
    if (lacks.no_socket_flags && (type & (SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) {
        errno = EINVAL;
        return -1;
    }
    return next(domain, type, protocol);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    int (*next)(int, const struct sockaddr *, socklen_t);
    *(void **)&next = dlsym(RTLD_NEXT, "bind");
    if (lacks.no_bind) {
        errno = ENOSYS;
        return -1;
    }
    return next(fd, address, length);
}

/* ---------------------------------------------------------------- an end of the line */

struct end {
    struct os_fixture *fixture;
    struct os_datagram *datagram;
    unsigned stop_after; /* packets, sent instants or errors; then the loop stops */
    bool close;          /* close yourself at the first callback */
    unsigned events, callbacks, largest_batch;
    unsigned packets, sents, errors;
    struct os_packet packet[PACKETS_MAX]; /* `data` is not valid any more */
    char first_bytes[PACKETS_MAX][64];
    uint64_t tags[SENT_MAX];
    gn_system sent_when;
    enum gn_stamp sent_stamp;
    int error;
    unsigned sents_at_first_packet;
};

static void count(struct end *end, unsigned events)
{
    end->callbacks++;
    end->events += events;
    if (end->close && end->datagram != NULL) {
        end->fixture->net->ops->datagram_close(end->datagram);
        end->datagram = NULL;
        fixture_stop(end->fixture);
    }
    if (end->stop_after > 0 && end->events >= end->stop_after)
        fixture_stop(end->fixture);
}

static void on_receive(void *arg, const struct os_packet *packets, size_t size)
{
    struct end *end = arg;
    ck_assert_ptr_nonnull(end->datagram); /* never after the close */
    if (end->packets == 0)
        end->sents_at_first_packet = end->sents;
    if (size > end->largest_batch)
        end->largest_batch = (unsigned)size;
    for (size_t i = 0; i < size; i++) {
        ck_assert_uint_lt(end->packets, PACKETS_MAX);
        size_t bytes = packets[i].size < 64 ? packets[i].size : 64;
        memcpy(end->first_bytes[end->packets], packets[i].data, bytes);
        end->packet[end->packets++] = packets[i];
    }
    count(end, (unsigned)size);
}

static void on_sent(void *arg, uint64_t tag, gn_system when, enum gn_stamp stamp)
{
    struct end *end = arg;
    ck_assert_ptr_nonnull(end->datagram);
    ck_assert_uint_lt(end->sents, SENT_MAX);
    end->tags[end->sents++] = tag;
    end->sent_when = when;
    end->sent_stamp = stamp;
    count(end, 1);
}

static void on_error(void *arg, int error)
{
    struct end *end = arg;
    ck_assert_ptr_nonnull(end->datagram);
    end->errors++;
    end->error = error;
    count(end, 1);
}

static const struct os_datagram_events events = {
    .receive = on_receive, .sent = on_sent, .error = on_error};

static struct gn_address address_of(const char *text, uint16_t port)
{
    struct gn_address address = {.port = port};
    address.family = strchr(text, ':') != NULL ? GN_FAMILY_IPV6 : GN_FAMILY_IPV4;
    int family = address.family == GN_FAMILY_IPV6 ? AF_INET6 : AF_INET;
    ck_assert_int_eq(inet_pton(family, text, address.ip), 1);
    return address;
}

/* A port that was free a moment ago; 0: the machine lacks this family. */
static uint16_t free_port(const char *text)
{
    struct sockaddr_in6 own = {0};
    struct gn_address address = address_of(text, 0);
    bool ipv6 = address.family == GN_FAMILY_IPV6;
    struct sockaddr_in *own4 = (struct sockaddr_in *)&own;
    socklen_t length = ipv6 ? sizeof own : sizeof *own4;
    own.sin6_family = ipv6 ? AF_INET6 : AF_INET;
    memcpy(ipv6 ? (void *)&own.sin6_addr : (void *)&own4->sin_addr, address.ip, ipv6 ? 16 : 4);
    int fd = socket(own.sin6_family, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, length) < 0) {
        close(fd);
        return 0;
    }
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    close(fd);
    return ntohs(own.sin6_port);
}

static int end_open(struct os_fixture *fixture, struct end *end,
                    const struct gn_datagram_config *config)
{
    memset(end, 0, sizeof *end);
    end->fixture = fixture;
    return fixture->net->ops->datagram_open(fixture->net, config, &events, end, &end->datagram);
}

static uint16_t open_server(struct os_fixture *fixture, struct end *end, const char *text)
{
    struct gn_datagram_config config = {.bind = address_of(text, free_port(text))};
    ck_assert_int_eq(end_open(fixture, end, &config), 0);
    return config.bind.port;
}

static void open_client(struct os_fixture *fixture, struct end *end, const char *text,
                        uint16_t port, uint32_t flags)
{
    struct gn_datagram_config config = {.connect = address_of(text, port), .flags = flags};
    ck_assert_int_eq(end_open(fixture, end, &config), 0);
}

static int end_send(struct end *end, const void *data, size_t size, const struct gn_address *to,
                    const struct gn_address *from, uint32_t flags, uint64_t tag, gn_system *when)
{
    return end->fixture->net->ops->datagram_send(end->datagram, data, size, to, from, flags, tag,
                                                 when);
}

/* The kernel takes its time to switch stamping on; until then packets come without. */
static void warm_up(struct end *server, struct end *client)
{
    for (int i = 0; i < 200; i++) {
        ck_assert_int_eq(end_send(client, "w", 1, NULL, NULL, 0, 0, NULL), 0);
        server->stop_after = 1;
        fixture_run(server->fixture);
        enum gn_stamp stamp = server->packet[0].stamp;
        server->events = server->callbacks = server->packets = 0;
        if (stamp == server->fixture->net->ops->datagram_stamps(server->datagram))
            return;
        fixture_pause(server->fixture, GN_NS_PER_S / 100);
    }
    ck_abort_msg("the socket claims kernel stamps, but none come");
}

static bool same_ip(const struct gn_address *a, const struct gn_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* ---------------------------------------------------------------- exchanges */

static const char *const loopbacks[] = {"127.0.0.1", "::1"};

START_TEST(request_and_reply_with_all_four_instants)
{
    struct os_fixture fixture;
    static struct end server, client;
    const char *text = loopbacks[_i % 2];
    if (free_port(text) == 0) {
        printf("no %s here\n", text);
        return;
    }
    fixture_open(&fixture);
    net_uv_self(fixture.net)->hardware =
        _i >= 2; /* no card stamps here: it is waited for in vain */
    struct gn_address own = address_of(text, 0);
    uint16_t port = open_server(&fixture, &server, text);
    open_client(&fixture, &client, text, port, GN_DATAGRAM_SENT);
    enum gn_stamp best = fixture.net->ops->datagram_stamps(server.datagram);
    gn_system t1, t3;
    warm_up(&server, &client);
    ck_assert_int_eq(end_send(&client, "request", 7, NULL, NULL, GN_SEND_STAMP, 77, &t1), 0);
    server.stop_after = 1;
    fixture_run(&fixture);
    const struct os_packet *request = &server.packet[0];
    ck_assert_uint_eq(request->size, 7);
    ck_assert_mem_eq(server.first_bytes[0], "request", 7);
    ck_assert(same_ip(&request->remote, &own) && same_ip(&request->local, &own));
    ck_assert_uint_eq(request->local.port, port);
    ck_assert_uint_eq(request->interface, if_nametoindex("lo"));
    ck_assert_int_eq(request->stamp, best);
    client.stop_after = best == GN_STAMP_KERNEL ? 2 : 1;
    ck_assert_int_eq(end_send(&server, "reply!", 6, &request->remote, &request->local, 0, 0, &t3),
                     0);
    if (client.events < client.stop_after)
        fixture_run(&fixture);
    ck_assert_uint_eq(client.packets, 1);
    ck_assert_mem_eq(client.first_bytes[0], "reply!", 6);
    ck_assert_uint_eq(client.packet[0].remote.port, port);
    ck_assert_uint_eq(client.packet[0].local.port, request->remote.port);
    gn_system end = {fixture_clock_ns(CLOCK_REALTIME)};
    if (best == GN_STAMP_KERNEL) {
        ck_assert_uint_eq(client.sents, 1);
        ck_assert_uint_eq(client.sents_at_first_packet, 1);
        ck_assert_uint_eq(client.tags[0], 77);
        ck_assert_int_eq(client.sent_stamp, GN_STAMP_KERNEL);
        ck_assert_int_ge(client.sent_when.ns, t1.ns);
        ck_assert_int_ge(request->when.ns, client.sent_when.ns);
    }
    ck_assert_int_ge(request->when.ns, t1.ns);
    ck_assert_int_ge(t3.ns, request->when.ns);
    ck_assert_int_ge(client.packet[0].when.ns, t3.ns);
    ck_assert_int_ge(end.ns, client.packet[0].when.ns);
    ck_assert_uint_eq(fixture.log_count, best == GN_STAMP_KERNEL ? 0 : 1);
    fixture_close(&fixture);
}
END_TEST

START_TEST(the_reply_comes_from_the_address_that_was_asked)
{
    struct os_fixture fixture;
    static struct end server, client;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "0.0.0.0");
    struct gn_datagram_config config = {.bind = address_of("127.0.0.1", 0)};
    ck_assert_int_eq(end_open(&fixture, &client, &config), 0);
    struct gn_address second = address_of("127.0.0.2", port);
    ck_assert_int_eq(end_send(&client, "?", 1, &second, NULL, 0, 0, NULL), 0);
    server.stop_after = client.stop_after = 1;
    fixture_run(&fixture);
    ck_assert(same_ip(&server.packet[0].local, &second));
    ck_assert_int_eq(
        end_send(&server, "!", 1, &server.packet[0].remote, &server.packet[0].local, 0, 0, NULL),
        0);
    fixture_run(&fixture);
    ck_assert(same_ip(&client.packet[0].remote, &second));
    /* Without a wish the kernel would have taken 127.0.0.1. */
    ck_assert_int_eq(end_send(&server, "!", 1, &server.packet[0].remote, NULL, 0, 0, NULL), 0);
    fixture_run(&fixture);
    struct gn_address first = address_of("127.0.0.1", port);
    ck_assert(same_ip(&client.packet[1].remote, &first));
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_flood_comes_in_batches_and_in_order)
{
    struct os_fixture fixture;
    static struct end server, client;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    open_client(&fixture, &client, "127.0.0.1", port, 0);
    for (unsigned i = 0; i < 200; i++)
        ck_assert_int_eq(end_send(&client, &i, sizeof i, NULL, NULL, 0, 0, NULL), 0);
    server.stop_after = 200;
    fixture_run(&fixture);
    ck_assert_uint_eq(server.packets, 200);
    ck_assert_uint_eq(server.largest_batch, 64);
    ck_assert_uint_eq(server.callbacks, 4);
    for (unsigned i = 0; i < 200; i++) {
        ck_assert_mem_eq(server.first_bytes[i], &i, sizeof i);
        if (i > 0 && server.packet[i].stamp == server.packet[i - 1].stamp)
            ck_assert_int_ge(server.packet[i].when.ns, server.packet[i - 1].when.ns);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(packets_of_odd_sizes)
{
    struct os_fixture fixture;
    static struct end server, client;
    static char large[4000];
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    open_client(&fixture, &client, "127.0.0.1", port, 0);
    ck_assert_int_eq(end_send(&client, large, 0, NULL, NULL, 0, 0, NULL), 0);
    ck_assert_int_eq(end_send(&client, large, 2049, NULL, NULL, 0, 0, NULL), 0);
    ck_assert_int_eq(end_send(&client, large, 2048, NULL, NULL, 0, 0, NULL), 0);
    ck_assert_int_eq(end_send(&client, large, 4000, NULL, NULL, 0, 0, NULL), 0);
    ck_assert_int_eq(end_send(&client, "z", 1, NULL, NULL, 0, 0, NULL), 0);
    server.stop_after = 3;
    fixture_run(&fixture);
    ck_assert_uint_eq(server.packets, 3); /* those over 2048 bytes are dropped */
    ck_assert_uint_eq(server.packet[0].size, 0);
    ck_assert_uint_eq(server.packet[1].size, 2048);
    ck_assert_uint_eq(server.packet[2].size, 1);
    fixture_close(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- transmit instants */

START_TEST(every_instant_finds_its_send)
{
    struct os_fixture fixture;
    static struct end server, client;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    open_client(&fixture, &client, "127.0.0.1", port, GN_DATAGRAM_SENT);
    if (fixture.net->ops->datagram_stamps(client.datagram) != GN_STAMP_KERNEL)
        return;
    ck_assert_int_eq(end_send(&client, "a", 1, NULL, NULL, GN_SEND_STAMP, 100, NULL), 0);
    ck_assert_int_eq(end_send(&client, "b", 1, NULL, NULL, 0, 101, NULL), 0);
    ck_assert_int_eq(end_send(&client, "c", 1, NULL, NULL, GN_SEND_STAMP, 102, NULL), 0);
    client.stop_after = 2;
    fixture_run(&fixture);
    ck_assert_uint_eq(client.tags[0], 100);
    ck_assert_uint_eq(client.tags[1], 102);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_failed_send_does_not_shift_the_instants)
{
    struct os_fixture fixture;
    static struct end server, client;
    gn_system before;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    open_client(&fixture, &client, "127.0.0.1", port, GN_DATAGRAM_SENT);
    if (fixture.net->ops->datagram_stamps(client.datagram) != GN_STAMP_KERNEL)
        return;
    /* The instants of these two lie in the queue, under numbers that will come again. */
    ck_assert_int_eq(end_send(&client, "a", 1, NULL, NULL, GN_SEND_STAMP, 100, NULL), 0);
    ck_assert_int_eq(end_send(&client, "b", 1, NULL, NULL, GN_SEND_STAMP, 101, NULL), 0);
    lacks.no_room = true;
    ck_assert_int_eq(end_send(&client, "c", 1, NULL, NULL, GN_SEND_STAMP, 102, NULL), -ENOBUFS);
    lacks.no_room = false;
    ck_assert_int_eq(end_send(&client, "d", 1, NULL, NULL, GN_SEND_STAMP, 103, &before), 0);
    client.stop_after = 1;
    fixture_run(&fixture);
    ck_assert_uint_eq(client.sents, 1);
    ck_assert_uint_eq(client.tags[0], 103);
    ck_assert_int_ge(client.sent_when.ns, before.ns);
    fixture_close(&fixture);
}
END_TEST

START_TEST(only_the_latest_sends_are_waited_for)
{
    struct os_fixture fixture;
    static struct end server, client;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    open_client(&fixture, &client, "127.0.0.1", port, GN_DATAGRAM_SENT);
    if (fixture.net->ops->datagram_stamps(client.datagram) != GN_STAMP_KERNEL)
        return;
    for (uint64_t i = 0; i < 200; i++)
        ck_assert_int_eq(end_send(&client, "x", 1, NULL, NULL, GN_SEND_STAMP, i, NULL), 0);
    client.stop_after = 64;
    fixture_run(&fixture);
    fixture_pause(&fixture, GN_NS_PER_S / 50);
    ck_assert_uint_eq(client.sents, 64);
    for (unsigned i = 0; i < 64; i++)
        ck_assert_uint_eq(client.tags[i], 136 + i);
    fixture_close(&fixture);
}
END_TEST

START_TEST(nobody_gets_instants_unasked)
{
    struct os_fixture fixture;
    static struct end server, client;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    open_client(&fixture, &client, "127.0.0.1", port, 0);
    ck_assert_int_eq(end_send(&client, "x", 1, NULL, NULL, GN_SEND_STAMP, 1, NULL), 0);
    server.stop_after = 1;
    fixture_run(&fixture);
    fixture_pause(&fixture, GN_NS_PER_S / 50);
    ck_assert_uint_eq(client.events, 0);
    fixture_close(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- errors and ends */

START_TEST(a_refusal_is_delivered)
{
    struct os_fixture fixture;
    static struct end client;
    const char *text = loopbacks[_i % 2];
    if (free_port(text) == 0)
        return;
    fixture_open(&fixture);
    open_client(&fixture, &client, text, free_port(text), _i < 2 ? 0 : GN_DATAGRAM_SENT);
    ck_assert_int_eq(end_send(&client, "x", 1, NULL, NULL, 0, 0, NULL), 0);
    ck_assert_uint_eq(client.events, 0); /* not from within the call */
    client.stop_after = 1;
    fixture_run(&fixture);
    ck_assert_uint_eq(client.errors, 1);
    ck_assert_int_eq(client.error, -ECONNREFUSED);
    /* The socket lives on. */
    ck_assert_int_eq(end_send(&client, "x", 1, NULL, NULL, 0, 0, NULL), 0);
    fixture_run(&fixture);
    ck_assert_uint_eq(client.errors, 2);
    fixture_close(&fixture);
}
END_TEST

START_TEST(callbacks_may_close_their_own_socket)
{
    struct os_fixture fixture;
    static struct end server, client, refused;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    open_client(&fixture, &client, "127.0.0.1", port, GN_DATAGRAM_SENT);
    open_client(&fixture, &refused, "127.0.0.1", free_port("127.0.0.1"), 0);
    bool stamps = fixture.net->ops->datagram_stamps(client.datagram) == GN_STAMP_KERNEL;
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(end_send(&client, "x", 1, NULL, NULL, GN_SEND_STAMP, 1, NULL), 0);
    ck_assert_int_eq(end_send(&refused, "x", 1, NULL, NULL, 0, 0, NULL), 0);
    server.close = client.close = refused.close = true;
    while (server.datagram != NULL || refused.datagram != NULL ||
           (stamps && client.datagram != NULL))
        fixture_run(&fixture);
    ck_assert_uint_eq(server.callbacks, 1);
    ck_assert_uint_eq(refused.callbacks, 1);
    ck_assert_uint_eq(client.callbacks, stamps ? 1 : 0);
    fixture_close(&fixture);
}
END_TEST

START_TEST(opening_fails_with_the_reason)
{
    struct os_fixture fixture;
    static struct end server, other;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    struct gn_datagram_config taken = {.bind = address_of("127.0.0.1", port)};
    ck_assert_int_eq(end_open(&fixture, &other, &taken), -EADDRINUSE);
    struct gn_datagram_config foreign = {.bind = address_of("192.0.2.1", 0)};
    ck_assert_int_eq(end_open(&fixture, &other, &foreign), -EADDRNOTAVAIL);
    struct gn_datagram_config nothing = {0};
    ck_assert_int_eq(end_open(&fixture, &other, &nothing), -EINVAL);
    struct gn_datagram_config mixed = {.bind = address_of("127.0.0.1", 0),
                                       .connect = address_of("::1", 1)};
    ck_assert_int_eq(end_open(&fixture, &other, &mixed), -EAFNOSUPPORT);
    fixture.net->ops->datagram_close(NULL);
    fixture_close(&fixture);
}
END_TEST

/* Who is connected gets what is for him, and who does not ask for it never shares. */
START_TEST(a_port_is_shared_by_those_who_ask)
{
    struct os_fixture fixture;
    static struct end servers[2], clients[2], other;
    struct gn_datagram_config config = {.bind = address_of("127.0.0.1", free_port("127.0.0.1")),
                                        .flags = GN_DATAGRAM_SHARED};
    uint16_t ports[2];
    fixture_open(&fixture);
    for (int i = 0; i < 2; i++) {
        ports[i] = open_server(&fixture, &servers[i], "127.0.0.1");
        config.connect = address_of("127.0.0.1", ports[i]);
        ck_assert_int_eq(end_open(&fixture, &clients[i], &config), 0);
    }
    config.flags = 0;
    ck_assert_int_eq(end_open(&fixture, &other, &config), -EADDRINUSE);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(end_send(&servers[i], "x", 1, &config.bind, NULL, 0, 0, NULL), 0);
        clients[i].stop_after = 1;
        fixture_run(&fixture);
        ck_assert_uint_eq(clients[i].packets, 1);
        ck_assert_uint_eq(clients[i].packet[0].remote.port, ports[i]);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_device_that_is_not_there_is_told)
{
    struct os_fixture fixture;
    static struct end end;
    struct gn_datagram_config config = {.bind = address_of("127.0.0.1", 0), .device = "nosuch0"};
    fixture_open(&fixture);
    ck_assert_int_eq(end_open(&fixture, &end, &config), -ENODEV);
    fixture_close(&fixture);
}
END_TEST

START_TEST(ports_are_hard_to_guess)
{
    struct os_fixture fixture;
    static struct end server, client;
    unsigned ports[16], repeated = 0;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    for (unsigned i = 0; i < 16; i++) {
        open_client(&fixture, &client, "127.0.0.1", port, 0);
        ck_assert_int_eq(end_send(&client, "x", 1, NULL, NULL, 0, 0, NULL), 0);
        server.stop_after = i + 1;
        fixture_run(&fixture);
        fixture.net->ops->datagram_close(client.datagram);
        ports[i] = server.packet[i].remote.port;
        ck_assert_uint_ge(ports[i], 32768);
        ck_assert_uint_le(ports[i], 60999);
        if (i > 0 && ports[i] - ports[i - 1] <= 2)
            repeated++;
    }
    ck_assert_uint_le(repeated, 2); /* by chance: once in 10^9 runs */
    fixture_close(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- with less of a kernel */

START_TEST(without_kernel_stamps_we_stamp_and_say_so_once)
{
    struct os_fixture fixture;
    static struct end server, client;
    lacks.no_stamps = true;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    open_client(&fixture, &client, "127.0.0.1", port, GN_DATAGRAM_SENT);
    ck_assert_int_eq(fixture.net->ops->datagram_stamps(client.datagram), GN_STAMP_USER);
    int64_t before = fixture_clock_ns(CLOCK_REALTIME);
    ck_assert_int_eq(end_send(&client, "x", 1, NULL, NULL, GN_SEND_STAMP, 1, NULL), 0);
    server.stop_after = 1;
    fixture_run(&fixture);
    ck_assert_int_eq(server.packet[0].stamp, GN_STAMP_USER);
    ck_assert_int_ge(server.packet[0].when.ns, before);
    ck_assert_int_le(server.packet[0].when.ns, fixture_clock_ns(CLOCK_REALTIME));
    ck_assert_uint_eq(fixture.log_count, 1);
    ck_assert_ptr_nonnull(strstr(fixture.log, "timestamp"));
    fixture_close(&fixture);
}
END_TEST

START_TEST(without_socket_flags_and_bind_it_works_too)
{
    struct os_fixture fixture;
    static struct end server, client;
    fixture_open(&fixture);
    uint16_t port = open_server(&fixture, &server, "127.0.0.1");
    lacks.no_socket_flags = lacks.no_bind = true;
    open_client(&fixture, &client, "127.0.0.1", port, 0);
    ck_assert_int_eq(end_send(&client, "x", 1, NULL, NULL, 0, 0, NULL), 0);
    server.stop_after = 1;
    fixture_run(&fixture);
    ck_assert_uint_eq(server.packets, 1);
    client.stop_after = 1;
    ck_assert_int_eq(end_send(&server, "y", 1, &server.packet[0].remote, NULL, 0, 0, NULL), 0);
    fixture_run(&fixture);
    ck_assert_uint_eq(client.packet[0].local.port, server.packet[0].remote.port);
    fixture_close(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- unix */

START_TEST(unix_datagrams_are_sent)
{
    struct os_fixture fixture;
    struct os_datagram *datagram;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[100], text[16];
    fixture_open(&fixture);
    fixture_path(&fixture, path, sizeof path, "log");
    const struct os_net_ops *ops = fixture.net->ops;
    ck_assert_int_eq(ops->datagram_open_unix(fixture.net, path, &datagram), -ENOENT);
    memcpy(address.sun_path, path, sizeof path);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(ops->datagram_open_unix(fixture.net, path, &datagram), 0);
    ck_assert_int_eq(ops->datagram_send(datagram, "line", 4, NULL, NULL, 0, 0, NULL), 0);
    ck_assert_int_eq(recv(fd, text, sizeof text, MSG_DONTWAIT), 4);
    int rc = 0; /* a reader that hangs costs nothing */
    for (int i = 0; i < 10000 && rc == 0; i++)
        rc = ops->datagram_send(datagram, "line", 4, NULL, NULL, 0, 0, NULL);
    ck_assert_int_eq(rc, -EAGAIN);
    close(fd);
    ck_assert_int_eq(ops->datagram_send(datagram, "line", 4, NULL, NULL, 0, 0, NULL),
                     -ECONNREFUSED);
    ops->datagram_close(datagram);
    unlink(path);
    ck_assert_int_eq(ops->datagram_open_unix(fixture.net, "", &datagram), -EINVAL);
    fixture_close(&fixture);
}
END_TEST

static void whole_kernel(void)
{
    memset(&lacks, 0, sizeof lacks);
}

int main(void)
{
    TCase *tests = tcase_create("udp");
    tcase_add_checked_fixture(tests, whole_kernel, NULL);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, request_and_reply_with_all_four_instants, 0, 4);
    tcase_add_test(tests, the_reply_comes_from_the_address_that_was_asked);
    tcase_add_test(tests, a_flood_comes_in_batches_and_in_order);
    tcase_add_test(tests, packets_of_odd_sizes);
    tcase_add_test(tests, every_instant_finds_its_send);
    tcase_add_test(tests, a_failed_send_does_not_shift_the_instants);
    tcase_add_test(tests, only_the_latest_sends_are_waited_for);
    tcase_add_test(tests, nobody_gets_instants_unasked);
    tcase_add_loop_test(tests, a_refusal_is_delivered, 0, 4);
    tcase_add_test(tests, callbacks_may_close_their_own_socket);
    tcase_add_test(tests, opening_fails_with_the_reason);
    tcase_add_test(tests, a_port_is_shared_by_those_who_ask);
    tcase_add_test(tests, a_device_that_is_not_there_is_told);
    tcase_add_test(tests, ports_are_hard_to_guess);
    tcase_add_test(tests, without_kernel_stamps_we_stamp_and_say_so_once);
    tcase_add_test(tests, without_socket_flags_and_bind_it_works_too);
    tcase_add_test(tests, unix_datagrams_are_sent);
    return fixture_main("udp", tests);
}
