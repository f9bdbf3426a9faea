/* SPDX-License-Identifier: Apache-2.0 */
#include <base/memory.h>
#include <errno.h>
#include <fcntl.h>
#include <host/hardware.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Readings of a card's clock are made when a stamp is to be brought over: when the last is so old,
 * … */
#define INTERVAL_NS GN_NS_PER_S
/* … or sooner while the map is not good yet, as at the start. */
#define SOON_NS (20 * INT64_C(1000000))
#define GOOD_S 1e-6
#define READINGS 10

/* So far behind the wire the kernel may be. */
#define LATE_NS (100 * INT64_C(1000000))

/* Both stamps and the map have errors. */
#define SLACK_NS 5000

/* A map that errs more tells nothing that the kernel's stamp does not. */
#define ERROR_MOST_S 5e-6

/* The speed of a link may change. */
#define LINK_NS (60 * GN_NS_PER_S)

/* The check sequence that ends a frame, which the kernel does not count. */
#define CHECK_BYTES 4

__attribute__((format(printf, 3, 4))) static void say(struct hardware *hardware,
                                                      enum gn_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    logger_vlog(hardware->logger, level, NULL, format, args);
    va_end(args);
}

/* ---------------------------------------------------------------- a card's clock */

static int control(void *arg, unsigned long request, void *data)
{
    struct hardware *hardware = ((void **)arg)[0];
    struct hardware_card *card = ((void **)arg)[1];
    return hardware->os->devices->ops->ioctl(card->device, request, data);
}

static void tell_once(struct hardware *hardware, struct hardware_card *card, const char *what)
{
    if (card->told)
        return;
    card->told = true;
    say(hardware, GN_WARNING, "hardware stamps of %s are not used: %s; the kernel's are",
        card->about.name, what);
}

static void look(struct hardware *hardware, struct hardware_card *card, gn_local now)
{
    void *both[2] = {hardware, card};
    char words[128];
    struct phc_reading reading;
    gn_local when;
    double step_s;
    card->looked = now;
    int rc = phc_read(&card->phc, control, both, READINGS, &reading);
    if (rc < 0) {
        snprintf(words, sizeof words, "cannot read /dev/ptp%d: %s", card->about.phc, strerror(-rc));
        tell_once(hardware, card, words);
        return;
    }
    /* Beside a step of the system clock: the next one will do. */
    if (!timekeeper_from_system(hardware->keeper, (gn_system){reading.system.ns}, &when))
        return;
    if (phc_map_add(&card->map, reading.phc_ns, when, gn_seconds(reading.error_ns), &step_s) ==
        PHC_MAP_STEPPED)
        say(hardware, GN_DEBUG, "the clock of %s was set, by %+.9f s", card->about.name, -step_s);
}

static bool tells(const struct hardware_card *card, int64_t ns, double most_s, gn_local *when)
{
    double error_s;
    return phc_map_local(&card->map, ns, when, &error_s) && error_s <= most_s;
}

/* A map that is old, or doubts its last reading, is helped by another one. */
static void refresh(struct hardware *hardware, struct hardware_card *card, int64_t ns)
{
    gn_local when, now = timekeeper_now(hardware->keeper);
    int64_t age_ns = gn_local_sub(now, card->looked);
    bool due = card->looked.ns == 0 || age_ns >= INTERVAL_NS ||
               (age_ns >= SOON_NS && !tells(card, ns, GOOD_S, &when));
    if (due)
        look(hardware, card, now);
    if (due && card->map.doubting)
        look(hardware, card, now);
    if (hardware->os->net->ops->card_mbps != NULL &&
        gn_local_sub(now, card->measured_link) >= LINK_NS) {
        card->measured_link = now;
        card->about.mbps = hardware->os->net->ops->card_mbps(hardware->os->net, card->about.name);
    }
}

/* ---------------------------------------------------------------- stamps */

static struct hardware_card *find(struct hardware *hardware, uint32_t interface)
{
    for (size_t i = 0; i < hardware->count; i++)
        if (hardware->cards[i].about.interface == interface)
            return &hardware->cards[i];
    /* Through a bond or a bridge the kernel may not tell which; of one there is no doubt. */
    return hardware->count == 1 && interface == 0 ? &hardware->cards[0] : NULL;
}

static struct hardware_card *bring_over(struct hardware *hardware, const struct os_hardware *stamp,
                                        gn_local *when)
{
    struct hardware_card *card = stamp->ns != 0 ? find(hardware, stamp->interface) : NULL;
    if (card == NULL || card->device == NULL)
        return NULL;
    refresh(hardware, card, stamp->ns);
    return tells(card, stamp->ns, ERROR_MOST_S, when) ? card : NULL;
}

