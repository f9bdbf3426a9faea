/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_ADDRESSEE_H
#define HOST_ADDRESSEE_H

/** Whom a command means: a source by its name, all of an entry by the entry's, or by an address. */

#include <host/source.h>

struct daemon;

/** Whether `name` (NULL: all) means this source. An address may lack its port. */
bool addressee_is(const char *name, const struct gn_source *);

/** The same for an entry: it means all of its sources, those to come too. */
bool addressee_is_whole(const char *name, const struct instance *);

/** The next source that is not deleted; NULL: begin. */
struct gn_source *addressee_next(struct daemon *, const struct gn_source *);

/** Say that nobody is meant, and who may have been. Returns -ENOENT. */
int addressee_unknown(struct daemon *, const char *name, char *why, size_t why_size);

/** Say why an instance refused with `error`. `cannot`: what -ENOTSUP means. Returns the error. */
int addressee_refused(const struct instance *, const char *name, int error, const char *cannot,
                      char *why, size_t why_size);

#endif
