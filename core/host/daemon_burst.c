/* SPDX-License-Identifier: Apache-2.0 */

/* An operator wants to know now: quick measurements of one source, or of all that can. */

#include <base/text.h>
#include <errno.h>
#include <host/daemon_internal.h>
#include <stdio.h>
#include <string.h>

static int say_unknown(const struct daemon *daemon, const char *name, char *why, size_t why_size)
{
    struct text_guess guess;
    text_guess_init(&guess, name);
    for (const struct gn_source *s = daemon->sources.first; s != NULL; s = s->next)
        text_guess_try(&guess, s->name);
    if (guess.best != NULL)
        snprintf(why, why_size, "there is no source \"%.64s\", did you mean \"%s\"?", name,
                 guess.best);
    else
        snprintf(why, why_size, "there is no source \"%.64s\"", name);
    return -ENOENT;
}

static void say_refused(const struct gn_source *source, int rc, char *why, size_t why_size)
{
    const char *words = source->owned.owner->words;
    snprintf(why, why_size, "%s: %s", source->name,
             rc == -ENOTSUP     ? "it cannot be asked in bursts"
             : words[0] != '\0' ? words
                                : strerror(-rc));
}

int daemon_burst(struct daemon *daemon, const char *name, char *why, size_t why_size)
{
    int count = 0, error = 0;
    for (struct gn_source *s = daemon->sources.first; s != NULL; s = s->next) {
        if (name != NULL && strcmp(name, s->name) != 0)
            continue;
        int rc = instance_burst(s->owned.owner, s);
        count += rc == 0;
        error = rc != 0 ? rc : error;
        if (rc != 0)
            say_refused(s, rc, why, why_size);
    }
    if (count > 0)
        return count;
    if (error == 0 && name == NULL)
        snprintf(why, why_size, "there is no source");
    else if (error == 0)
        return say_unknown(daemon, name, why, why_size);
    return error != 0 ? error : -ENOENT;
}
