/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNER_H
#define SIGNER_H

/**
 * Glue: replies on their way through Samba's signing socket, one at a time, some more waiting.
 *
 * Samba that is away, silent or talks nonsense costs the replies that wait, and is asked anew with
 * the next; it never holds up anything else.
 */

#include "signd.h"
#include <gnomon/host.h>

/** So many replies may wait, the one that is being signed among them. */
#define SIGNER_QUEUE 16
/** Samba takes no longer for one. */
#define SIGNER_TIMEOUT_NS GN_NS_PER_S

/** Bytes of the folder's path, at most. */
#define SIGNER_FOLDER_MAX 100

struct signer;

/** A signed reply, to be sent as it is. */
typedef void (*signer_cb)(void *arg, const uint8_t *packet, const struct gn_packet *to);

/** `folder`: where Samba's socket lies. Errors: -ENAMETOOLONG, -ENOMEM, the timer's. */
int signer_open(struct gn_host *host, const char *folder, signer_cb done, struct signer **signer);
void signer_close(struct signer *signer); /* takes NULL */

/** How long signing takes, lately: so much later a reply leaves than it is stamped. Units: ns. */
int64_t signer_delay_ns(const struct signer *signer);

/** Have a stamped reply signed; `request` says where it goes, `arg` goes with it. */
void signer_sign(struct signer *signer, const uint8_t key[SIGND_KEY_SIZE], const uint8_t *header,
                 const struct gn_packet *request, void *arg);

/** For the log: signed, refused by Samba, lost on the way. */
void signer_report(const struct signer *signer);

#endif
