/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VDEV_RECEIVER_H
#define SIM_VDEV_RECEIVER_H

/**
 * A satellite receiver: what it sees and believes, what is wrong with it, and when it says what.
 *
 * Signs are those of sample.h: an offset of +1 s is that of a receiver who believes it to be a
 * second earlier than it is.
 */

#include <os/os.h>
#include <sim/chance.h>
#include <sim/law.h>

/** What can be wrong with a receiver, and may change while it runs. Flags are 0 or 1. */
enum vdev_trait {
    VDEV_TRAIT_ANTENNA,        /* enum vdev_antenna */
    VDEV_TRAIT_JAMMING,        /* enum vdev_jamming */
    VDEV_TRAIT_JAM_INDICATOR,  /* 0 … 255 */
    VDEV_TRAIT_SATELLITES,     /* in use, where the sky is seen */
    VDEV_TRAIT_SIGNAL,         /* of the best of them, dB-Hz */
    VDEV_TRAIT_FIXED,          /* flag: it knows its position: one satellite is enough */
    VDEV_TRAIT_COASTS,         /* without sky it claims a fix for so long, s */
    VDEV_TRAIT_COLD,           /* flag: before its first fix it tells no time */
    VDEV_TRAIT_ACCURACY,       /* that it claims, s */
    VDEV_TRAIT_OFFSET,         /* UTC − what it believes; whole seconds */
    VDEV_TRAIT_SPOOFED,        /* its messages and pulses are late by this, s, … */
    VDEV_TRAIT_SPOOFED_PPM,    /* … and more and more */
    VDEV_TRAIT_SPOOFING,       /* enum vdev_spoofing, what it says of it */
    VDEV_TRAIT_LEAP,           /* GPS − UTC that it believes, s; 0: the right one */
    VDEV_TRAIT_LEAP_VALID,     /* flag: it has heard that from the sky */
    VDEV_TRAIT_LEAP_ANNOUNCED, /* flag: it announces a planned leap second */
    VDEV_TRAIT_SAWTOOTH,       /* peak to peak, of the pulses, s */
    VDEV_TRAIT_SILENT,         /* flag: it says nothing */
    VDEV_TRAIT_LATER,          /* messages come so much later than their law says, s, … */
    VDEV_TRAIT_LATER_PPM,      /* … and later and later */
    VDEV_TRAIT_BAUD,           /* of the line, 8N1 */
    VDEV_TRAIT_GARBAGE,        /* bytes of noise a second */
    VDEV_TRAIT_DAMAGE,         /* share of the bytes that arrive as others */
    VDEV_TRAIT_STOLEN,         /* share of what arrives that another program reads away */
    VDEV_TRAITS
};

enum vdev_antenna {
    VDEV_ANTENNA_OK,
    VDEV_ANTENNA_LOST, /* no sky; what measures the antenna's current is content */
    VDEV_ANTENNA_OPEN,
    VDEV_ANTENNA_SHORT
};

enum vdev_jamming {
    VDEV_JAMMING_NONE,
    VDEV_JAMMING_WARNING,
    VDEV_JAMMING_CRITICAL /* no fix */
};

enum vdev_spoofing { VDEV_SPOOFING_NONE, VDEV_SPOOFING_INDICATED };

enum vdev_fix { VDEV_FIX_NONE, VDEV_FIX_2D = 2, VDEV_FIX_3D = 3, VDEV_FIX_TIME = 5 };

/** A second, as a receiver sees it. */
struct vdev_moment {
    gn_utc utc;    /* whole seconds; of an inserted second that of the one before */
    bool inserted; /* 23:59:60 */
    bool valid;    /* it vouches for that */
    bool untold;   /* it knows no time yet */
    enum vdev_fix fix;
    int64_t gps_s; /* GPS time, since 1980-01-06 */
    int leap_s;    /* GPS − UTC as it believes, of this second */
    bool leap_valid;
    int change;          /* +1, −1: of leap_s, announced */
    int64_t change_in_s; /* until it */
    double pulse_late_s; /* the next pulse comes so late, and it knows that */
    double accuracy_s;
    unsigned satellites; /* in use */
    unsigned seen;
    double signal_db_hz; /* of the best */
    enum vdev_antenna antenna;
    enum vdev_jamming jamming;
    unsigned jam_indicator;
    enum vdev_spoofing spoofing;
};

/** A satellite of GPS that it sees; numbers from 1 on. The first ones are in use and strong. */
struct vdev_satellite {
    unsigned number, elevation, azimuth; /* degrees */
    unsigned signal_db_hz;               /* 0: too weak */
    bool used;
};

struct vdev_satellite vdev_satellite(const struct vdev_moment *, unsigned number);

/** What a receiver says about a second: writes bytes of text, returns how many. */
typedef size_t (*vdev_text)(const void *arg, const struct vdev_moment *, char *text, size_t size);

/** Some messages, one behind the other. */
struct vdev_burst {
    vdev_text text;         /* NULL: it says nothing */
    void *arg;              /* of `text`; taken over, to be freed at the end */
    const struct law *late; /* of the first byte after the second, s; lent; NULL: none */
    unsigned every;         /* so many seconds; 0: 1 */
};

#define VDEV_BURSTS 6

struct vdev_receiver_config {
    double traits[VDEV_TRAITS];
    struct vdev_burst bursts[VDEV_BURSTS];
    size_t burst_count;
};

struct vdev;
struct vdev_receiver;

/** Where what a receiver says goes. */
typedef void (*vdev_send)(struct vdev *, const char *bytes, size_t count);

/** Traits of a receiver that is well: nine satellites, 9600 baud. */
void vdev_traits_init(double traits[VDEV_TRAITS]);

/** A receiver behind a device; it speaks from the next second on. Takes over the bursts' `arg`. */
struct vdev_receiver *vdev_receiver_create(struct vdev *, const struct vdev_receiver_config *,
                                           vdev_send);
void vdev_receiver_destroy(struct vdev_receiver *); /* takes NULL */

/** Change a trait from now on. What ramps goes on from where it is. */
void vdev_receiver_set(struct vdev_receiver *, enum vdev_trait, double value);
double vdev_receiver_trait(const struct vdev_receiver *, enum vdev_trait);

/** Whether it sees enough of the sky. */
bool vdev_receiver_sees(const struct vdev_receiver *);

/** Whether it sees the sky no more and claims a fix all the same. */
bool vdev_receiver_coasts(const struct vdev_receiver *);

/** How late the pulse of a true second is, s, beside all delays: sawtooth, and who spoofs it. */
double vdev_receiver_pulse_late_s(const struct vdev_receiver *, int64_t second);

#endif
