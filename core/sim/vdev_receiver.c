/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev_receiver.h"

#include "vdev_internal.h"

#include <base/memory.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST 4096          /* of what is said of a second */
#define GPS_EPOCH_S 315964800 /* 1980-01-06 */
#define LEAP_S 18             /* GPS − UTC since 2017 */
#define FOR_A_FIX 3           /* satellites */
#define SAWTOOTH_STEP 0.137   /* of a tooth, from pulse to pulse */
#define MOST_GARBAGE 4096

/* What grows: `base` at `since`, and `rate` more each second. */
struct ramp {
    double base_s, rate;
    gn_utc since;
};

struct speaker {
    struct vdev_receiver *receiver;
    struct vdev_burst burst;
    struct world_event speak;
    struct chance chance;
    int64_t second; /* that it speaks about next */
};

struct vdev_receiver {
    struct vdev *vdev;
    vdev_send send;
    double traits[VDEV_TRAITS];
    struct ramp spoofed, later;
    struct speaker speakers[VDEV_BURSTS];
    size_t speaker_count;
    struct world_event litter;
    struct chance garbage;
    gn_utc seen_at; /* the sky, last */
    bool seen;      /* ever */
};

void vdev_traits_init(double traits[VDEV_TRAITS])
{
    for (size_t i = 0; i < VDEV_TRAITS; i++)
        traits[i] = 0;
    traits[VDEV_TRAIT_SATELLITES] = 9;
    traits[VDEV_TRAIT_SIGNAL] = 45;
    traits[VDEV_TRAIT_ACCURACY] = 20e-9;
    traits[VDEV_TRAIT_LEAP_VALID] = 1;
    traits[VDEV_TRAIT_LEAP_ANNOUNCED] = 1;
    traits[VDEV_TRAIT_BAUD] = 9600;
}

static struct world *world_of(const struct vdev_receiver *receiver)
{
    return receiver->vdev->folder->world;
}

static gn_utc now(const struct vdev_receiver *receiver)
{
    return world_now(world_of(receiver));
}

/* ---------------------------------------------------------------- what grows */

static double ramp_s(const struct vdev_receiver *receiver, const struct ramp *ramp)
{
    return ramp->base_s + ramp->rate * gn_seconds(gn_utc_sub(now(receiver), ramp->since));
}

static void ramp_set(struct vdev_receiver *receiver, struct ramp *ramp, double base_s, double rate)
{
    *ramp = (struct ramp){base_s, rate, now(receiver)};
}

/* Whole seconds of what it is spoofed by change the date that it tells, the rest when it tells. */
static double spoofed_whole_s(const struct vdev_receiver *receiver)
{
    return nearbyint(ramp_s(receiver, &receiver->spoofed));
}

static double spoofed_rest_s(const struct vdev_receiver *receiver)
{
    return ramp_s(receiver, &receiver->spoofed) - spoofed_whole_s(receiver);
}

void vdev_receiver_set(struct vdev_receiver *receiver, enum vdev_trait trait, double value)
{
    receiver->traits[trait] = value;
    if (trait == VDEV_TRAIT_SPOOFED)
        ramp_set(receiver, &receiver->spoofed, value, receiver->spoofed.rate);
    if (trait == VDEV_TRAIT_SPOOFED_PPM)
        ramp_set(receiver, &receiver->spoofed, ramp_s(receiver, &receiver->spoofed), value * 1e-6);
    if (trait == VDEV_TRAIT_LATER)
        ramp_set(receiver, &receiver->later, value, receiver->later.rate);
    if (trait == VDEV_TRAIT_LATER_PPM)
        ramp_set(receiver, &receiver->later, ramp_s(receiver, &receiver->later), value * 1e-6);
}

double vdev_receiver_trait(const struct vdev_receiver *receiver, enum vdev_trait trait)
{
    return receiver->traits[trait];
}

/* ---------------------------------------------------------------- what it sees */

static unsigned satellites(const struct vdev_receiver *receiver)
{
    const double *traits = receiver->traits;
    bool sky = receiver->vdev->folder->antenna &&
               (int)traits[VDEV_TRAIT_ANTENNA] == VDEV_ANTENNA_OK &&
               (int)traits[VDEV_TRAIT_JAMMING] != VDEV_JAMMING_CRITICAL;
    return sky ? (unsigned)traits[VDEV_TRAIT_SATELLITES] : 0;
}

