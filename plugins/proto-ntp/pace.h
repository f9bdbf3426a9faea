/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PACE_H
#define PACE_H

/** How fast an association (client.h) asks: intervals and bursts. Pure. */

#include "client.h"

/** Seconds as an interval that can be kept; nonsense is 64 s. */
int64_t pace_interval_ns(double seconds);

/** From the last request to the next: as the core, the server, a burst or silence want it. */
int64_t pace_next_ns(const struct client *client, const struct client_event *event);

/** Whether the next poll is so far off that a request goes ahead of it. */
bool pace_presends(const struct client *client, const struct client_event *event);

/** How long a reply is waited for. */
int64_t pace_patience_ns(const struct client *client, const struct client_event *event);

/** Whether the burst goes on. */
bool pace_is_bursting(const struct client *client);

/** A burst until so many more good replies, or so many more requests. */
void pace_begin_burst(struct client *client, unsigned good, unsigned requests);
void pace_end_burst(struct client *client);

/** How many requests a poll consists of: on average not more than one every minpoll. */
unsigned pace_burst_size(const struct client_event *event);

#endif
