/* SPDX-License-Identifier: Apache-2.0 */

/* A person's command that is the business of a plugin. */

#include <errno.h>
#include <host/daemon_internal.h>
#include <stdio.h>
#include <string.h>

static void say_refused(const struct gn_source *source, int error, char *why, size_t why_size)
{
    const char *words = source->owned.owner->words;
    snprintf(why, why_size, "%s: %s", source->name,
             error == -ENOTSUP  ? "it knows no such command"
             : words[0] != '\0' ? words
                                : strerror(-error));
}

int daemon_command(struct daemon *daemon, const char *source, const char *name, gn_command_cb reply,
                   void *reply_arg, const char **answered, char *why, size_t why_size)
{
    for (struct gn_source *s = daemon->sources.first; s != NULL; s = s->next) {
        if (source != NULL && strcmp(source, s->name) != 0)
            continue;
        *answered = s->name;
        int error = instance_command(s->owned.owner, name, reply, reply_arg);
        if (error == -ENOTSUP && source == NULL)
            continue;
        if (error != 0)
            say_refused(s, error, why, why_size);
        return error;
    }
    if (source == NULL)
        return -ENOTSUP;
    snprintf(why, why_size, "there is no source \"%.64s\"", source);
    return -ENOENT;
}
