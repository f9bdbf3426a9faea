/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_RTC_H
#define CTL_RTC_H

/** `gnomonctl rtcdata [SOURCE]` and `gnomonctl rtc write [SOURCE]`: the hardware clock. */

#include <ctl/cli.h>

int rtc_data_run(struct cli *);

/** Orders the writing, and waits until it is read back. */
int rtc_run(struct cli *);

/** What `rtcdata` tells, for people; the labels are chronyc's where it has them. */
void rtc_render(const json_t *data, FILE *);

#endif
