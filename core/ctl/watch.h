/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_WATCH_H
#define CTL_WATCH_H

#include <ctl/cli.h>

/**
 * `watch`: tracking and sources, once a second until SIGINT or SIGTERM. A terminal is repainted and
 * outlives a restart of the daemon; elsewhere one block follows the other (with --json: one
 * object a line) and a daemon that goes away ends it.
 */
int watch_run(struct cli *);

#endif
