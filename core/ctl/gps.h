/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_GPS_H
#define CTL_GPS_H

/** `gnomonctl gps [SOURCE]`: what the satellite receivers say, and what to do where one is in
 * trouble. */

#include <ctl/cli.h>

int gps_run(struct cli *);

/** What `gps` tells, an array with one object for each receiver, for people. A key that is missing
 * or null shows as "-", or not at all. */
void gps_render(const json_t *receivers, FILE *);

#endif
