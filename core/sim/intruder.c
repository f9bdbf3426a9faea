/* SPDX-License-Identifier: Apache-2.0 */
#include "intruder.h"

#include <plugins/proto-ntp/wire.h>
#include <base/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Replies that are kept to be sent again. */
#define KEPT 32
/* Long enough for any reply with a key; longer ones are not kept. */
#define KEPT_SIZE 256
/* While a request is out: who hits this hits before the real reply, on most paths. */
#define WINDOW_NS (INT64_C(5) * 1000000)
/* So long after a real reply has left he sends it once more: later than it arrives, mostly. */
#define DOUBLED_NS (INT64_C(50) * 1000000)
/* Where the ports of clients begin. Spec: RFC 6335 §6. */
#define PORT_FIRST 49152
#define PORT_COUNT 16384
#define STRATUM 1
#define REFERENCE_AGE_NS (16 * GN_NS_PER_S)

struct kept {
    size_t size;
    unsigned char data[KEPT_SIZE];
};

struct intruder {
    struct intruder_config config;
    struct vnet *net;
    struct world *world;
    struct chance chance;
    struct vtap tap;
    struct world_event turn; /* of who is blind */
    double owed;             /* forged replies that are due */
    double since_s;          /* what is owed was reckoned */
    uint64_t last_origin;    /* of the last request: what a replay would bear */
    struct kept kept[KEPT];
    size_t kept_count; /* ever */
    uint64_t count;
};

static double now_s(const struct intruder *intruder)
{
    return gn_seconds(gn_utc_sub(world_now(intruder->world), world_start(intruder->world)));
}

static bool is_at_work(const struct intruder *intruder)
{
    double at_s = now_s(intruder);
    return at_s >= intruder->config.first_s && at_s < intruder->config.last_s;
}

static bool is_his_turn(struct intruder *intruder)
{
    return intruder->config.share >= 1 ||
           chance_uniform(&intruder->chance) < intruder->config.share;
}

static double draw_by(struct intruder *intruder)
{
    return intruder->config.by != NULL ? law_draw(intruder->config.by, &intruder->chance) : 0;
}

/* ---------------------------------------------------------------- forging */

/* What a request may have borne: noise, nothing, or the time, as simple clients tell it. */
static uint64_t guess_origin(struct intruder *intruder, gn_utc now)
{
    uint64_t noise = chance_bits(&intruder->chance);
    switch (chance_bits(&intruder->chance) % 8) {
    case 0:
        return 0;
    case 1:
        return wire_stamp_from_utc(now).raw;
    case 2:
        return (wire_stamp_from_utc(now).raw & ~UINT64_C(0xffffffff)) | (noise & 0xffffffff);
    case 3:
        return intruder->config.sight == INTRUDER_PORTS ? intruder->last_origin : noise;
    default:
        return noise;
    }
}

