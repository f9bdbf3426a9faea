/* SPDX-License-Identifier: Apache-2.0 */

/* An operator wants to know now: quick measurements of one source, or of all that can. */

#include <host/addressee.h>
#include <host/daemon_internal.h>

int daemon_burst(struct daemon *daemon, const char *name, char *why, size_t why_size)
{
    int count = 0, error = 0;
    for (struct gn_source *s = NULL; (s = addressee_next(daemon, s)) != NULL;) {
        if (!addressee_is(name, s))
            continue;
        int rc = instance_burst(s->owned.owner, s);
        count += rc == 0;
        if (rc != 0)
            error = addressee_refused(s->owned.owner, s->name, rc, "it cannot be asked in bursts",
                                      why, why_size);
    }
    if (count > 0 || error != 0)
        return count > 0 ? count : error;
    return addressee_unknown(daemon, name, why, why_size);
}