bool vdev_receiver_sees(const struct vdev_receiver *receiver)
{
    bool fixed = receiver->traits[VDEV_TRAIT_FIXED] > 0;
    return satellites(receiver) >= (fixed ? 1 : FOR_A_FIX);
}

bool vdev_receiver_coasts(const struct vdev_receiver *receiver)
{
    double blind_s = gn_seconds(gn_utc_sub(now(receiver), receiver->seen_at));
    return !vdev_receiver_sees(receiver) && receiver->seen &&
           blind_s <= receiver->traits[VDEV_TRAIT_COASTS];
}

static enum vdev_fix fix(const struct vdev_receiver *receiver)
{
    if (receiver->traits[VDEV_TRAIT_FIXED] > 0)
        return VDEV_FIX_TIME;
    return satellites(receiver) == FOR_A_FIX ? VDEV_FIX_2D : VDEV_FIX_3D;
}

struct vdev_satellite vdev_satellite(const struct vdev_moment *moment, unsigned number)
{
    bool used = number <= moment->satellites;
    double signal = moment->signal_db_hz - (used ? number % 8 : 20);
    return (struct vdev_satellite){
        .number = number,
        .elevation = 15 + number * 37 % 70,
        .azimuth = number * 67 % 360,
        .signal_db_hz = signal >= 1 ? (unsigned)signal : 0,
        .used = used,
    };
}

/* Its own clock divides into ticks, and a pulse begins with one. */
static double sawtooth_s(const struct vdev_receiver *receiver, int64_t second)
{
    double phase = fmod((double)second * SAWTOOTH_STEP, 1.0);
    return receiver->traits[VDEV_TRAIT_SAWTOOTH] * (phase - 0.5);
}

double vdev_receiver_pulse_late_s(const struct vdev_receiver *receiver, int64_t second)
{
    return sawtooth_s(receiver, second) + spoofed_rest_s(receiver);
}

/* The count of leap seconds, of a true second, and of a leap to come. */
static void count_leaps(const struct vdev_receiver *receiver, gn_utc instant,
                        struct vdev_moment *moment)
{
    int64_t leap_ns, count = LEAP_S;
    int64_t since_ns = gn_utc_sub(instant, world_leap_at(world_of(receiver), &leap_ns));
    bool leaps = leap_ns != 0, past = leaps && since_ns >= 0;
    int change = (int)(-leap_ns / GN_NS_PER_S);
    if (past)
        count += change;
    if (receiver->traits[VDEV_TRAIT_LEAP] > 0)
        count = (int64_t)receiver->traits[VDEV_TRAIT_LEAP];
    else
        moment->inserted = past && leap_ns < 0 && since_ns < -leap_ns;
    moment->utc = (gn_utc){(moment->gps_s + GPS_EPOCH_S - count) * GN_NS_PER_S};
    moment->leap_s = (int)count - moment->inserted;
    moment->leap_valid = receiver->traits[VDEV_TRAIT_LEAP_VALID] > 0;
    if (leaps && !past && receiver->traits[VDEV_TRAIT_LEAP_ANNOUNCED] > 0) {
        moment->change = change;
        moment->change_in_s = -since_ns / GN_NS_PER_S;
    }
}

static void see(struct vdev_receiver *receiver, struct vdev_moment *moment)
{
    const double *traits = receiver->traits;
    bool sees = vdev_receiver_sees(receiver);
    if (sees) {
        receiver->seen = true;
        receiver->seen_at = now(receiver);
    }
    moment->valid = sees || vdev_receiver_coasts(receiver);
    moment->untold = traits[VDEV_TRAIT_COLD] > 0 && !receiver->seen;
    moment->fix = !moment->valid ? VDEV_FIX_NONE : sees ? fix(receiver) : VDEV_FIX_3D;
    moment->satellites = sees ? satellites(receiver) : 0;
    moment->seen = satellites(receiver) > 0 ? satellites(receiver) + 2 : 0;
    moment->signal_db_hz = traits[VDEV_TRAIT_SIGNAL];
}