static bool judge(struct hardware *hardware, struct hardware_card *card, int64_t behind_ns)
{
    bool good = behind_ns >= -SLACK_NS && behind_ns <= LATE_NS;
    char words[96];
    if (good) {
        card->used++;
        return true;
    }
    card->refused++;
    snprintf(words, sizeof words, "one is %.9f s from the kernel's", gn_seconds(-behind_ns));
    tell_once(hardware, card, words);
    return false;
}

/* The frame's time on the wire. */
static int64_t length_ns(const struct hardware_card *card, uint32_t size)
{
    if (card->about.mbps == 0 || size == 0)
        return 0;
    return ((int64_t)size + CHECK_BYTES) * 8 * 1000 / card->about.mbps;
}

bool hardware_received(struct hardware *hardware, const struct os_hardware *stamp, gn_local kernel,
                       gn_local *when)
{
    gn_local wire;
    struct hardware_card *card = bring_over(hardware, stamp, &wire);
    if (card == NULL)
        return false;
    wire = gn_local_add(wire,
                        length_ns(card, stamp->size) - gn_nanoseconds(hardware->config->rx_comp_s));
    if (!judge(hardware, card, gn_local_sub(kernel, wire)))
        return false;
    *when = wire;
    return true;
}

bool hardware_sent(struct hardware *hardware, const struct os_hardware *stamp, gn_local *when)
{
    gn_local wire;
    struct hardware_card *card = bring_over(hardware, stamp, &wire);
    if (card == NULL)
        return false;
    wire = gn_local_add(wire, gn_nanoseconds(hardware->config->tx_comp_s));
    if (!judge(hardware, card, gn_local_sub(timekeeper_now(hardware->keeper), wire)))
        return false;
    *when = wire;
    return true;
}

/* ---------------------------------------------------------------- life */

static void found(void *arg, const struct os_card *about)
{
    struct hardware *hardware = arg;
    char path[32];
    for (size_t i = 0; i < hardware->count; i++)
        if (hardware->cards[i].about.interface == about->interface)
            return;
    if (hardware->count == HARDWARE_CARDS)
        return;
    if (hardware->cards == NULL)
        hardware->cards = memory_zeroed(HARDWARE_CARDS * sizeof *hardware->cards);
    struct hardware_card *card = &hardware->cards[hardware->count++];
    *card = (struct hardware_card){.about = *about};
    phc_map_init(&card->map);
    card->measured_link = timekeeper_now(hardware->keeper);
    snprintf(path, sizeof path, "/dev/ptp%d", about->phc);
    int rc = hardware->os->devices->ops->open(hardware->os->devices, path, O_RDONLY, NULL, NULL,
                                              &card->device);
    if (rc < 0) {
        card->device = NULL;
        card->told = true;
        say(hardware, GN_WARNING, "network.hwtimestamp: cannot open %s, the clock of %s: %s", path,
            about->name, strerror(-rc));
        return;
    }
    say(hardware, GN_INFO, "%s stamps what it %s, by %s", about->name,
        about->receives && about->sends ? "receives and sends"
        : about->receives               ? "receives"
                                        : "sends",
        path);
}

static const char *remedy(int error)
{
    switch (error) {
    case -ENODEV:
        return "; there is no such interface";
    case -EPERM:
        return "; it needs CAP_NET_ADMIN, or somebody else who switches it on (hwstamp_ctl, ptp4l)";
    case -EOPNOTSUPP:
        return "; it has no hardware for it";
    default:
        return "";
    }
}

void hardware_open(struct hardware *hardware, struct os *os, struct timekeeper *keeper,
                   struct logger *logger, const struct config_network *config)
{
    *hardware = (struct hardware){.os = os, .keeper = keeper, .logger = logger, .config = config};
    for (size_t i = 0; i < config->hwtimestamp.count; i++) {
        const char *name = config->hwtimestamp.items[i];
        int rc = os->net->ops->cards == NULL
                     ? -EOPNOTSUPP
                     : os->net->ops->cards(os->net, name, (enum os_card_filter)config->rx_filter,
                                           found, hardware);
        if (rc < 0)
            say(hardware, GN_WARNING,
                "network.hwtimestamp: %s: %s%s; packets keep the kernel's stamps", name,
                strerror(-rc), remedy(rc));
    }
}

void hardware_close(struct hardware *hardware)
{
    for (size_t i = 0; i < hardware->count; i++)
        hardware->os->devices->ops->close(hardware->cards[i].device);
    free(hardware->cards);
    hardware->cards = NULL;
    hardware->count = 0;
}
