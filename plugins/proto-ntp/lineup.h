/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEUP_H
#define LINEUP_H

/**
 * Glue: which of a name's addresses the members of an entry ask, and who is replaced.
 *
 * A named server goes through its addresses when one gives nothing. A server of a pool is replaced
 * when it is bad (conduct.h) while others of the pool are good: if all are bad, they are hardly to
 * blame. An address that vanished from the name's answer stays while it is good.
 */

#include "member.h"
#include "roster.h"

/** An answer older than this is asked for anew before somebody is replaced out of it. */
#define LINEUP_STALE_NS (600 * GN_NS_PER_S)
/** Who was replaced while others were good is not taken again for so long. */
#define LINEUP_SHUN_NS (3600 * GN_NS_PER_S)

struct lineup {
    struct gn_host *host;
    struct registry *registry; /* lent */
    const char *name;          /* lent */
    bool is_pool;
    bool offline; /* members that are opened rest */
    struct roster roster;
    gn_local updated;   /* when the roster was; ns 0: never */
    unsigned vacancies; /* answers in a row that left members without an address */
    struct member *members;
    size_t count;
    /** Open the source of a member. */
    int (*open)(void *arg, size_t i);
    /** The name is to be resolved, `delay_ns` from now at the latest. */
    void (*want)(void *arg, int64_t delay_ns);
    void *arg;
};

/** The members' sources stay closed; `name`, `members`, `open` and `want` are set before. */
void lineup_init(struct lineup *lineup);

/** A resolution brought these. */
void lineup_update(struct lineup *lineup, const struct gn_address *addresses, size_t count);

/** A member's address gives nothing; see member_give_up_cb. `arg` is the lineup. */
void lineup_give_up(void *arg, struct member *member);

/** Look at the members of a pool, and replace one that is bad. Returns after how long to look
 * again. */
int64_t lineup_look(struct lineup *lineup);

/** Take a source, or all (NULL), offline or online. Errors: -ENOENT: no source of it. */
int lineup_online(struct lineup *lineup, struct gn_source *source, bool online);

/** Give all addresses back; the members are closed by the host. */
void lineup_finish(struct lineup *lineup);

#endif