/* What it believes at a true second; it counts leap seconds as UTC does. */
static struct vdev_moment moment(struct vdev_receiver *receiver, int64_t second)
{
    const double *traits = receiver->traits;
    int64_t wrong_s = (int64_t)(traits[VDEV_TRAIT_OFFSET] + spoofed_whole_s(receiver));
    struct vdev_moment result = {
        .gps_s = second - GPS_EPOCH_S + LEAP_S - wrong_s,
        .pulse_late_s = sawtooth_s(receiver, second + 1),
        .accuracy_s = traits[VDEV_TRAIT_ACCURACY],
        .antenna = (enum vdev_antenna)traits[VDEV_TRAIT_ANTENNA],
        .jamming = (enum vdev_jamming)traits[VDEV_TRAIT_JAMMING],
        .jam_indicator = (unsigned)traits[VDEV_TRAIT_JAM_INDICATOR],
        .spoofing = (enum vdev_spoofing)traits[VDEV_TRAIT_SPOOFING],
    };
    count_leaps(receiver, vdev_instant(second, 0), &result);
    see(receiver, &result);
    return result;
}

/* ---------------------------------------------------------------- what it says */

static void order(struct speaker *speaker)
{
    const struct vdev_receiver *receiver = speaker->receiver;
    double more_s = ramp_s(receiver, &receiver->later) + spoofed_rest_s(receiver);
    int64_t late_ns = vdev_draw_ns(speaker->burst.late, &speaker->chance);
    world_order(world_of(receiver), &speaker->speak,
                vdev_instant(speaker->second, late_ns + gn_nanoseconds(more_s)));
}

static void litter(void *arg)
{
    struct vdev_receiver *receiver = arg;
    size_t count = (size_t)receiver->traits[VDEV_TRAIT_GARBAGE];
    char bytes[MOST_GARBAGE];
    count = count < sizeof bytes ? count : sizeof bytes;
    for (size_t i = 0; i < count; i++)
        bytes[i] = (char)(chance_bits(&receiver->garbage) >> 56);
    receiver->send(receiver->vdev, bytes, count);
}

/* Noise comes once a second, at any time of it. */
static void order_litter(struct vdev_receiver *receiver)
{
    if (receiver->traits[VDEV_TRAIT_GARBAGE] > 0)
        world_order_in(world_of(receiver), &receiver->litter,
                       gn_nanoseconds(chance_uniform(&receiver->garbage)));
}

static void speak(void *arg)
{
    struct speaker *speaker = arg;
    struct vdev_receiver *receiver = speaker->receiver;
    const struct vdev_burst *burst = &speaker->burst;
    struct vdev_moment told = moment(receiver, speaker->second);
    char bytes[LONGEST];
    if (burst->text != NULL && receiver->traits[VDEV_TRAIT_SILENT] <= 0 &&
        speaker->second % burst->every == 0)
        receiver->send(receiver->vdev, bytes, burst->text(burst->arg, &told, bytes, sizeof bytes));
    if (speaker == receiver->speakers)
        order_litter(receiver);
    speaker->second++;
    order(speaker);
}

static void add_speaker(struct vdev_receiver *receiver, const struct vdev_burst *burst)
{
    size_t index = receiver->speaker_count++;
    struct speaker *speaker = &receiver->speakers[index];
    char kind[32] = "tty";
    if (index > 0)
        snprintf(kind, sizeof kind, "tty%zu", index);
    *speaker = (struct speaker){.receiver = receiver, .burst = *burst};
    if (speaker->burst.every == 0)
        speaker->burst.every = 1;
    speaker->speak = (struct world_event){.happen = speak, .arg = speaker};
    vdev_chance(receiver->vdev, kind, &speaker->chance);
    speaker->second = vdev_second(receiver->vdev) + 1;
    order(speaker);
}

struct vdev_receiver *
vdev_receiver_create(struct vdev *vdev, const struct vdev_receiver_config *config, vdev_send send)
{
    struct vdev_receiver *receiver = memory_zeroed(sizeof *receiver);
    receiver->vdev = vdev;
    receiver->send = send;
    for (int i = 0; i < VDEV_TRAITS; i++)
        vdev_receiver_set(receiver, (enum vdev_trait)i, config->traits[i]);
    receiver->litter = (struct world_event){.happen = litter, .arg = receiver};
    vdev_chance(vdev, "litter", &receiver->garbage);
    for (size_t i = 0; i < config->burst_count; i++)
        add_speaker(receiver, &config->bursts[i]);
    return receiver;
}

void vdev_receiver_destroy(struct vdev_receiver *receiver)
{
    if (receiver == NULL)
        return;
    world_cancel(world_of(receiver), &receiver->litter);
    for (size_t i = 0; i < receiver->speaker_count; i++) {
        world_cancel(world_of(receiver), &receiver->speakers[i].speak);
        free(receiver->speakers[i].burst.arg);
    }
    free(receiver);
}
