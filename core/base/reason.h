/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_REASON_H
#define BASE_REASON_H

/** The words for `enum gn_reason`: a code for machines and a sentence for people. */

#include <gnomon/state.h>

/** The word that stands in reports: "no-reply", "ok"; "unknown" for what this build does not know.
 */
const char *reason_code(enum gn_reason);

/** One plain sentence, lower case and without a full stop. */
const char *reason_text(enum gn_reason);

/** Read a code. Returns false if there is no such reason. */
bool reason_parse(const char *code, enum gn_reason *);

#endif
