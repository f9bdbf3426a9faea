/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_CONFIG_SYNTAX_H
#define HOST_CONFIG_SYNTAX_H

/**
 * The grammar of libconfig, checked to say what is wrong where libconfig says "syntax error".
 * What passes here is still parsed by libconfig, whose word is the last.
 */

#include <host/config_tokens.h>

/** Check a whole file. Errors: false, with the first error as finding. */
bool config_syntax_check(const struct config_tokens *, struct diagnostics *);

#endif
