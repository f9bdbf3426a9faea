/* SPDX-License-Identifier: Apache-2.0 */
#include "scale.h"

#include <stddef.h>
#include <string.h>

/* The beginning of their names. A virtio clock says itself that it shows TAI, as type 1. */
static const char *const virtuals[] = {"KVM virtual PTP", "hyperv",           "ena-ptp",
                                       "ptp_vmw",         "ptp_kvm",          "ptp_hyperv",
                                       "ptp_ena",         "Virtio PTP type 0"};

bool scale_is_virtual(const char *name)
{
    for (size_t i = 0; i < sizeof virtuals / sizeof virtuals[0]; i++)
        if (strncmp(name, virtuals[i], strlen(virtuals[i])) == 0)
            return true;
    return false;
}

bool scale_ahead(enum scale scale, double given_s, int32_t tai_offset_s, int64_t *ahead_ns)
{
    *ahead_ns = 0;
    if (scale != SCALE_TAI)
        return true;
    if (given_s > 0)
        *ahead_ns = gn_nanoseconds(given_s);
    else if (tai_offset_s > 0)
        *ahead_ns = tai_offset_s * GN_NS_PER_S;
    return *ahead_ns != 0;
}

const char *scale_rather(enum scale scale, int32_t tai_offset_s, double late_s)
{
    double apart_s = tai_offset_s > 0 ? tai_offset_s : 37;
    double rest_s = scale == SCALE_TAI ? late_s + apart_s : late_s - apart_s;
    if (rest_s > 0.5 || rest_s < -0.5)
        return NULL;
    return scale == SCALE_TAI ? "utc" : "tai";
}
