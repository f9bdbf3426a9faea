/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of core/os: the listener's file, bounded reads, queued writes, every way to end; TCP. */
#include "os_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MIB (1u << 20)

/* The daemon's side of one connection. */
struct side {
    struct os_fixture *fixture;
    struct os_listener *listener;
    struct os_stream *stream;
    bool hold;            /* do not start what is accepted */
    bool echo;            /* answer with what came, and close with the peer */
    size_t close_after;   /* bytes after which to close; 0: never */
    bool close_at_accept; /* at once */
    unsigned accepted, ended, failed;
    int error;
    size_t bytes, largest;
    char first[64];
};

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    ck_assert_uint_lt(length, sizeof address.sun_path);
    memcpy(address.sun_path, path, length);
    return address;
}

static int dial(const char *path)
{
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void side_close(struct side *side, bool flush)
{
    side->fixture->net->ops->stream_close(side->stream, flush);
    side->stream = NULL;
    fixture_stop(side->fixture);
}

static void on_readable(void *arg, const void *data, size_t size)
{
    struct side *side = arg;
    ck_assert_ptr_nonnull(side->stream);
    if (side->bytes < sizeof side->first && size <= sizeof side->first - side->bytes && size > 0)
        memcpy(side->first + side->bytes, data, size);
    side->bytes += size;
    if (size > side->largest)
        side->largest = size;
    if (size == 0) {
        side->ended++;
        fixture_stop(side->fixture);
    }
    if (side->echo && size > 0)
        ck_assert_int_eq(side->fixture->net->ops->stream_write(side->stream, data, size, 65536), 0);
    if ((side->echo && size == 0) || (side->close_after > 0 && side->bytes >= side->close_after))
        side_close(side, side->echo);
}

static void on_closed(void *arg, int error)
{
    struct side *side = arg;
    ck_assert_ptr_nonnull(side->stream);
    side->failed++;
    side->error = error;
    side_close(side, false);
}

static const struct os_stream_events events = {on_readable, on_closed};

static void on_accepted(void *arg, struct os_stream *stream)
{
    struct side *side = arg;
    side->accepted++;
    side->stream = stream;
    if (side->close_at_accept)
        side_close(side, true);
    else if (!side->hold)
        side->fixture->net->ops->stream_start(stream, &events, side);
    if (side->hold)
        fixture_stop(side->fixture);
}

static int side_listen(struct os_fixture *fixture, struct side *side, const char *path, mode_t mode)
{
    memset(side, 0, sizeof *side);
    side->fixture = fixture;
    return fixture->net->ops->listen_unix(fixture->net, path, mode, on_accepted, side,
                                          &side->listener);
}

static void side_open(struct os_fixture *fixture, struct side *side, char *path, size_t size)
{
    fixture_open(fixture);
    fixture_path(fixture, path, size, "socket");
    ck_assert_int_eq(side_listen(fixture, side, path, 0600), 0);
}

/* ---------------------------------------------------------------- the peer, in its own thread */

struct peer {
    pthread_t thread;
    int fd;
    size_t to_send, to_read;
    size_t sent, got;
    bool end_seen;
};

static void *peer_run(void *arg)
{
    struct peer *peer = arg;
    static char chunk[65536];
    ssize_t n = 1;
    memset(chunk, 'x', sizeof chunk);
    while (peer->sent < peer->to_send && n > 0) {
        size_t rest = peer->to_send - peer->sent;
        n = send(peer->fd, chunk, rest < sizeof chunk ? rest : sizeof chunk, MSG_NOSIGNAL);
        peer->sent += n > 0 ? (size_t)n : 0;
    }
    if (peer->to_read > 0)
        shutdown(peer->fd, SHUT_WR);
    while (peer->got < peer->to_read && (n = recv(peer->fd, chunk, sizeof chunk, 0)) > 0)
        peer->got += (size_t)n;
    peer->end_seen = recv(peer->fd, chunk, 1, 0) <= 0;
    close(peer->fd);
    return NULL;
}

static void peer_start(struct peer *peer, const char *path)
{
    peer->fd = dial(path);
    ck_assert_int_eq(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
}

static void peer_join(struct peer *peer)
{
    ck_assert_int_eq(pthread_join(peer->thread, NULL), 0);
}

/* ---------------------------------------------------------------- the listener's file */

START_TEST(the_file_has_the_mode_and_goes_with_the_listener)
{
    struct os_fixture fixture;
    struct side side;
    struct stat status;
    char path[200];
    fixture_open(&fixture);
    fixture_path(&fixture, path, sizeof path, "socket");
    umask(077);
    ck_assert_int_eq(side_listen(&fixture, &side, path, 0660), 0);
    ck_assert_int_eq(umask(077), 077);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0660);
    fixture.net->ops->listener_close(side.listener);
    ck_assert_int_ne(lstat(path, &status), 0);
    fixture.net->ops->listener_close(NULL);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_stale_file_is_replaced_a_live_one_is_not)
{
    struct os_fixture fixture;
    struct side first, second;
    char path[200];
    fixture_open(&fixture);
    fixture_path(&fixture, path, sizeof path, "socket");
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(side_listen(&fixture, &first, path, 0600), -EADDRINUSE);
    close(fd); /* as after kill -9: the file stays */
    ck_assert_int_eq(side_listen(&fixture, &first, path, 0600), 0);
    ck_assert_int_eq(side_listen(&fixture, &second, path, 0600), -EADDRINUSE);
    close(dial(path));
    while (first.accepted < 2) /* the first one still answers: that attempt, and a caller */
        fixture_run(&fixture);
    fixture_close(&fixture);
}
END_TEST

START_TEST(what_is_no_socket_is_left_alone)
{
    struct os_fixture fixture;
    struct side side;
    struct stat status;
    char path[200], deep[400];
    fixture_open(&fixture);
    fixture_path(&fixture, path, sizeof path, "socket");
    close(open(path, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(side_listen(&fixture, &side, path, 0600), -ENOTSOCK);
    ck_assert_int_eq(lstat(path, &status), 0);
    snprintf(deep, sizeof deep, "%s/none/socket", fixture.folder);
    ck_assert_int_eq(side_listen(&fixture, &side, deep, 0600), -ENOENT);
    snprintf(deep, sizeof deep, "%s/%0120d", fixture.folder, 0);
    ck_assert_int_eq(side_listen(&fixture, &side, deep, 0600), -ENAMETOOLONG);
    unlink(path);
    fixture_close(&fixture);
}
END_TEST

START_TEST(the_file_of_a_successor_is_left_alone)
{
    struct os_fixture fixture;
    struct side first, second;
    struct stat status;
    char path[200];
    fixture_open(&fixture);
    fixture_path(&fixture, path, sizeof path, "socket");
    ck_assert_int_eq(side_listen(&fixture, &first, path, 0600), 0);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(side_listen(&fixture, &second, path, 0600), 0);
    fixture.net->ops->listener_close(first.listener);
    ck_assert_int_eq(lstat(path, &status), 0);
    fixture_close(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- data */

START_TEST(echo)
{
    struct os_fixture fixture;
    struct side side;
    char path[200], text[16] = "";
    side_open(&fixture, &side, path, sizeof path);
    side.echo = true;
    int fd = dial(path);
    ck_assert_int_eq(send(fd, "hello", 5, 0), 5);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    while (side.ended == 0)
        fixture_run(&fixture);
    ck_assert_int_eq(recv(fd, text, sizeof text, 0), 5);
    ck_assert_str_eq(text, "hello");
    ck_assert_int_eq(recv(fd, text, sizeof text, 0), 0);
    ck_assert_uint_eq(side.failed, 0);
    close(fd);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_large_line_comes_in_small_pieces)
{
    struct os_fixture fixture;
    struct side side;
    struct peer peer = {.to_send = MIB};
    char path[200];
    side_open(&fixture, &side, path, sizeof path);
    side.close_after = 65536; /* as the control socket: enough is enough */
    peer_start(&peer, path);
    while (side.accepted == 0 || side.stream != NULL)
        fixture_run(&fixture);
    peer_join(&peer);
    ck_assert_uint_le(side.largest, 4096);
    ck_assert_uint_ge(side.bytes, 65536);
    ck_assert_uint_le(side.bytes, 65536 + 4096);
    ck_assert(peer.end_seen);
    ck_assert_uint_lt(peer.sent, MIB);
    fixture_close(&fixture);
}
END_TEST

START_TEST(nothing_is_read_before_start)
{
    struct os_fixture fixture;
    struct side side;
    char path[200];
    side_open(&fixture, &side, path, sizeof path);
    side.hold = true;
    int fd = dial(path);
    ck_assert_int_eq(send(fd, "early", 5, 0), 5);
    fixture_run(&fixture);
    fixture_pause(&fixture, GN_NS_PER_S / 50);
    ck_assert_uint_eq(side.bytes, 0);
    fixture.net->ops->stream_start(side.stream, &events, &side);
    close(fd);
    fixture_run(&fixture);
    ck_assert_uint_eq(side.bytes, 5);
    ck_assert_uint_eq(side.ended, 1);
    fixture_pause(&fixture, GN_NS_PER_S / 50);
    ck_assert_uint_eq(side.ended, 1); /* told once, not again and again */
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_slow_reader_gets_all_before_the_close)
{
    struct os_fixture fixture;
    struct side side;
    struct peer peer = {.to_read = MIB};
    static char data[MIB];
    char path[200];
    side_open(&fixture, &side, path, sizeof path);
    side.hold = true;
    peer_start(&peer, path);
    fixture_run(&fixture);
    ck_assert_int_eq(fixture.net->ops->stream_write(side.stream, data, sizeof data, 0), 0);
    side_close(&side, true);
    for (int i = 0; i < 1000 && !__atomic_load_n(&peer.end_seen, __ATOMIC_ACQUIRE); i++)
        fixture_pause(&fixture, GN_NS_PER_S / 100);
    peer_join(&peer);
    ck_assert_uint_eq(peer.got, MIB);
    ck_assert(peer.end_seen);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_hung_reader_is_cut_off)
{
    struct os_fixture fixture;
    struct side side;
    static char data[10000];
    char path[200];
    side_open(&fixture, &side, path, sizeof path);
    int fd = dial(path);
    side.hold = true;
    fixture_run(&fixture);
    const struct os_net_ops *ops = fixture.net->ops;
    ops->stream_start(side.stream, &events, &side);
    unsigned writes = 0;
    int rc = 0;
    while (rc == 0 && writes < 1000) {
        rc = ops->stream_write(side.stream, data, sizeof data, 100000);
        writes++;
    }
    ck_assert_int_eq(rc, -ENOBUFS);
    ck_assert_int_eq(ops->stream_write(side.stream, data, 1, 100000), -ENOBUFS);
    /* What waits is bounded: the limit, one write more, and the kernel's buffer. */
    ck_assert_uint_le(writes, 100);
    side_close(&side, true); /* waits for the peer, but not here and not for ever */
    close(fd);
    fixture_close(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- ends */

START_TEST(a_reset_is_told)
{
    struct os_fixture fixture;
    struct side side;
    char path[200];
    side_open(&fixture, &side, path, sizeof path);
    side.hold = true;
    int fd = dial(path);
    fixture_run(&fixture);
    fixture.net->ops->stream_start(side.stream, &events, &side);
    ck_assert_int_eq(fixture.net->ops->stream_write(side.stream, "unread", 6, 100), 0);
    close(fd);
    fixture_run(&fixture);
    ck_assert_uint_eq(side.failed, 1);
    ck_assert_int_eq(side.error, -ECONNRESET);
    fixture_close(&fixture);
}
END_TEST

START_TEST(writing_to_who_has_gone_is_an_error_not_a_signal)
{
    struct os_fixture fixture;
    struct side side;
    char path[200];
    side_open(&fixture, &side, path, sizeof path);
    side.hold = true;
    close(dial(path));
    fixture_run(&fixture);
    ck_assert_int_eq(fixture.net->ops->stream_write(side.stream, "x", 1, 100), -EPIPE);
    fixture.net->ops->stream_close(side.stream, true);
    fixture.net->ops->stream_close(NULL, true);
    fixture_close(&fixture);
}
END_TEST

START_TEST(close_at_accept)
{
    struct os_fixture fixture;
    struct side side;
    char path[200], byte;
    side_open(&fixture, &side, path, sizeof path);
    side.close_at_accept = true;
    int fd = dial(path);
    fixture_run(&fixture);
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
    close(fd);
    fixture_close(&fixture);
}
END_TEST

/* Our own caller and our own listener, in one loop. */
START_TEST(a_caller_gets_an_echo)
{
    struct os_fixture fixture;
    struct side side, caller = {.fixture = &fixture, .close_after = 6};
    char path[200];
    side_open(&fixture, &side, path, sizeof path);
    side.echo = true;
    ck_assert_int_eq(fixture.net->ops->stream_open_unix(fixture.net, path, &caller.stream), 0);
    fixture.net->ops->stream_start(caller.stream, &events, &caller);
    ck_assert_int_eq(fixture.net->ops->stream_write(caller.stream, "hello\n", 6, 0), 0);
    while (caller.stream != NULL || side.stream != NULL)
        fixture_run(&fixture);
    ck_assert_mem_eq(caller.first, "hello\n", 6);
    ck_assert_uint_eq(side.accepted, 1);
    ck_assert_uint_eq(side.ended, 1);
    ck_assert_uint_eq(caller.failed, 0);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_caller_finds_nobody)
{
    struct os_fixture fixture;
    struct os_stream *stream = NULL;
    char path[200];
    fixture_open(&fixture);
    fixture_path(&fixture, path, sizeof path, "socket");
    ck_assert_int_eq(fixture.net->ops->stream_open_unix(fixture.net, path, &stream), -ENOENT);
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(fixture.net->ops->stream_open_unix(fixture.net, path, &stream), -ECONNREFUSED);
    ck_assert_int_eq(listen(fd, 0), 0); /* nobody accepts: one waits, the next does not */
    int rc = 0, callers = 0;
    while (rc == 0 && callers++ < 8)
        rc = fixture.net->ops->stream_open_unix(fixture.net, path, &stream);
    ck_assert_int_eq(rc, -EAGAIN);
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    ck_assert_int_lt(fixture.net->ops->stream_open_unix(fixture.net, path, &stream), 0);
    close(fd);
    fixture_close(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- TCP */

/* A listener on loopback, of which nobody accepts yet; -1: no such family here. */
static int tcp_listen(int family, struct gn_address *address)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } own = {.any.sa_family = (sa_family_t)family};
    socklen_t length = family == AF_INET ? sizeof own.in : sizeof own.in6;
    memset(address, 0, sizeof *address);
    address->family = family == AF_INET ? GN_FAMILY_IPV4 : GN_FAMILY_IPV6;
    if (family == AF_INET)
        own.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        own.in6.sin6_addr = in6addr_loopback;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, &own.any, length) != 0) {
        close(fd);
        return -1;
    }
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, &own.any, &length), 0);
    address->port = ntohs(family == AF_INET ? own.in.sin_port : own.in6.sin6_port);
    if (family == AF_INET)
        memcpy(address->ip, &own.in.sin_addr, 4);
    else
        memcpy(address->ip, &own.in6.sin6_addr, 16);
    return fd;
}

static void tcp_open(struct os_fixture *fixture, struct side *caller, const struct gn_address *to)
{
    const struct os_net_ops *ops = fixture->net->ops;
    *caller = (struct side){.fixture = fixture};
    ck_assert_int_eq(ops->stream_open_tcp(fixture->net, to, &caller->stream), 0);
    ck_assert_int_eq(ops->stream_write(caller->stream, "hello\n", 6, 0), 0);
    ops->stream_start(caller->stream, &events, caller);
}

START_TEST(a_caller_by_tcp_gets_an_answer)
{
    struct os_fixture fixture;
    struct side caller;
    struct gn_address to;
    char text[16] = "";
    int family = _i == 0 ? AF_INET : AF_INET6;
    int listener = tcp_listen(family, &to);
    if (listener < 0 && family == AF_INET6)
        return;
    fixture_open(&fixture);
    tcp_open(&fixture, &caller, &to);
    caller.close_after = 5;
    fixture_pause(&fixture, GN_NS_PER_S / 50);
    int fd = accept(listener, NULL, NULL);
    ck_assert_int_eq(recv(fd, text, sizeof text, 0), 6); /* written before it was connected */
    ck_assert_str_eq(text, "hello\n");
    ck_assert_int_eq(send(fd, "world", 5, 0), 5);
    fixture_run(&fixture);
    ck_assert_mem_eq(caller.first, "world", 5);
    ck_assert_ptr_null(caller.stream);
    ck_assert_int_eq(recv(fd, text, sizeof text, 0), 0);
    ck_assert_uint_eq(caller.failed, 0);
    close(fd);
    close(listener);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_refusal_by_tcp_is_told)
{
    struct os_fixture fixture;
    struct side caller;
    struct gn_address to;
    close(tcp_listen(AF_INET, &to));
    fixture_open(&fixture);
    tcp_open(&fixture, &caller, &to);
    fixture_run(&fixture);
    ck_assert_uint_eq(caller.failed, 1);
    ck_assert_int_eq(caller.error, -ECONNREFUSED);
    ck_assert_uint_eq(caller.ended, 0);
    fixture_close(&fixture);
}
END_TEST

/* Also without anything to write: its end is what it waits for. */
START_TEST(the_end_by_tcp_is_told_and_a_silent_caller_hears_of_a_refusal)
{
    struct os_fixture fixture;
    struct side caller = {.fixture = &fixture};
    struct gn_address to;
    int listener = tcp_listen(AF_INET, &to);
    fixture_open(&fixture);
    tcp_open(&fixture, &caller, &to);
    fixture_pause(&fixture, GN_NS_PER_S / 50);
    int fd = accept(listener, NULL, NULL);
    char text[16];
    ck_assert_int_eq(recv(fd, text, sizeof text, 0), 6); /* what is unread would make it a reset */
    close(fd);
    close(listener);
    fixture_run(&fixture);
    ck_assert_uint_eq(caller.ended, 1);
    const struct os_net_ops *ops = fixture.net->ops;
    ops->stream_close(caller.stream, false);
    ck_assert_int_eq(ops->stream_open_tcp(fixture.net, &to, &caller.stream), 0);
    ops->stream_start(caller.stream, &events, &caller);
    fixture_run(&fixture);
    ck_assert_int_eq(caller.error, -ECONNREFUSED);
    fixture_close(&fixture);
}
END_TEST

/* A queue that is full drops who wants in: nothing comes of it until the owner has had enough. */
START_TEST(a_caller_who_gets_no_answer_may_give_up)
{
    struct os_fixture fixture;
    struct side caller[8];
    struct gn_address to;
    int listener = tcp_listen(AF_INET, &to);
    fixture_open(&fixture);
    for (int i = 0; i < 8; i++)
        tcp_open(&fixture, &caller[i], &to);
    fixture_pause(&fixture, GN_NS_PER_S / 50);
    for (int i = 0; i < 8; i++) {
        ck_assert_uint_eq(caller[i].failed + caller[i].ended, 0);
        fixture.net->ops->stream_close(caller[i].stream, i % 2 == 0);
    }
    close(listener);
    fixture_close(&fixture); /* also in the middle of it */
}
END_TEST

START_TEST(no_address_is_refused_at_once)
{
    struct os_fixture fixture;
    struct os_stream *stream = NULL;
    const struct gn_address none = {.family = GN_FAMILY_NONE, .port = 1};
    fixture_open(&fixture);
    ck_assert_int_eq(fixture.net->ops->stream_open_tcp(fixture.net, &none, &stream), -EAFNOSUPPORT);
    ck_assert_ptr_null(stream);
    fixture_close(&fixture);
}
END_TEST

START_TEST(callers_are_turned_away_when_descriptors_run_out)
{
    struct os_fixture fixture;
    struct side side;
    char path[200], byte;
    side_open(&fixture, &side, path, sizeof path);
    int fd = dial(path);
    struct rlimit before, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)fd + 1; /* every number below is in use */
    while (dup(fd) <= fd)
        ;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    fixture_pause(&fixture, GN_NS_PER_S / 20);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_uint_eq(side.accepted, 0);
    ck_assert_uint_eq(fixture.log_count, 1);
    ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
    close(dial(path));
    fixture_run(&fixture); /* and the listener lives on */
    ck_assert_uint_eq(side.accepted, 1);
    fixture_close(&fixture);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("stream");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_file_has_the_mode_and_goes_with_the_listener);
    tcase_add_test(tests, a_stale_file_is_replaced_a_live_one_is_not);
    tcase_add_test(tests, what_is_no_socket_is_left_alone);
    tcase_add_test(tests, the_file_of_a_successor_is_left_alone);
    tcase_add_test(tests, echo);
    tcase_add_test(tests, a_large_line_comes_in_small_pieces);
    tcase_add_test(tests, nothing_is_read_before_start);
    tcase_add_test(tests, a_slow_reader_gets_all_before_the_close);
    tcase_add_test(tests, a_hung_reader_is_cut_off);
    tcase_add_test(tests, a_reset_is_told);
    tcase_add_test(tests, writing_to_who_has_gone_is_an_error_not_a_signal);
    tcase_add_test(tests, close_at_accept);
    tcase_add_test(tests, a_caller_gets_an_echo);
    tcase_add_test(tests, a_caller_finds_nobody);
    tcase_add_loop_test(tests, a_caller_by_tcp_gets_an_answer, 0, 2);
    tcase_add_test(tests, a_refusal_by_tcp_is_told);
    tcase_add_test(tests, the_end_by_tcp_is_told_and_a_silent_caller_hears_of_a_refusal);
    tcase_add_test(tests, a_caller_who_gets_no_answer_may_give_up);
    tcase_add_test(tests, no_address_is_refused_at_once);
    tcase_add_test(tests, callers_are_turned_away_when_descriptors_run_out);
    return fixture_main("stream", tests);
}
