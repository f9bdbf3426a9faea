/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <sim/vclock.h>
#include <sim/vloop.h>
#include <sim/vnet.h>
#include <stdlib.h>
#include <string.h>

#define START_NS (INT64_C(1767225600) * GN_NS_PER_S)
#define MS INT64_C(1000000)

/* Two hosts, "a" 192.0.2.1 and "b" 192.0.2.2, and what came to b. */
struct scene {
    struct world *world;
    struct vnet *net;
    struct os_clock *clock[2];
    struct os_loop *loop[2];
    struct vhost *host[2];
    struct os_datagram *socket[2];
    struct law *law;
    int received, sent, turns, resolved;
    int64_t first_ns, last_ns; /* true instants of what came */
    struct os_packet packet;
    char data[16];
    int overtaken; /* packets that came after a younger one; the first byte is their age */
    unsigned char newest;
    double total_s, squares_s;
    int64_t left_ns;
};

static void on_receive(void *arg, const struct os_packet *packets, size_t count)
{
    struct scene *scene = arg;
    ck_assert_uint_eq(count, 1);
    scene->last_ns = world_now(scene->world).ns;
    if (scene->received++ == 0)
        scene->first_ns = scene->last_ns;
    double delay_s = gn_seconds(scene->last_ns - scene->left_ns);
    scene->total_s += delay_s;
    scene->squares_s += delay_s * delay_s;
    scene->packet = *packets;
    unsigned char number = *(const unsigned char *)packets->data;
    scene->overtaken += number < scene->newest;
    scene->newest = number > scene->newest ? number : scene->newest;
    memcpy(scene->data, packets->data, packets->size < 16 ? packets->size : 16);
}

static void on_sent(void *arg, uint64_t tag, gn_system when, enum gn_stamp stamp)
{
    struct scene *scene = arg;
    ck_assert_uint_eq(tag, 77);
    ck_assert_int_eq(stamp, GN_STAMP_HARDWARE);
    ck_assert_int_eq(when.ns, vclock_system(scene->clock[0]).ns);
    ck_assert_int_eq(scene->received, 0);
    scene->sent++;
}

static const struct os_datagram_events events = {.receive = on_receive, .sent = on_sent};

static void on_turn(void *arg)
{
    ((struct scene *)arg)->turns++;
}

static struct os_net *net_of(struct scene *scene, int i)
{
    return vhost_net(scene->host[i]);
}

static int open_at(struct scene *scene, int i, const char *bind, uint16_t port, const char *connect,
                   struct os_datagram **socket)
{
    struct gn_datagram_config config = {.size = sizeof config, .flags = GN_DATAGRAM_SENT};
    struct os_net *net = net_of(scene, i);
    ck_assert_int_eq(vnet_address(bind, port, &config.bind), 0);
    if (connect != NULL)
        ck_assert_int_eq(vnet_address(connect, 123, &config.connect), 0);
    return net->ops->datagram_open(net, &config, &events, scene, socket);
}

static void add(struct scene *scene, int i, const char *name, const char *address, double offset_s)
{
    struct vclock_config config = {.offset_s = offset_s};
    struct gn_address own;
    scene->clock[i] = vclock_create(scene->world, name, &config);
    scene->loop[i] = vloop_create(scene->world, scene->clock[i]);
    scene->host[i] = vnet_add_host(scene->net, name, scene->loop[i], scene->clock[i]);
    ck_assert_int_eq(vnet_address(address, 0, &own), 0);
    ck_assert_int_eq(vhost_add_address(scene->host[i], &own), 0);
}

