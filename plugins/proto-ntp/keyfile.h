/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KEYFILE_H
#define KEYFILE_H

/**
 * Glue: key files, read once for all instances that name them.
 *
 * A key file is configuration, so it is read and checked by `open`, and `gnomond -t` tells what is
 * wrong with it: each finding with its file and line.
 */

#include "commons.h"
#include "keyring.h"

struct keyfile;

/**
 * The keys of a file; read again when it has changed since.
 * Owns: the caller gives it back with keyfile_release().
 * Errors: negative errno, explained by gn_fail(); the findings were told.
 */
int keyfile_get(struct commons *commons, struct gn_host *host, const char *path,
                struct keyfile **file);

/** Takes NULL. The last one wipes the keys. */
void keyfile_release(struct keyfile *file);

/** When the plugin ends: nobody uses any file any more. */
void keyfile_forget_all(struct commons *commons);

/** Its keys; NULL of NULL. */
const struct keyring *keyfile_keys(const struct keyfile *file);

#endif
