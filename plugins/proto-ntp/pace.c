/* SPDX-License-Identifier: Apache-2.0 */
#include "pace.h"

/* Until the first sample: the first wait after the burst, doubled from then on. */
#define RETRY_NS (4 * GN_NS_PER_S)
#define MAX_DOUBLINGS 20
#define DEFAULT_INTERVAL_NS (64 * GN_NS_PER_S)
/* An interval cannot be longer than this, whatever is asked. */
#define MAX_INTERVAL_S 131072.0

int64_t pace_interval_ns(double seconds)
{
    if (!(seconds > 0)) /* nonsense must not make us a nuisance */
        return DEFAULT_INTERVAL_NS;
    return gn_nanoseconds(seconds < MAX_INTERVAL_S ? seconds : MAX_INTERVAL_S);
}

static int64_t doubled_ns(int64_t first_ns, unsigned doublings, int64_t max_ns)
{
    int64_t wait_ns = first_ns;
    for (unsigned i = 0; i < doublings && i < MAX_DOUBLINGS && wait_ns < max_ns; i++)
        wait_ns *= 2;
    return wait_ns < max_ns ? wait_ns : max_ns;
}

bool pace_is_bursting(const struct client *client)
{
    return client->burst_good > 0 && client->burst_requests > 0;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The interval before what the server asked for and before the spread. */
static int64_t plain_interval_ns(const struct client *client, const struct client_event *event)
{
    int64_t poll_ns = pace_interval_ns(event->poll_s);
    int64_t min_ns = pace_interval_ns(event->min_poll_s);
    int64_t max_ns = pace_interval_ns(event->max_poll_s);
    if (pace_is_bursting(client))
        return smaller(CLIENT_BURST_INTERVAL_NS, poll_ns);
    if (client->failures > 0) /* nothing went out: asking again costs nobody anything */
        return doubled_ns(CLIENT_BURST_INTERVAL_NS, client->failures - 1,
                          larger(CLIENT_BURST_INTERVAL_NS, min_ns));
    if (!client->reached && client->config.iburst)
        return doubled_ns(smaller(RETRY_NS, min_ns), client->retries > 0 ? client->retries - 1 : 0,
                          max_ns);
    if (client->unanswered > CLIENT_UNREACHABLE)
        return larger(doubled_ns(min_ns, client->unanswered - CLIENT_UNREACHABLE, max_ns), poll_ns);
    if (client->unanswered == 1) /* lost, most likely: the sample is still wanted */
        return larger(poll_ns / 2, smaller(poll_ns, min_ns));
    if (client->config.filter > 1) /* the exchanges of a sample share its interval */
        return larger(poll_ns / client->config.filter, smaller(poll_ns, min_ns));
    return poll_ns;
}

int64_t pace_next_ns(const struct client *client, const struct client_event *event)
{
    int64_t wait_ns = plain_interval_ns(client, event);
    if (client->denied_ns > 0)
        return client->denied_ns;
    if (client->rate_log2s != 0 && wait_ns < gn_poll_ns(client->rate_log2s))
        wait_ns = gn_poll_ns(client->rate_log2s);
    if (pace_is_bursting(client))
        return wait_ns;
    /* Up to 1/32 later, so that a fleet which was started together drifts apart. */
    return wait_ns + (int64_t)((double)wait_ns / 32 * ((double)event->chance / 4294967296.0));
}

bool pace_presends(const struct client *client, const struct client_event *event)
{
    int8_t log2s = client->config.presend_log2s;
    return log2s > 0 && log2s < CLIENT_PRESEND_NONE && client->rate_log2s == 0 &&
           client->denied_ns == 0 && pace_next_ns(client, event) >= gn_poll_ns(log2s);
}

int64_t pace_patience_ns(const struct client *client, const struct client_event *event)
{
    return smaller(CLIENT_REPLY_TIMEOUT_NS,
                   larger(CLIENT_REPLY_PATIENCE_NS, pace_next_ns(client, event)));
}

/* ---------------------------------------------------------------- bursts */

void pace_begin_burst(struct client *client, unsigned good, unsigned requests)
{
    client->burst_good = good;
    client->burst_requests = requests;
}

void pace_end_burst(struct client *client)
{
    pace_begin_burst(client, 0, 0);
}

unsigned pace_burst_size(const struct client_event *event)
{
    double room = event->poll_s / event->min_poll_s;
    if (!(room >= 1))
        return 1;
    return room < CLIENT_BURST_GOOD ? (unsigned)room : CLIENT_BURST_GOOD;
}
