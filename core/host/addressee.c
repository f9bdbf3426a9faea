/* SPDX-License-Identifier: Apache-2.0 */
#include <host/addressee.h>

#include <base/text.h>
#include <errno.h>
#include <host/daemon_internal.h>
#include <stdio.h>
#include <string.h>

/* "192.0.2.1" of "192.0.2.1:123", "2001:db8::1" of "[2001:db8::1]:123". */
static bool is_host_of(const char *name, const char *address)
{
    size_t size = strlen(name);
    if (address[0] == '[')
        return strncmp(address + 1, name, size) == 0 && address[1 + size] == ']';
    return strncmp(address, name, size) == 0 && address[size] == ':' &&
           strchr(address + size + 1, ':') == NULL;
}

bool addressee_is(const char *name, const struct gn_source *source)
{
    return addressee_is_whole(name, source->owned.owner) || strcmp(name, source->name) == 0 ||
           strcmp(name, source->address) == 0 || is_host_of(name, source->address);
}

bool addressee_is_whole(const char *name, const struct instance *instance)
{
    return name == NULL || strcmp(name, instance->config->name) == 0;
}

struct gn_source *addressee_next(struct daemon *daemon, const struct gn_source *source)
{
    struct gn_source *next = source == NULL ? daemon->sources.first : source->next;
    while (next != NULL && next->owned.owner->doomed)
        next = next->next;
    return next;
}

int addressee_unknown(struct daemon *daemon, const char *name, char *why, size_t why_size)
{
    struct text_guess guess;
    if (name == NULL) {
        snprintf(why, why_size, "there is no source");
        return -ENOENT;
    }
    text_guess_init(&guess, name);
    for (const struct gn_source *s = NULL; (s = addressee_next(daemon, s)) != NULL;) {
        text_guess_try(&guess, s->name);
        text_guess_try(&guess, s->owned.owner->config->name);
    }
    if (guess.best != NULL)
        snprintf(why, why_size, "there is no source \"%.64s\", did you mean \"%s\"?", name,
                 guess.best);
    else
        snprintf(why, why_size, "there is no source \"%.64s\"", name);
    return -ENOENT;
}

int addressee_refused(const struct instance *instance, const char *name, int error,
                      const char *cannot, char *why, size_t why_size)
{
    const char *words = instance->words;
    snprintf(why, why_size, "%s: %s", name,
             words[0] != '\0'    ? words
             : error == -ENOTSUP ? cannot
                                 : strerror(-error));
    return error;
}
