/* SPDX-License-Identifier: Apache-2.0 */
#include "commons.h"

#include "keyfile.h"
#include <stdlib.h>

int commons_open(struct gn_host *host, void **shared)
{
    struct commons *commons = calloc(1, sizeof(*commons));
    if (commons == NULL)
        return gn_fail(host, -ENOMEM, "out of memory");
    commons->host = host;
    LIST_INIT(&commons->keyfiles);
    outlets_init(&commons->outlets, host);
    *shared = commons;
    return 0;
}

void commons_close(void *shared)
{
    struct commons *commons = shared;
    if (commons == NULL)
        return;
    outlets_finish(&commons->outlets);
    keyfile_forget_all(commons);
    free(commons);
}