static void set_up(struct scene *scene, const char *law, double loss, double duplicates)
{
    char why[100];
    *scene = (struct scene){.world = world_create(5, (gn_utc){START_NS})};
    scene->net = vnet_create(scene->world);
    add(scene, 0, "a", "192.0.2.1", 0);
    add(scene, 1, "b", "192.0.2.2", -1.5);
    scene->law = law_parse(law, why, sizeof why);
    vnet_add_link(scene->net, &(struct vlink_config){
                                  .delay = scene->law, .loss = loss, .duplicates = duplicates});
    scene->loop[1]->ops->turn_end(scene->loop[1], on_turn, scene);
    ck_assert_int_eq(open_at(scene, 1, "0.0.0.0", 123, NULL, &scene->socket[1]), 0);
    ck_assert_int_eq(open_at(scene, 0, "0.0.0.0", 0, "192.0.2.2", &scene->socket[0]), 0);
}

static void tear_down(struct scene *scene)
{
    vnet_destroy(scene->net);
    for (int i = 0; i < 2; i++) {
        vloop_destroy(scene->loop[i]);
        scene->clock[i]->ops->destroy(scene->clock[i]);
    }
    law_destroy(scene->law);
    world_destroy(scene->world);
}

static int send_one(struct scene *scene, uint32_t flags)
{
    scene->left_ns = world_now(scene->world).ns;
    return net_of(scene, 0)->ops->datagram_send(scene->socket[0], "hello", 6, NULL, NULL, flags, 77,
                                                NULL);
}

static void pass(struct scene *scene, int64_t ns)
{
    world_run(scene->world, gn_utc_add(world_now(scene->world), ns));
}

START_TEST(a_packet_takes_its_time_and_is_stamped_by_the_receivers_clock)
{
    struct scene scene;
    set_up(&scene, "20ms", 0, 0);
    ck_assert_int_eq(send_one(&scene, GN_SEND_STAMP), 0);
    ck_assert_int_eq(scene.received, 0);
    pass(&scene, 19 * MS);
    ck_assert_int_eq(scene.sent, 1);
    pass(&scene, 2 * MS);
    ck_assert_int_eq(scene.received, 1);
    ck_assert_int_eq(scene.turns, 1);
    ck_assert_int_eq(scene.first_ns, START_NS + 20 * MS);
    ck_assert_int_eq(scene.packet.when.ns, START_NS + 1520 * MS);
    ck_assert_str_eq(scene.data, "hello");
    ck_assert_uint_eq(scene.packet.local.port, 123);
    ck_assert_uint_eq(scene.packet.remote.ip[3], 1);
    ck_assert_uint_ge(scene.packet.remote.port, 49152);
    tear_down(&scene);
}
END_TEST

START_TEST(delays_follow_their_law)
{
    enum { COUNT = 20000 };
    struct scene scene;
    set_up(&scene, "20ms + 1ms*exp", 0, 0);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(send_one(&scene, 0), 0);
        pass(&scene, 100 * MS);
    }
    double mean = scene.total_s / COUNT;
    double variance = scene.squares_s / COUNT - mean * mean;
    ck_assert_int_eq(scene.received, COUNT);
    ck_assert_double_eq_tol(mean, 21e-3, 5e-3 / sqrt(COUNT));
    ck_assert_double_eq_tol(sqrt(variance), 1e-3, 0.05e-3);
    tear_down(&scene);
}
END_TEST

START_TEST(crowds_are_counted_by_the_second)
{
    static const int seconds[] = {1, 3, 2, 0, 9, 1};
    struct scene scene;
    set_up(&scene, "1ms", 0, 0);
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        for (int n = 0; n < seconds[i]; n++)
            ck_assert_int_eq(send_one(&scene, 0), 0);
        pass(&scene, 1000 * MS);
    }
    struct vhost_count count = vhost_count(scene.host[1]);
    ck_assert_uint_eq(count.seconds[0], 2); /* 1 */
    ck_assert_uint_eq(count.seconds[1], 2); /* 2 … 3 */
    ck_assert_uint_eq(count.seconds[2], 0);
    ck_assert_uint_eq(count.seconds[3], 1); /* 8 … 15 */
    ck_assert_uint_eq(count.most, 9);
    ck_assert_uint_eq(count.received, 16);
    tear_down(&scene);
}
END_TEST

