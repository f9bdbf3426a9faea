/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_PPS_TELLER_H
#define REFCLOCK_PPS_TELLER_H

/**
 * Who tells which second a pulse marks: another source, or the machine's own estimate. For all
 * plugins with pulses.
 */

#include "pulse.h"

#include <gnomon/host.h>

#define TELLER_WORDS 160

enum teller_verdict {
    TELLER_NUMBERED,
    TELLER_SILENT,    /* nobody can say it; `words` why */
    TELLER_AMBIGUOUS, /* about half way between two seconds; likewise */
    TELLER_CONTRARY,  /* another second than the pulses before; believed when it stays so */
};

/** A numbered pulse. */
struct teller_second {
    gn_local local;
    gn_utc utc;
    uint8_t leap; /* enum gn_leap */
};

/** Number the pulse that the system clock stamped. `lock`: the source to ask; NULL: the estimate.
 */
enum teller_verdict teller_number(struct gn_host *, const char *lock, struct pulse *, gn_utc system,
                                  struct teller_second *, char words[TELLER_WORDS]);

#endif
