/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_WAITSYNC_H
#define CTL_WAITSYNC_H

#include <ctl/cli.h>

/**
 * `waitsync [TRIES [MAX_ERROR_S [INTERVAL_S]]]`: wait until the daemon is synchronised, and its
 * error bound at most MAX_ERROR_S (0: any). TRIES 0 is for ever, but not for a daemon that is not
 * there: within TRIES or --timeout it may still come.
 */
int waitsync_run(struct cli *);

#endif