START_TEST(packets_are_lost_and_doubled_as_often_as_told)
{
    enum { COUNT = 10000 };
    struct scene scene;
    set_up(&scene, "1ms", 0.3, 0.1);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(send_one(&scene, 0), 0);
    pass(&scene, 10 * MS);
    ck_assert_int_lt(abs(scene.received - (int)(COUNT * 0.7 * 1.1)), 300);
    ck_assert_uint_eq(vhost_count(scene.host[0]).sent, COUNT);
    ck_assert_uint_eq(vhost_count(scene.host[1]).received, (uint64_t)scene.received);
    tear_down(&scene);
}
END_TEST

START_TEST(a_cut_link_lets_nothing_through)
{
    struct scene scene;
    set_up(&scene, "1ms", 0, 0);
    struct vlink *link = vnet_add_link(
        scene.net, &(struct vlink_config){.from = scene.host[0], .to = scene.host[1]});
    vlink_cut(link, true);
    ck_assert_int_eq(send_one(&scene, 0), 0);
    pass(&scene, 10 * MS);
    ck_assert_int_eq(scene.received, 0);
    vlink_cut(link, false);
    ck_assert_int_eq(send_one(&scene, 0), 0);
    pass(&scene, 0);
    ck_assert_int_eq(scene.received, 1);
    tear_down(&scene);
}
END_TEST

/* A hundred packets, one a millisecond, on a way of 20 to 30 ms: how many were overtaken. */
static int overtaken(bool ordered)
{
    struct scene scene;
    set_up(&scene, "20ms + 10ms*uniform", 0, 0);
    vnet_add_link(scene.net, &(struct vlink_config){.from = scene.host[0],
                                                    .to = scene.host[1],
                                                    .delay = scene.law,
                                                    .ordered = ordered});
    struct os_net *net = net_of(&scene, 0);
    for (unsigned char i = 0; i < 100; i++) {
        net->ops->datagram_send(scene.socket[0], &i, 1, NULL, NULL, 0, 0, NULL);
        pass(&scene, MS);
    }
    pass(&scene, 40 * MS);
    ck_assert_int_eq(scene.received, 100);
    int count = scene.overtaken;
    tear_down(&scene);
    return count;
}

START_TEST(who_draws_less_overtakes_but_on_ordered_links)
{
    ck_assert_int_gt(overtaken(false), 50);
    ck_assert_int_eq(overtaken(true), 0);
}
END_TEST

START_TEST(a_link_that_is_changed_is_another_one)
{
    struct scene scene;
    set_up(&scene, "1ms", 0, 0);
    struct vlink *link = vnet_add_link(
        scene.net, &(struct vlink_config){.from = scene.host[0], .to = scene.host[1]});
    struct vlink_config config = *vlink_config(link);
    config.loss = 1;
    config.from = NULL; /* ends stay */
    vlink_change(link, &config);
    ck_assert_int_eq(send_one(&scene, 0), 0);
    pass(&scene, 10 * MS);
    ck_assert_int_eq(scene.received, 0);
    ck_assert_ptr_eq(vlink_config(link)->from, scene.host[0]);
    config.loss = 0;
    config.delay = scene.law;
    vlink_change(link, &config);
    ck_assert_int_eq(send_one(&scene, 0), 0);
    pass(&scene, MS - 1);
    ck_assert_int_eq(scene.received, 0);
    pass(&scene, 1);
    ck_assert_int_eq(scene.received, 1);
    tear_down(&scene);
}
END_TEST

