/* SPDX-License-Identifier: Apache-2.0 */
#include "gather.h"

bool gather_add(struct gather *gather, unsigned size, struct gn_sample *sample)
{
    if (gather->count == 0 || sample->delay_s < gather->fastest.delay_s)
        gather->fastest = *sample;
    gather->count++;
    if (gather->count < size)
        return false;
    *sample = gather->fastest;
    gather->count = 0;
    return true;
}
