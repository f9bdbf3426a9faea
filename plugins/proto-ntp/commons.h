/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMONS_H
#define COMMONS_H

/** What all instances of the plugin share; each of them is given it by `open`. */

#include "outlets.h"
#include "registry.h"
#include <gnomon/host.h>
#include <sys/queue.h>

struct keyfile;

struct commons {
    struct gn_host *host;          /* of no instance: for what belongs to none of them */
    LIST_HEAD(, keyfile) keyfiles; /* see keyfile.h */
    struct registry registry;      /* who asks which address */
    struct outlets outlets;        /* of symmetric associations */
};

/** The plugin's shared object; see struct gn_plugin. */
int commons_open(struct gn_host *host, void **shared);
void commons_close(void *shared);

#endif
