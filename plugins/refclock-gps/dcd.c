/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pulses on the carrier pin of the receiver's own line.
 *
 * The kernel stamps them where its line discipline for that (N_PPS, module pps_ldisc) can be set:
 * then they come by a PPS device of its own. Else the pin is looked at, which never waits, and is
 * as exact as timers are: about a millisecond. TIOCMIWAIT would be little better, and blocks.
 */

#include "gps.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tty.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* Devices that are looked through. */
#define PPS_MOST 16

/* A line that is no longer there is looked after again so much later. */
#define REST_NS GN_NS_PER_S

/* From the edge until the driver knows of it: USB asks once a millisecond. */
#define DRIVER_S 1e-3

/* The first line of a file of /sys. Returns false: there is none. */
static bool read_line(struct gps *self, const char *path, const char *key, char *line, size_t size)
{
    struct gn_device *file;
    char text[512];
    if (gn_device_open(self->host, path, O_RDONLY, NULL, self, &file) < 0)
        return false;
    int64_t n = gn_device_read(self->host, file, text, sizeof text - 1);
    gn_device_close(self->host, file);
    text[n > 0 ? n : 0] = '\0';
    const char *found = strstr(text, key);
    if (found == NULL || found[strlen(key)] == '\0')
        return false;
    found += strlen(key);
    snprintf(line, size, "%.*s", (int)strcspn(found, "\n"), found);
    return true;
}

/* The path of the PPS device that the kernel has made of the line; "" none. */
static void find_device(struct gps *self, char *path, size_t size)
{
    unsigned number = 0;
    char file[64], name[64], line[80], of[80];
    path[0] = '\0';
    if (gn_device_ioctl(self->host, self->line.device, TIOCGDEV, &number) < 0)
        return;
    snprintf(file, sizeof file, "/sys/dev/char/%u:%u/uevent", number >> 8 & 0xfff,
             (number & 0xff) | (number >> 12 & 0xfff00));
    if (!read_line(self, file, "DEVNAME=", name, sizeof name))
        return;
    snprintf(line, sizeof line, "/dev/%s", name);
    for (int i = 0; i < PPS_MOST && path[0] == '\0'; i++) {
        snprintf(file, sizeof file, "/sys/class/pps/pps%d/path", i);
        if (read_line(self, file, "", of, sizeof of) && strcmp(of, line) == 0)
            snprintf(path, size, "/dev/pps%d", i);
    }
}

/* Have the kernel stamp the pin. Returns false: it does not. */
static bool attach(struct gps *self, char *path, size_t size)
{
    int discipline = N_PPS;
    if (gn_device_ioctl(self->host, self->line.device, TIOCSETD, &discipline) < 0)
        return false;
    find_device(self, path, size);
    return path[0] != '\0';
}

void gps_dcd_begin(struct gps *self)
{
    struct pulses *pulses = &self->pulses;
    if (pulses->line_opened.ns == self->line.opened.ns) /* only its speed is another */
        return;
    pulses->line_opened = self->line.opened;
    pps_close(&pulses->pps);
    pulses->by_kernel = attach(self, pulses->path, sizeof pulses->path);
    carrier_init(&pulses->carrier, (enum pulse_edge)self->config->edge);
    if (pulses->by_kernel)
        gps_pulses_follow(self, pulses->path);
    gn_log(self->host, GN_INFO,
           pulses->by_kernel ? "%s: the kernel stamps its carrier pin, as %s"
                             : "%s: its carrier pin is looked at by timers, to a millisecond%s",
           self->config->device,
           pulses->by_kernel ? pulses->path
                             : "; with the module pps_ldisc and the right to use it, the kernel "
                               "would stamp it");
}

/* Looks at the pin. Returns nanoseconds until the next look. */
int64_t gps_dcd_look(struct gps *self)
{
    struct carrier *carrier = &self->pulses.carrier;
    int lines = 0;
    gn_local at;
    double half_s;
    if (self->line.device == NULL)
        return REST_NS;
    int rc = gn_device_ioctl(self->host, self->line.device, TIOCMGET, &lines);
    gn_local now = gn_now(self->host);
    if (rc < 0) {
        gps_pulses_say(self, "%.64s has no carrier pin for a pulse (dcd): %.40s",
                       self->config->device, strerror(-rc));
        return 5 * REST_NS;
    }
    if (carrier_look(carrier, now, (lines & TIOCM_CAR) != 0, &at, &half_s))
        gps_take_pulse(self, at, half_s + DRIVER_S);
    if (carrier_silent(carrier))
        gps_pulses_say(self, "%.64s: no pulses on its carrier pin; is it wired?",
                       self->config->device);
    else if (carrier->due)
        gps_pulses_say(self, "%s", "");
    return carrier_next(carrier, now);
}
