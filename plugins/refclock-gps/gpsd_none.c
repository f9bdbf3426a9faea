/* SPDX-License-Identifier: Apache-2.0 */
/* Of a build without jansson: nobody reads what gpsd says. */
#include "gpsd.h"

#include <string.h>

bool gpsd_available(void)
{
    return false;
}

void gpsd_init(struct gpsd *gpsd, const char *device)
{
    memset(gpsd, 0, sizeof *gpsd);
    gpsd->wanted = device;
}

void gpsd_renew(struct gpsd *gpsd)
{
    gpsd->state = GPSD_UNKNOWN;
}

void gpsd_feed(struct gpsd *gpsd, const void *bytes, size_t size, gpsd_cb callback, void *arg)
{
    (void)gpsd, (void)bytes, (void)size, (void)callback, (void)arg;
}