START_TEST(partitions_part_until_all_are_healed)
{
    struct scene scene;
    set_up(&scene, "1ms", 0, 0);
    vnet_partition(scene.net, scene.host, 1);
    ck_assert_int_eq(send_one(&scene, 0), 0);
    vnet_partition(scene.net, scene.host, 2); /* both: they stay parted */
    ck_assert_int_eq(send_one(&scene, 0), 0);
    vnet_partition(scene.net, &scene.host[1], 1);
    ck_assert_int_eq(send_one(&scene, 0), 0);
    pass(&scene, 10 * MS);
    ck_assert_int_eq(scene.received, 0);
    vnet_heal(scene.net);
    ck_assert_int_eq(send_one(&scene, 0), 0);
    vnet_partition(scene.net, scene.host, 2); /* all there are: nobody is parted */
    ck_assert_int_eq(send_one(&scene, 0), 0);
    pass(&scene, 10 * MS);
    ck_assert_int_eq(scene.received, 2);
    tear_down(&scene);
}
END_TEST

static void count_turn(void *arg)
{
    ++*(int *)arg;
}

START_TEST(a_sleeping_host_hears_nothing_and_its_timers_stand_still)
{
    struct scene scene;
    struct os_timer *timer;
    int fired = 0;
    set_up(&scene, "1ms", 0, 0);
    struct os_loop *loop = scene.loop[1];
    ck_assert_int_eq(loop->ops->timer_open(loop, count_turn, &fired, &timer), 0);
    loop->ops->timer_start(timer, 30 * MS);
    ck_assert_int_eq(send_one(&scene, 0), 0);
    vhost_sleep(scene.host[1], (gn_utc){START_NS + 100 * MS});
    vloop_sleep(loop, 100 * MS);
    pass(&scene, 99 * MS);
    ck_assert_int_eq(scene.received, 0);
    ck_assert_uint_eq(vhost_count(scene.host[0]).lost, 1);
    ck_assert_int_eq(send_one(&scene, 0), 0);
    pass(&scene, 30 * MS);
    ck_assert_int_eq(scene.received, 1);
    ck_assert_int_eq(fired, 0);
    pass(&scene, 1 * MS);
    ck_assert_int_eq(fired, 1);
    tear_down(&scene);
}
END_TEST

static void on_resolved(void *arg, int status, const char *text, const struct gn_address *addresses,
                        size_t count)
{
    struct scene *scene = arg;
    scene->resolved += status == 0 ? 1 : 100;
    ck_assert(status < 0 ? text[0] != '\0' : count == 1 && addresses[0].port == 123);
}

START_TEST(names_wait_for_who_sleeps)
{
    struct scene scene;
    void *request;
    set_up(&scene, "1ms", 0, 0);
    struct os_net *net = net_of(&scene, 0);
    net->ops->resolve(net, "b", 123, on_resolved, &scene, &request);
    vhost_sleep(scene.host[0], (gn_utc){START_NS + 100 * MS});
    pass(&scene, 99 * MS);
    ck_assert_int_eq(scene.resolved, 0);
    pass(&scene, 1 * MS);
    ck_assert_int_eq(scene.resolved, 1);
    tear_down(&scene);
}
END_TEST

START_TEST(ports_are_bound_as_the_kernel_binds_them)
{
    struct scene scene;
    struct os_datagram *socket = NULL, *specific = NULL;
    set_up(&scene, "1ms", 0, 0);
    struct os_net *net = net_of(&scene, 1);
    ck_assert_int_eq(open_at(&scene, 1, "192.0.2.2", 123, NULL, &socket), -EADDRINUSE);
    ck_assert_int_eq(open_at(&scene, 1, "192.0.2.9", 124, NULL, &socket), -EADDRNOTAVAIL);
    ck_assert_int_eq(open_at(&scene, 1, "::", 123, NULL, &socket), 0);
    ck_assert_int_eq(open_at(&scene, 1, "192.0.2.2", 124, NULL, &specific), 0);
    struct gn_address to;
    vnet_address("2001:db8::1", 123, &to);
    ck_assert_int_eq(net->ops->datagram_send(socket, "x", 1, &to, NULL, 0, 0, NULL), -ENETUNREACH);
    ck_assert_int_eq(net->ops->datagram_open_unix(net, "/x", &socket), -EAFNOSUPPORT);
    tear_down(&scene);
}
END_TEST

