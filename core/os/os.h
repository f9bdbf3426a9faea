/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_OS_H
#define OS_OS_H

/**
 * Everything a daemon may ask of the machine. Two implementations exist: this folder's, on libuv
 * and Linux, and the simulator's, under virtual time. Neither the pipeline nor a plugin ever
 * learns which.
 *
 * Each interface is a table of functions at the head of its implementation's struct (embedded
 * first). Everything is called on the loop's thread, and calls back on it, never from within a
 * call. Errors: 0 or a negative errno.
 */

#include <base/scales.h>
#include <gnomon/host.h>
#include <gnomon/state.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---------------------------------------------------------------- loop: turns and timers */

struct os_loop;
struct os_timer;

typedef void (*os_cb)(void *arg);

struct os_loop_ops {
    int (*timer_open)(struct os_loop *, os_cb, void *arg, struct os_timer **);
    int (*timer_start)(struct os_timer *, int64_t delay_ns); /* once; 0: next turn */
    void (*timer_stop)(struct os_timer *);
    void (*timer_close)(struct os_timer *); /* takes NULL; memory goes when the loop has let go */
    void (*turn_end)(struct os_loop *, os_cb,
                     void *arg); /* called once at the end of every turn that did
                                    something; one client; NULL takes it back */
    int (*signal)(struct os_loop *, int signum, void (*)(void *arg, int signum),
                  void *arg);     /* -ENOTSUP in sim */
    int (*run)(struct os_loop *); /* until stop() */
    void (*stop)(struct os_loop *);
};

struct os_loop {
    const struct os_loop_ops *ops;
};

/* ---------------------------------------------------------------- net: datagrams, streams, names
 */

struct os_net;
struct os_datagram;
struct os_listener;
struct os_stream;

/** What a network card stamped a packet with. Its clock is nobody's but its own. */
struct os_hardware {
    int64_t ns;         /* by the card's clock, since 1970; 0: no stamp */
    uint32_t interface; /* the card; 0 unknown */
    uint32_t
        size; /* of the frame, as the kernel counts it: without its check sequence; 0 unknown */
};

/** Which packets a card is to stamp as they come in. */
enum os_card_filter {
    OS_CARD_AUTO, /* NTP's where it can tell them, else all */
    OS_CARD_ALL,
    OS_CARD_NTP,
    OS_CARD_PTP,
    OS_CARD_NONE,
};

/** A network card that stamps packets by a clock of its own. */
struct os_card {
    char name[16];
    uint32_t interface;
    int phc;              /* /dev/ptpN */
    uint32_t mbps;        /* of its link; 0 unknown */
    bool receives, sends; /* it stamps what comes in, what goes out */
};

/** A received datagram; as gn_packet, but stamped by the system clock. */
struct os_packet {
    const void *data;
    size_t size;
    struct gn_address remote, local;
    uint32_t interface;
    gn_system when;
    enum gn_stamp stamp;
    struct os_hardware hardware; /* beside it */
};

struct os_datagram_events {
    void (*receive)(void *arg, const struct os_packet *, size_t count);
    void (*sent)(void *arg, uint64_t tag, gn_system when, enum gn_stamp);
    void (*error)(void *arg, int error);
    /** The same send as of `sent`, by the card: earlier, later or never. Optional. */
    void (*sent_hardware)(void *arg, uint64_t tag, const struct os_hardware *);
};

struct os_stream_events {
    void (*readable)(void *arg, const void *data,
                     size_t size);        /* size 0: the other side has closed */
    void (*closed)(void *arg, int error); /* the stream failed; close it */
};

struct os_net_ops {
    int (*datagram_open)(struct os_net *, const struct gn_datagram_config *,
                         const struct os_datagram_events *, void *arg, struct os_datagram **);
    int (*datagram_open_unix)(struct os_net *, const char *path, struct os_datagram **);
    int (*datagram_send)(struct os_datagram *, const void *, size_t, const struct gn_address *to,
                         const struct gn_address *from, uint32_t flags, uint64_t tag,
                         gn_system *when);
    enum gn_stamp (*datagram_stamps)(
        const struct os_datagram *);              /* the best that this socket can give */
    void (*datagram_close)(struct os_datagram *); /* takes NULL */

    /** Listen on a Unix stream socket; a stale file is replaced, a live one gives -EADDRINUSE. */
    int (*listen_unix)(struct os_net *, const char *path, mode_t mode,
                       void (*accepted)(void *arg, struct os_stream *), void *arg,
                       struct os_listener **);
    void (*listener_close)(struct os_listener *); /* takes NULL; removes the file */

    /** Take over an accepted stream: nothing is read before this. */
    void (*stream_start)(struct os_stream *, const struct os_stream_events *, void *arg);
    /** Queue bytes (copied). Errors: -ENOBUFS: more than `limit` bytes wait already; nothing
     * queued. */
    int (*stream_write)(struct os_stream *, const void *, size_t, size_t limit);
    void (*stream_close)(struct os_stream *,
                         bool flush); /* takes NULL; flush: after what is queued has gone */

    /** Resolve without blocking; numeric addresses need no name service. Cancelled by
     * resolve_cancel. */
    int (*resolve)(struct os_net *, const char *name, uint16_t port, gn_resolve_cb, void *arg,
                   void **request);
    void (*resolve_cancel)(struct os_net *, void *request);

