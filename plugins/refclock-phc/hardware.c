/* SPDX-License-Identifier: Apache-2.0 */
#include "hardware.h"

#include "scale.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* As udev names the clocks of virtual machines, so that they do not change places. */
static const char *const links[] = {"/dev/ptp_kvm", "/dev/ptp_hyperv", "/dev/ptp_ena",
                                    "/dev/ptp_vmw"};

/* Without udev they have numbers only. */
#define NUMBERS 8

/* The kernel's name of the clock at hardware->path; of a link it is the link's. */
static void learn_name(struct hardware *hardware, struct gn_host *host)
{
    struct gn_device *file;
    char path[sizeof hardware->path + 32];
    const char *base = strrchr(hardware->path, '/');
    base = base != NULL ? base + 1 : hardware->path;
    snprintf(hardware->name, sizeof hardware->name, "%.63s",
             strncmp(base, "ptp_", strlen("ptp_")) == 0 ? base : "");
    snprintf(path, sizeof path, "/sys/class/ptp/%s/clock_name", base);
    if (hardware->name[0] != '\0' || gn_device_open(host, path, O_RDONLY, NULL, NULL, &file) < 0)
        return;
    int64_t size = gn_device_read(host, file, hardware->name, sizeof hardware->name - 1);
    hardware->name[size > 0 ? size : 0] = '\0';
    hardware->name[strcspn(hardware->name, "\n")] = '\0';
    gn_device_close(host, file);
}

static int open_path(struct hardware *hardware, struct gn_host *host, const char *path,
                     bool writable, gn_device_cb readable, void *arg)
{
    snprintf(hardware->path, sizeof hardware->path, "%s", path);
    learn_name(hardware, host);
    return gn_device_open(host, path, writable ? O_RDWR : O_RDONLY, readable, arg,
                          &hardware->device);
}

/* A link that exists and cannot be opened is the one meant: its failure is what is told. */
static int find(struct hardware *hardware, struct gn_host *host, bool writable,
                gn_device_cb readable, void *arg)
{
    char path[32];
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        int rc = open_path(hardware, host, links[i], writable, readable, arg);
        if (rc != -ENOENT)
            return rc;
    }
    for (int i = 0; i < NUMBERS; i++) {
        snprintf(path, sizeof path, "/dev/ptp%d", i);
        snprintf(hardware->path, sizeof hardware->path, "%s", path);
        learn_name(hardware, host);
        if (scale_is_virtual(hardware->name))
            return open_path(hardware, host, path, writable, readable, arg);
    }
    return -ENXIO;
}

int hardware_open(struct hardware *hardware, struct gn_host *host, const char *path, bool writable,
                  gn_device_cb readable, void *arg)
{
    hardware->device = NULL;
    return path != NULL ? open_path(hardware, host, path, writable, readable, arg)
                        : find(hardware, host, writable, readable, arg);
}

void hardware_close(struct hardware *hardware, struct gn_host *host)
{
    gn_device_close(host, hardware->device);
    hardware->device = NULL;
}

static const char *remedy(int error)
{
    switch (error) {
    case -ENOENT:
        return "; is the driver of the clock loaded (ptp_kvm, hv_utils, ena, a network card's)?";
    case -EACCES:
    case -EPERM:
        return "; who runs gnomond must be allowed to read it, for `extpps` to write it too";
    case -EBUSY:
        return "; another program holds it";
    case -ENOTTY:
        return "; it is no PTP hardware clock";
    case -ENODEV:
        return "; its card or its driver was taken away";
    case -EINVAL:
    case -EOPNOTSUPP:
        return "; it has no such `channel`, `pin` or `edge`";
    default:
        return "";
    }
}

void hardware_words(const struct hardware *hardware, const char *doing, int error, char *words,
                    size_t size)
{
    if (error == -ENXIO)
        snprintf(words, size,
                 "no clock of a virtual machine is here (/dev/ptp_kvm, ptp_hyperv, ptp_ena); that "
                 "of a network card has to be named (`device`)");
    else if (error == -EBADMSG)
        snprintf(words, size, "%.100s gives readings that make no sense; its driver is at fault",
                 hardware->path);
    else
        snprintf(words, size, "cannot %s %.100s: %.48s%s", doing, hardware->path, strerror(-error),
                 remedy(error));
}