START_TEST(a_socket_closed_meanwhile_hears_nothing)
{
    struct scene scene;
    set_up(&scene, "1ms", 0, 0);
    ck_assert_int_eq(send_one(&scene, GN_SEND_STAMP), 0);
    net_of(&scene, 0)->ops->datagram_close(scene.socket[0]);
    net_of(&scene, 1)->ops->datagram_close(scene.socket[1]);
    pass(&scene, 10 * MS);
    ck_assert_int_eq(scene.received + scene.sent, 0);
    ck_assert_uint_eq(vhost_count(scene.host[0]).lost, 1);
    tear_down(&scene);
}
END_TEST

START_TEST(names_are_those_of_the_nodes)
{
    struct scene scene;
    void *request;
    set_up(&scene, "1ms", 0, 0);
    struct os_net *net = net_of(&scene, 0);
    net->ops->resolve(net, "b", 123, on_resolved, &scene, &request);
    net->ops->resolve(net, "2001:db8::5", 123, on_resolved, &scene, &request);
    net->ops->resolve(net, "nobody", 123, on_resolved, &scene, &request);
    net->ops->resolve(net, "b", 123, on_resolved, &scene, &request);
    net->ops->resolve_cancel(net, request);
    net->ops->resolve(net, "a", 123, on_resolved, &scene, &request);
    ck_assert_int_eq(scene.resolved, 0);
    pass(&scene, 0);
    ck_assert_int_eq(scene.resolved, 1);
    pass(&scene, 5 * MS);
    ck_assert_int_eq(scene.resolved, 103);
    net->ops->resolve(net, "a", 123, on_resolved, &scene, &request); /* left to the end */
    tear_down(&scene);
}
END_TEST

/* Opens a socket at host `i` that is bound to an address of many. */
static int open_many(struct scene *scene, int i, const char *bind, const char *group,
                     uint32_t flags, struct os_datagram **socket)
{
    struct gn_address joined;
    struct gn_datagram_config config = {.size = sizeof config, .flags = flags};
    struct os_net *net = net_of(scene, i);
    ck_assert_int_eq(vnet_address(bind, 124, &config.bind), 0);
    if (group != NULL) {
        ck_assert_int_eq(vnet_address(group, 0, &joined), 0);
        config.groups = &joined;
        config.group_count = 1;
    }
    return net->ops->datagram_open(net, &config, &events, scene, socket);
}

static int send_many(struct scene *scene, int i, struct os_datagram *socket, const char *to)
{
    struct gn_address address;
    ck_assert_int_eq(vnet_address(to, 124, &address), 0);
    return net_of(scene, i)->ops->datagram_send(socket, "many", 5, &address, NULL, 0, 0, NULL);
}

START_TEST(what_is_sent_to_many_comes_to_each_that_listens)
{
    struct scene scene;
    struct os_datagram *sender, *listener, *group;
    set_up(&scene, "1ms", 0, 0);
    ck_assert_int_eq(open_many(&scene, 0, "0.0.0.0", NULL, GN_DATAGRAM_BROADCAST, &sender), 0);
    ck_assert_int_eq(open_many(&scene, 1, "0.0.0.0", NULL, GN_DATAGRAM_BESIDE, &listener), 0);
    ck_assert_int_eq(open_many(&scene, 1, "224.0.1.1", "224.0.1.1", GN_DATAGRAM_BESIDE, &group), 0);
    static const struct {
        const char *to;
        int heard;
    } cases[] = {
        {"224.0.1.1", 1},       /* not by who has not joined */
        {"224.0.1.2", 0},       /* by nobody */
        {"192.0.2.255", 2},     /* by the sender's own socket, too */
        {"255.255.255.255", 2}, /* the same */
        {"198.51.100.255", 0},  /* another network */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene.received = 0;
        ck_assert_int_eq(send_many(&scene, 0, sender, cases[i].to), 0);
        pass(&scene, 2 * MS);
        ck_assert_msg(scene.received == cases[i].heard, "%s: %d", cases[i].to, scene.received);
    }
    ck_assert_uint_eq(scene.packet.remote.ip[3], 1);
    ck_assert_uint_eq(scene.packet.local.ip[3], 255);
    tear_down(&scene);
}
END_TEST