    /** Who has bound the UDP port: "chronyd (pid 123)". Errors: -ENOENT nobody to be seen.
     * Optional. */
    int (*port_holder)(struct os_net *, const struct gn_address *bind, char *words, size_t size);

    /** Connect to a Unix stream socket without waiting; to be started as an accepted one is.
     * Optional. */
    int (*stream_open_unix)(struct os_net *, const char *path, struct os_stream **);

    /** Connect by TCP without waiting; to be started as an accepted one is, and written to at once:
     * the bytes go when it is connected. Failures that come later are told by `closed`. Optional.
     */
    int (*stream_open_tcp)(struct os_net *, const struct gn_address *, struct os_stream **);

    /** Let the card of this name, or with "*" each that can, stamp the packets of all sockets that
     * are opened from now on; `found` is called for each. Optional. Returns how many. Errors:
     * -ENODEV: no such interface; -EOPNOTSUPP: none can; -EPERM: the right is missing; … */
    int (*cards)(struct os_net *, const char *name, enum os_card_filter,
                 void (*found)(void *arg, const struct os_card *), void *arg);
    /** Speed of its link now; 0 unknown. Optional. */
    uint32_t (*card_mbps)(struct os_net *, const char *name);
};

struct os_net {
    const struct os_net_ops *ops;
};

/* ---------------------------------------------------------------- devices */

struct os_devices;
struct os_device;

struct os_device_ops {
    int (*open)(struct os_devices *, const char *path, int flags, os_cb readable, void *arg,
                struct os_device **);
    ssize_t (*read)(struct os_device *, void *, size_t);
    ssize_t (*write)(struct os_device *, const void *, size_t);
    int (*ioctl)(struct os_device *, unsigned long request, void *);
    void (*close)(struct os_device *); /* takes NULL */
    /** Which other process has it open: "gpsd (pid 123)". Optional. Errors: -ENOENT: none is seen.
     */
    int (*holder)(struct os_devices *, const char *path, char *words, size_t size);
};

struct os_devices {
    const struct os_device_ops *ops;
};

/* ---------------------------------------------------------------- the system clock */

struct os_clock;

/** What the kernel shall tell others about the clock. Spec: adjtimex(2). */
struct os_clock_status {
    bool synchronised;    /* STA_UNSYNC clear */
    enum gn_leap leap;    /* INSERT, DELETE: STA_INS, STA_DEL */
    double max_error_s;   /* maxerror */
    double est_error_s;   /* esterror */
    int32_t tai_offset_s; /* TAI − UTC; ≤ 0, so GN_TAI_UNKNOWN: what the kernel has stays */
};

struct os_clock_ops {
    /** Read both scales together, and the oscillator where it can be read; a clock that cannot may
     * leave that part alone, so begin with zero. */
    void (*read)(struct os_clock *, struct clock_reading *);
    /** Time spent in suspend so far, against an arbitrary origin. Units: ns, good to about 1 s. */
    int64_t (*suspended_ns)(struct os_clock *);
    /** Resolution and reading time of the clock. Units: log2 s. */
    int8_t (*precision_log2s)(struct os_clock *);
    /** The frequency in force, whoever set it: system clock's rate against the local scale minus 1,
     * s/s. */
    double (*frequency)(struct os_clock *);
    /**
     * Let the system clock run at 1 + frequency of the local scale, from now on. `*applied` is what
     * the kernel made of it (rounded, clamped), `*at` a reading from just after.
     * Errors: -EPERM: the right is missing; -ENOTSUP: this clock is only read.
     */
    int (*steer)(struct os_clock *, double frequency, double *applied, struct clock_reading *at);
    /** Add `delta_ns` to the system clock. Errors: as steer. */
    int (*step)(struct os_clock *, int64_t delta_ns);
    int (*status)(struct os_clock *, const struct os_clock_status *);
    /**
     * End what another program has set going beside us: an adjtime(3), a loop of the kernel.
     * Returns 1 and what it was in `words`, or 0: nothing. Optional. Errors: as steer.
     */
    int (*reclaim)(struct os_clock *, char *words, size_t size);
    /** TAI − UTC as somebody has told the kernel, in s; GN_TAI_UNKNOWN: nobody has. */
    int32_t (*tai_offset_s)(struct os_clock *);
    void (*destroy)(struct os_clock *);
};

struct os_clock {
    const struct os_clock_ops *ops;
    double max_frequency; /* largest |frequency| that steer accepts, s/s; 0: only read */
};

/* ---------------------------------------------------------------- state files, chance */

struct os_store;

struct os_store_ops {
    /** Read a whole small file. Returns bytes (≤ size), -ENOENT, -EFBIG, … */
    ssize_t (*read)(struct os_store *, const char *path, void *, size_t);
    /** Replace a file: old or new, never torn, also over power loss. */
    int (*write)(struct os_store *, const char *path, const void *, size_t);
};

struct os_store {
    const struct os_store_ops *ops;
};

struct os_entropy;

struct os_entropy_ops {
    int (*fill)(struct os_entropy *, void *, size_t);
};

struct os_entropy {
    const struct os_entropy_ops *ops;
};

/* ---------------------------------------------------------------- all of it */

/** The machine. Owns: nothing; who made the parts ends them. */
struct os {
    struct os_loop *loop;
    struct os_net *net;
    struct os_devices *devices;
    struct os_clock *clock;
    struct os_store *store;
    struct os_entropy *entropy;
};

#endif
