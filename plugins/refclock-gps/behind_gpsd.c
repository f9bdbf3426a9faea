/* SPDX-License-Identifier: Apache-2.0 */

/* A receiver that gpsd has. */

#include "gps.h"

#include <string.h>

int gps_check_gpsd(struct gn_host *host, const struct gps_config *config)
{
    char name[256];
    uint16_t port;
    if (config->gpsd[0] == '\0')
        return 0;
    if (!gpsd_available())
        return gn_fail(host, -ENOTSUP,
                       "gpsd: this build was made without jansson, and cannot read what gpsd says");
    if (gpsd_place(config->gpsd, name, sizeof name, &port) < 0)
        return gn_fail(host, -EINVAL, "gpsd: \"%.128s\" is not like localhost:2947 or [::1]:2947",
                       config->gpsd);
    if (config->replay != NULL)
        return gn_fail(host, -EINVAL, "gpsd and replay: only one of them can be heard");
    if (strcmp(config->pps, "dcd") == 0)
        return gn_fail(host, -EINVAL, "pps: with gpsd the line and its pins are gpsd's");
    return 0;
}

static void on_message(void *arg, const struct gps_message *message, gn_local at)
{
    struct gps *self = arg;
    bool report = message->kind >= GPSD_TPV && message->kind <= GPSD_TOFF;
    bool greeting =
        message->kind == GPSD_VERSION && gpsd_link_gpsd(self->gpsd)->state == GPSD_SPEAKS;
    if (report || greeting)
        self->absent = false;
    if (greeting)
        self->listened = at;
    if (report) /* else it is of gpsd itself */
        gps_take(self, message, at);
}

static void on_trouble(void *arg, enum gn_reason reason, const char *words)
{
    struct gps *self = arg;
    self->absent = true;
    gps_trouble(self, GPS_STATE_NO_DEVICE, reason, "%.64s: %s", self->config->gpsd, words);
}

static const struct gpsd_link_events gpsd_events = {on_message, on_trouble};

int gps_open_gpsd(struct gps *self)
{
    const char *device = self->config->device;
    if (self->config->gpsd[0] == '\0')
        return 0;
    return gpsd_link_open(self->host, self->config->gpsd,
                          strcmp(device, GPS_PRESET_DEVICE) == 0 ? "" : device, &gpsd_events, self,
                          &self->gpsd);
}