START_TEST(sockets_for_many_are_opened_as_the_kernel_does)
{
    struct scene scene;
    struct os_datagram *first, *second;
    set_up(&scene, "1ms", 0, 0);
    ck_assert_int_eq(open_many(&scene, 0, "0.0.0.0", NULL, 0, &first), 0);
    ck_assert_int_eq(open_many(&scene, 0, "224.0.1.1", NULL, GN_DATAGRAM_BESIDE, &second),
                     -EADDRINUSE);
    ck_assert_int_eq(send_many(&scene, 0, first, "192.0.2.255"), -EACCES);
    net_of(&scene, 0)->ops->datagram_close(first);
    ck_assert_int_eq(open_many(&scene, 0, "ff05::101", "ff05::101", GN_DATAGRAM_BESIDE, &first), 0);
    ck_assert_int_eq(open_many(&scene, 0, "ff05::101", NULL, GN_DATAGRAM_BESIDE, &second),
                     -EADDRINUSE);
    tear_down(&scene);
}
END_TEST

START_TEST(a_group_comes_back_to_the_sender_only_where_wanted)
{
    struct scene scene;
    struct os_datagram *silent, *loud;
    set_up(&scene, "1ms", 0, 0);
    ck_assert_int_eq(open_many(&scene, 0, "224.0.1.1", "224.0.1.1", GN_DATAGRAM_BESIDE, &silent),
                     0);
    ck_assert_int_eq(send_many(&scene, 0, silent, "224.0.1.1"), 0);
    pass(&scene, 2 * MS);
    ck_assert_int_eq(scene.received, 0);
    ck_assert_int_eq(
        open_many(&scene, 0, "0.0.0.0", NULL, GN_DATAGRAM_BESIDE | GN_DATAGRAM_LOOP, &loud), 0);
    ck_assert_int_eq(send_many(&scene, 0, loud, "224.0.1.1"), 0);
    pass(&scene, 2 * MS);
    ck_assert_int_eq(scene.received, 1);
    tear_down(&scene);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_vnet");
    TCase *tcase = tcase_create("vnet");
    tcase_add_test(tcase, a_packet_takes_its_time_and_is_stamped_by_the_receivers_clock);
    tcase_add_test(tcase, delays_follow_their_law);
    tcase_add_test(tcase, crowds_are_counted_by_the_second);
    tcase_add_test(tcase, packets_are_lost_and_doubled_as_often_as_told);
    tcase_add_test(tcase, a_cut_link_lets_nothing_through);
    tcase_add_test(tcase, who_draws_less_overtakes_but_on_ordered_links);
    tcase_add_test(tcase, a_link_that_is_changed_is_another_one);
    tcase_add_test(tcase, partitions_part_until_all_are_healed);
    tcase_add_test(tcase, a_sleeping_host_hears_nothing_and_its_timers_stand_still);
    tcase_add_test(tcase, names_wait_for_who_sleeps);
    tcase_add_test(tcase, ports_are_bound_as_the_kernel_binds_them);
    tcase_add_test(tcase, a_socket_closed_meanwhile_hears_nothing);
    tcase_add_test(tcase, what_is_sent_to_many_comes_to_each_that_listens);
    tcase_add_test(tcase, sockets_for_many_are_opened_as_the_kernel_does);
    tcase_add_test(tcase, a_group_comes_back_to_the_sender_only_where_wanted);
    tcase_add_test(tcase, names_are_those_of_the_nodes);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
