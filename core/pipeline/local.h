/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_LOCAL_H
#define PIPELINE_LOCAL_H

/**
 * The own clock as a reference (`local`): when it is served, and who leads an isolated group.
 *
 * Served is what nobody has measured. So it happens only on request, in a stratum far from true
 * sources, and only where nothing better is left: in hold-over once the root distance exceeds
 * `distance_s`, without an estimate once `wait_unsynced_s` have passed. The meanings are those of
 * chrony's directive, but for `wait_synced_s`: chrony counts it from the last update, which comes
 * rarely where polls are rare; here it begins when the last source was lost.
 *
 * Orphan mode: servers that all have `local` with one stratum, and poll each other, agree on one
 * of them. The rule is chrony's, so groups may be mixed:
 *
 *   1. An NTP source of just our local stratum is an orphan: it serves its own clock. One of a
 *      larger stratum follows an orphan, and is never followed. Reference clocks are neither.
 *   2. Orphans are no candidates as long as any other source is usable.
 *   3. Else the one of the smallest reference id is followed, alone and without a vote, if its id
 *      is smaller than our own; in our place it knows us by the id of the address that its packets
 *      come to. Who sees nobody smaller follows nobody, and becomes an orphan by the rules above.
 *
 * So the smallest leads, and all others follow it directly: a star, whose strata cannot count up.
 * Where hosts know each other by several addresses the ids need not be in one order; two could
 * then both lead, or follow each other for one poll, after which each sees the other's stratum.
 *
 * A fourth rule is ours. When a true source comes back to one member all follow that one; its
 * other followers, as they are peers, say nothing that it does not say itself, and in its silence
 * they would count up by following each other. So in orphan mode a source that follows one whom
 * we hear ourselves is second-hand, and no candidate.
 */

#include <gnomon/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The group `local` of the configuration. */
struct local_config {
    bool serve;  /* the group is there */
    bool orphan; /* with others of the same stratum */
    uint8_t stratum;
    double distance_s;      /* root distance above which the own clock is the better one */
    double activate_s;      /* root distance that must have been reached once; ≤ 0: none */
    double wait_synced_s;   /* after the last source was lost, while there is an estimate */
    double wait_unsynced_s; /* the same, or from the start, without one */
};

/** The clock at an instant. */
struct local_view {
    gn_local now;
    bool selected;     /* a source is followed */
    bool bounded;      /* there is an estimate, and its error has a bound */
    double distance_s; /* root distance of the estimate */
};

/** Begins with local_init(). */
struct local {
    bool serving;
    gn_local since; /* serving, while it is */
    bool activated; /* the clock was once as good as `activate_s` */
    bool ever;      /* a source was selected since the start or the last sleep */
    gn_local quiet; /* no source since: since then, or since the start or the last sleep */
};

void local_init(struct local *, gn_local now);

/** The machine slept: waits begin anew. That the clock was once good stays. */
void local_restart(struct local *, gn_local now);

/** Serve or not? Returns whether that has changed. */
bool local_update(struct local *, const struct local_config *, const struct local_view *);

/** When to look again for a wait that ends, in ns from `now`; < 0: nothing ends by itself. */
int64_t local_look_in_ns(const struct local *, const struct local_config *,
                         const struct local_view *);

/** Why the own clock is served, as half a sentence. Returns `words`. */
const char *local_why(const struct local *, const struct local_config *, const struct local_view *,
                      char *words, size_t size);

/** Whether a server of this stratum serves its own clock, or follows one that does. */
bool local_is_orphan(const struct local_config *, uint8_t stratum);

/** Whether we, known by `own`, follow an orphan of reference id `other`. 0: unknown. */
bool local_yields(uint32_t own, uint32_t other);

#endif
