/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_CONFIG_SOURCE_H
#define HOST_CONFIG_SOURCE_H

/** The keys common to all sources. They stand beside the plugin's own in an entry of `sources`. */

#include <host/config.h>
#include <host/options.h>

/** Their table; it fills a struct config_source. */
struct option_table config_source_table(void);

/** Keys beyond it that config_source_check() answers; NULL ends the list, as it does any `others`.
 */
#define CONFIG_SOURCE_FOREIGN "polltarget", "asymmetry", "minsamples", "maxsamples"

/** Check what the table cannot say: minpoll ≤ maxpoll, the length of refid, keys of
 * others that mean nothing here. */
void config_source_check(const struct options *, const config_setting_t *entry,
                         struct config_source *);

#endif
