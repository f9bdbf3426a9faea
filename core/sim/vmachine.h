/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VMACHINE_H
#define SIM_VMACHINE_H

/** The small parts of a virtual machine: state files in memory, chance from the seed. */

#include <os/os.h>
#include <stdint.h>

/** Files that live as long as the store. Errors: NULL out of memory. */
struct os_store *vstore_create(void);
void vstore_destroy(struct os_store *); /* takes NULL */

/** From now on every write gives -EROFS, or no more. */
void vstore_refuse(struct os_store *, bool refuse);

/** "Unpredictable" bytes that follow from seed and node. Errors: NULL out of memory. */
struct os_entropy *ventropy_create(uint64_t seed, const char *name);
void ventropy_destroy(struct os_entropy *); /* takes NULL */

#endif
