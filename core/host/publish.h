/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_PUBLISH_H
#define HOST_PUBLISH_H

/** The published snapshot: one writer, any number of readers on any thread, no locks. */

#include <gnomon/state.h>
#include <stdatomic.h>

#define PUBLISH_WORDS ((sizeof(struct gn_state) + 7) / 8)

/** A sequence lock: odd while it is written. The words are atomic, so a torn read is no data race.
 */
struct publish {
    atomic_uint sequence;
    _Atomic uint64_t words[PUBLISH_WORDS];
};

void publish_init(struct publish *);
void publish_write(struct publish *, const struct gn_state *);
void publish_read(struct publish *, struct gn_state *);

#endif
