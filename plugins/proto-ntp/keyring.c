/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int keyring_init(struct keyring *keyring, const struct keys *keys, unsigned *line)
{
    memset(keyring, 0, sizeof(*keyring));
    keyring->seals = calloc(keys->count > 0 ? keys->count : 1, sizeof(*keyring->seals));
    if (keyring->seals == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->items[keys->order[i]];
        int error = seal_init(&keyring->seals[i], key->id, key->type, key->bytes, key->size);
        if (error != 0) {
            *line = key->line;
            keyring_finish(keyring);
            return error;
        }
        keyring->count++;
    }
    return 0;
}

void keyring_finish(struct keyring *keyring)
{
    for (size_t i = 0; i < keyring->count; i++)
        seal_finish(&keyring->seals[i]);
    free(keyring->seals);
    memset(keyring, 0, sizeof(*keyring));
}

static int compare(const void *id, const void *element)
{
    uint32_t wanted = *(const uint32_t *)id;
    uint32_t is = ((const struct seal *)element)->id;
    return wanted < is ? -1 : wanted > is;
}

struct authenticator *keyring_find(const struct keyring *keyring, uint32_t id)
{
    struct seal *found = keyring != NULL ? bsearch(&id, keyring->seals, keyring->count,
                                                   sizeof(*keyring->seals), compare)
                                         : NULL;
    return found != NULL ? &found->base : NULL;
}
