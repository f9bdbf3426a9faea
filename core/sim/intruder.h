/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_INTRUDER_H
#define SIM_INTRUDER_H

/**
 * Somebody on the network who is after a client of NTP: forges replies of its server, sends real
 * ones again, holds them back, or alters them. What can be known off the path, and what only on
 * it, is told apart.
 */

#include <sim/law.h>
#include <sim/vnet.h>

enum intruder_deed {
    INTRUDER_FORGE,  /* replies of his own, among the real ones */
    INTRUDER_REPLAY, /* earlier replies again, as soon as there is a request */
    INTRUDER_HOLD,   /* real ones are held back, or, for ever, taken off the way */
    INTRUDER_ALTER,  /* the time in real ones is another */
};

/** What a forger knows. */
enum intruder_sight {
    INTRUDER_BLIND, /* the addresses */
    INTRUDER_PORTS, /* also when a request is out, and from which port */
    INTRUDER_ALL,   /* also its transmit timestamp: he hears it */
};

struct intruder_config {
    enum intruder_deed deed;
    enum intruder_sight sight;
    struct gn_address server, client; /* their ports: the server's 123 */
    double rate;                      /* forged, 1/s; with INTRUDER_ALL one for each request */
    double share;                     /* of the replies, 0 … 1, that are dealt with */
    const struct law *by;   /* s: the lie, or how long they are held back (< 0: for ever); lent */
    const char *kiss;       /* forged: four letters instead of a time; NULL none; lent */
    uint8_t mode;           /* of what is forged; enum wire_mode */
    double first_s, last_s; /* s since the start of the world */
};

struct intruder;

/** An intruder on a net. `number`: his own, for a stream of chance of his own. */
struct intruder *intruder_create(struct vnet *, struct world *, unsigned number,
                                 const struct intruder_config *);

/** After the net, whose tap he is; takes NULL. */
void intruder_destroy(struct intruder *);

/** What he has sent, changed or held so far. */
uint64_t intruder_count(const struct intruder *);

#endif
