/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_HUMAN_H
#define CTL_HUMAN_H

/** Numbers and words as people read them; the short forms are those of chronyc. */

#include <stddef.h>
#include <stdio.h>

/** Room for any of the short forms. */
#define HUMAN_MAX 24

/** "12us", "340ms", "1.5s"; "-" if it is not a number. Returns `text`. */
const char *human_interval(double interval_s, char text[HUMAN_MAX]);

/** The same with its sign: "+12us". */
const char *human_signed(double interval_s, char text[HUMAN_MAX]);

/** An age: "23", "17m", "4h", "12d"; "-" if it is not a number. */
const char *human_age(double age_s, char text[HUMAN_MAX]);

/** Print words that came from elsewhere: control characters, which terminals obey, become '?'. */
void human_put(FILE *, const char *words);

#endif