static uint32_t letters(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    return (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 | (uint32_t)c[2] << 8 | c[3];
}

static void forge(struct intruder *intruder, uint64_t origin, uint16_t port, int64_t delay_ns)
{
    const struct intruder_config *config = &intruder->config;
    unsigned char packet[WIRE_HEADER_SIZE];
    gn_utc now = world_utc(intruder->world);
    gn_utc lie = gn_utc_add(now, gn_nanoseconds(draw_by(intruder)));
    struct wire_header header = {
        .version = 4,
        .mode = config->mode,
        .stratum = config->kiss != NULL ? 0 : STRATUM,
        .poll = 6,
        .precision = -24,
        .refid = letters(config->kiss != NULL ? config->kiss : "GPS "),
        .reference = wire_stamp_from_utc(gn_utc_add(lie, -REFERENCE_AGE_NS)),
        .origin = {origin},
        .receive = wire_stamp_from_utc(lie),
        .transmit = wire_stamp_from_utc(lie),
    };
    struct gn_address to = config->client;
    to.port = port;
    wire_pack(&header, packet);
    vnet_inject(intruder->net, &config->server, &to, packet, sizeof packet, delay_ns);
    intruder->count++;
}

/* How many are due since it was reckoned last. */
static unsigned owed(struct intruder *intruder)
{
    double at_s = now_s(intruder);
    double from_s =
        intruder->since_s > intruder->config.first_s ? intruder->since_s : intruder->config.first_s;
    if (at_s > from_s)
        intruder->owed += (at_s - from_s) * intruder->config.rate;
    intruder->since_s = at_s;
    unsigned due = (unsigned)intruder->owed;
    intruder->owed -= due;
    return due;
}

static void forge_blindly(void *arg)
{
    struct intruder *intruder = arg;
    uint64_t port = PORT_FIRST + chance_bits(&intruder->chance) % PORT_COUNT;
    if (is_at_work(intruder))
        forge(intruder, guess_origin(intruder, world_utc(intruder->world)), (uint16_t)port, 0);
    world_order_in(intruder->world, &intruder->turn,
                   gn_nanoseconds(chance_exp(&intruder->chance) / intruder->config.rate));
}

static void forge_at_request(struct intruder *intruder, const struct vpassing *request)
{
    struct wire_header header;
    if (wire_unpack(request->data, request->size, &header) != 0)
        return;
    if (intruder->config.sight == INTRUDER_ALL) {
        if (is_his_turn(intruder))
            forge(intruder, header.transmit.raw, request->from->port, 0);
        return;
    }
    for (unsigned n = owed(intruder); n > 0; n--)
        forge(intruder, guess_origin(intruder, world_utc(intruder->world)), request->from->port,
              gn_nanoseconds(chance_uniform(&intruder->chance) * gn_seconds(WINDOW_NS)));
    intruder->last_origin = header.transmit.raw;
}

/* ---------------------------------------------------------------- with what others send */

/* Twice: before the real reply is there, and soon after. */
static void replay(struct intruder *intruder, const struct gn_address *to)
{
    size_t count = intruder->kept_count < KEPT ? intruder->kept_count : KEPT;
    for (size_t i = 0; i < count; i++) {
        const struct kept *kept = &intruder->kept[i];
        if (!is_his_turn(intruder))
            continue;
        vnet_inject(intruder->net, &intruder->config.server, to, kept->data, kept->size, 0);
        intruder->count++;
    }
}

static void keep(struct intruder *intruder, const struct vpassing *reply)
{
    struct kept *kept = &intruder->kept[intruder->kept_count % KEPT];
    if (reply->size > sizeof kept->data)
        return;
    kept->size = reply->size;
    memcpy(kept->data, reply->data, reply->size);
    intruder->kept_count++;
    vnet_inject(intruder->net, reply->from, reply->to, kept->data, kept->size, DOUBLED_NS);
    intruder->count++;
}

static void alter(struct intruder *intruder, struct vpassing *reply)
{
    struct wire_header header;
    gn_utc now = world_utc(intruder->world);
    int64_t by_ns = gn_nanoseconds(draw_by(intruder));
    if (wire_unpack(reply->data, reply->size, &header) != 0)
        return;
    header.receive = wire_stamp_from_utc(gn_utc_add(wire_stamp_to_utc(header.receive, now), by_ns));
    header.transmit =
        wire_stamp_from_utc(gn_utc_add(wire_stamp_to_utc(header.transmit, now), by_ns));
    wire_pack(&header, reply->data);
}

static void see_reply(struct intruder *intruder, struct vpassing *reply)
{
    enum intruder_deed deed = intruder->config.deed;
    if (deed == INTRUDER_REPLAY)
        keep(intruder, reply);
    if ((deed != INTRUDER_HOLD && deed != INTRUDER_ALTER) || !is_his_turn(intruder))
        return;
    intruder->count++;
    if (deed == INTRUDER_ALTER)
        alter(intruder, reply);
    else
        reply->held_s = draw_by(intruder);
}

static bool is_ip(const struct gn_address *a, const struct gn_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* A broadcast asks for itself: all earlier ones are there before it. */
static void see_broadcast(struct intruder *intruder, const struct vpassing *broadcast)
{
    struct wire_header header;
    if (intruder->config.deed != INTRUDER_REPLAY ||
        wire_unpack(broadcast->data, broadcast->size, &header) != 0 ||
        header.mode != WIRE_MODE_BROADCAST)
        return;
    replay(intruder, broadcast->to);
    keep(intruder, broadcast);
}

static void see(void *arg, struct vpassing *passing)
{
    struct intruder *intruder = arg;
    const struct intruder_config *config = &intruder->config;
    if (!is_at_work(intruder))
        return;
    if (is_ip(passing->from, &config->server))
        see_broadcast(intruder, passing);
    if (is_ip(passing->from, &config->server) && is_ip(passing->to, &config->client))
        see_reply(intruder, passing);
    if (!is_ip(passing->from, &config->client) || !is_ip(passing->to, &config->server))
        return;
    if (config->deed == INTRUDER_REPLAY)
        replay(intruder, passing->from);
    if (config->deed == INTRUDER_FORGE && config->sight != INTRUDER_BLIND)
        forge_at_request(intruder, passing);
}

/* ---------------------------------------------------------------- life */

struct intruder *intruder_create(struct vnet *net, struct world *world, unsigned number,
                                 const struct intruder_config *config)
{
    struct intruder *intruder = memory_zeroed(sizeof *intruder);
    char name[16];
    snprintf(name, sizeof name, "%u", number);
    intruder->config = *config;
    intruder->net = net;
    intruder->world = world;
    chance_init(&intruder->chance, world_seed(world), "intruder", name);
    intruder->tap = (struct vtap){.see = see, .arg = intruder};
    vnet_tap(net, &intruder->tap);
    if (config->deed == INTRUDER_FORGE && config->sight == INTRUDER_BLIND) {
        intruder->turn = (struct world_event){.happen = forge_blindly, .arg = intruder};
        world_order_in(world, &intruder->turn, gn_nanoseconds(config->first_s));
    }
    return intruder;
}

void intruder_destroy(struct intruder *intruder)
{
    free(intruder);
}

uint64_t intruder_count(const struct intruder *intruder)
{
    return intruder->count;
}
