/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_LAB_FIXTURE_H
#define TESTS_UNIT_LAB_FIXTURE_H

/** Two virtual hosts that exchange packets by given laws, and all the stamps of it. */

#include <check.h>
#include <sim/vclock.h>
#include <sim/vloop.h>
#include <sim/vnet.h>
#include <stdlib.h>
#include <string.h>

#define START_NS (INT64_C(1767225600) * GN_NS_PER_S)
#define MOST 20000

enum { CLIENT, SERVER };

/* An exchange: the four stamps of RFC 5905, and how often each packet came. */
struct exchange {
    gn_system t1, t2, t3, t4;
    int requests, replies;
    uint32_t order; /* in which the requests came */
};

struct lab {
    struct world *world;
    struct vnet *net;
    struct os_clock *clock[2];
    struct os_loop *loop[2];
    struct vhost *host[2];
    struct os_datagram *socket[2];
    struct law *laws[3];
    bool silent; /* the server does not reply */
    uint32_t arrivals;
    struct exchange *exchanges;
};

struct lab_setup {
    const char *there, *back, *noise; /* laws; back NULL: as there; noise NULL: none */
    double loss, loss_back, duplicates;
    double offset_s, frequency; /* of the client's clock */
    bool silent;
};

/* ---------------------------------------------------------------- the laboratory */

static void send_index(struct lab *lab, int from, const struct gn_address *to, uint32_t index)
{
    struct os_net *net = vhost_net(lab->host[from]);
    ck_assert_int_eq(net->ops->datagram_send(lab->socket[from], &index, sizeof index, to, NULL,
                                             GN_SEND_STAMP, index, NULL),
                     0);
}

static void on_request(void *arg, const struct os_packet *packets, size_t count)
{
    struct lab *lab = arg;
    uint32_t index;
    ck_assert_uint_eq(count, 1);
    memcpy(&index, packets->data, sizeof index);
    struct exchange *exchange = &lab->exchanges[index];
    exchange->order = lab->arrivals++;
    if (exchange->requests++ > 0)
        return;
    exchange->t2 = packets->when;
    if (!lab->silent)
        send_index(lab, SERVER, &packets->remote, index);
}

static void on_reply(void *arg, const struct os_packet *packets, size_t count)
{
    struct lab *lab = arg;
    uint32_t index;
    ck_assert_uint_eq(count, 1);
    memcpy(&index, packets->data, sizeof index);
    if (lab->exchanges[index].replies++ == 0)
        lab->exchanges[index].t4 = packets->when;
}

static void request_left(void *arg, uint64_t tag, gn_system when, enum gn_stamp stamp)
{
    (void)stamp;
    ((struct lab *)arg)->exchanges[tag].t1 = when;
}

static void reply_left(void *arg, uint64_t tag, gn_system when, enum gn_stamp stamp)
{
    (void)stamp;
    ((struct lab *)arg)->exchanges[tag].t3 = when;
}

static void open_socket(struct lab *lab, int i)
{
    static const struct os_datagram_events events[] = {{.receive = on_reply, .sent = request_left},
                                                       {.receive = on_request, .sent = reply_left}};
    struct gn_datagram_config config = {.size = sizeof config, .flags = GN_DATAGRAM_SENT};
    struct os_net *net = vhost_net(lab->host[i]);
    ck_assert_int_eq(vnet_address("0.0.0.0", i == SERVER ? 123 : 0, &config.bind), 0);
    if (i == CLIENT)
        ck_assert_int_eq(vnet_address("192.0.2.2", 123, &config.connect), 0);
    ck_assert_int_eq(net->ops->datagram_open(net, &config, &events[i], lab, &lab->socket[i]), 0);
}

static void add_host(struct lab *lab, int i, const struct vclock_config *clock)
{
    static const char *const names[] = {"client", "server"};
    struct gn_address own;
    lab->clock[i] = vclock_create(lab->world, names[i], clock);
    lab->loop[i] = vloop_create(lab->world, lab->clock[i]);
    lab->host[i] = vnet_add_host(lab->net, names[i], lab->loop[i], lab->clock[i]);
    ck_assert_int_eq(vnet_address(i == CLIENT ? "192.0.2.1" : "192.0.2.2", 0, &own), 0);
    ck_assert_int_eq(vhost_add_address(lab->host[i], &own), 0);
    vhost_stamp_noise(lab->host[i], lab->laws[2]);
    open_socket(lab, i);
}

static struct law *parse(const char *text)
{
    char why[100] = "";
    struct law *law = text != NULL ? law_parse(text, why, sizeof why) : NULL;
    ck_assert_msg(text == NULL || law != NULL, "%s: %s", text, why);
    return law;
}

static void lab_open(struct lab *lab, const struct lab_setup *setup)
{
    *lab = (struct lab){.world = world_create(11, (gn_utc){START_NS}), .silent = setup->silent};
    lab->exchanges = calloc(MOST, sizeof *lab->exchanges);
    lab->net = vnet_create(lab->world);
    lab->laws[0] = parse(setup->there);
    lab->laws[1] = parse(setup->back != NULL ? setup->back : setup->there);
    lab->laws[2] = parse(setup->noise);
    add_host(lab, CLIENT,
             &(struct vclock_config){.offset_s = setup->offset_s, .frequency = setup->frequency});
    add_host(lab, SERVER, &(struct vclock_config){0});
    struct vlink_config there = {.from = lab->host[CLIENT],
                                 .to = lab->host[SERVER],
                                 .delay = lab->laws[0],
                                 .loss = setup->loss,
                                 .duplicates = setup->duplicates};
    struct vlink_config back = {.from = lab->host[SERVER],
                                .to = lab->host[CLIENT],
                                .delay = lab->laws[1],
                                .loss = setup->loss_back};
    vnet_add_link(lab->net, &there);
    vnet_add_link(lab->net, &back);
}

static void lab_close(struct lab *lab)
{
    vnet_destroy(lab->net);
    for (int i = 0; i < 2; i++) {
        vloop_destroy(lab->loop[i]);
        lab->clock[i]->ops->destroy(lab->clock[i]);
    }
    for (int i = 0; i < 3; i++)
        law_destroy(lab->laws[i]);
    world_destroy(lab->world);
    free(lab->exchanges);
}

static void pass(struct lab *lab, double s)
{
    world_run(lab->world, gn_utc_add(world_now(lab->world), gn_nanoseconds(s)));
}

static void run(struct lab *lab, uint32_t count, double gap_s)
{
    ck_assert_uint_le(count, MOST);
    for (uint32_t i = 0; i < count; i++) {
        send_index(lab, CLIENT, NULL, i);
        pass(lab, gap_s);
    }
    pass(lab, 100);
}

#endif
