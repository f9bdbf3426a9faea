/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

/** The other end of the control socket: one request line, one reply line. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** A reply larger than this is refused. Units: bytes. */
#define CLIENT_REPLY_MAX ((size_t)16 << 20)

/** A reply must be whole by then. */
#define CLIENT_TIMEOUT_MS 5000

struct client;

/**
 * Connect.
 * Errors: NULL, with the socket, the reason and what to do in `why`, and the errno in `*error`.
 */
struct client *client_open(const char *path, int *error, char *why, size_t why_size);
void client_close(struct client *); /* takes NULL */

/**
 * Run a command. Owns: the caller gets a new reference to the result.
 * Errors: NULL, with what the daemon said, or why it said nothing, in `why`; `client_broken` tells
 * them apart.
 */
json_t *client_ask(struct client *, const char *command, char *why, size_t why_size);

/** The same, about a source; NULL: about none. */
json_t *client_ask_source(struct client *, const char *command, const char *source, char *why,
                          size_t why_size);

/** Run a request with arguments of any kind; lent. */
json_t *client_request(struct client *, const json_t *request, char *why, size_t why_size);

/** Whether the connection is of no more use. */
bool client_broken(const struct client *);

#endif
