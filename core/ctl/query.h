/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_QUERY_H
#define CTL_QUERY_H

/** `query HOST[:PORT]`: one SNTP exchange with a server. Needs no daemon, and sets no clock. */

#include <ctl/cli.h>
#include <gnomon/time.h>

/** Requests; the time that the first may take (the next twice as long), and all of them. Units: ms.
 */
#define QUERY_TRIES 3
#define QUERY_TRY_MS 1000
#define QUERY_TIMEOUT_MS 5000

/** Whom to ask. */
struct query_target {
    char host[256];
    char port[6];
};

/** What came of it. Signs: offset = server − this machine's clock. */
struct query_result {
    char address[80]; /* "192.0.2.1:123", "[2001:db8::1]:123" */
    uint8_t stratum, leap;
    uint32_t refid; /* host byte order */
    double offset_s, delay_s;
    double root_delay_s, root_dispersion_s; /* of the server */
    double error_s;                         /* half the delay plus the server's precision */
    gn_utc server_time;                     /* when it sent the reply */
};

/** "HOST", "HOST:PORT", "[IPV6]:PORT", "IPV6". Returns false with the reason in `why`. */
bool query_parse(const char *words, struct query_target *, char *why, size_t why_size);

/** Ask. Errors: a negative errno, with words in `why`. */
int query_ask(const struct query_target *, struct query_result *, char *why, size_t why_size);

json_t *query_json(const struct query_result *);
void query_render(const struct query_result *, FILE *);

int query_run(struct cli *);

#endif
