/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GNOMON_HOST_H
#define GNOMON_HOST_H

/**
 * What the daemon does for a plugin.
 *
 * Every instance has a host of its own. Log prefix, random stream, state files and ownership
 * follow from it: whatever is opened through a host belongs to the instance, and is closed by
 * the host after `stop`. All callbacks come on the loop's thread, never from within a call of
 * the plugin into the host, and never after the handle was closed.
 *
 * Each group of services is a table that starts with its size. The inline wrappers return
 * -ENOSYS where the running daemon is older than the slot.
 *
 * Errors: 0 or a negative errno unless said otherwise. The host explains failures of `open`
 * calls through gn_fail(), so a plugin may simply return them.
 */

#include <errno.h>
#include <gnomon/event.h>
#include <gnomon/sample.h>
#include <gnomon/state.h>
#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gn_host;
struct gn_timer;
struct gn_datagram;
struct gn_device;
struct gn_source;
struct gn_stream;

/* ---------------------------------------------------------------- addresses */

enum gn_family {
    GN_FAMILY_NONE = 0,
    GN_FAMILY_IPV4 = 4,
    GN_FAMILY_IPV6 = 6,
};

/** A network address. IPv4 stands in the first four bytes of `ip`. */
struct gn_address {
    uint8_t family; /* enum gn_family */
    uint8_t reserved;
    uint16_t port;  /* host byte order */
    uint32_t scope; /* IPv6 scope: interface index; 0 none */
    uint8_t ip[16]; /* network byte order */
};

/* -------------------------------------------------------------- log and words */

struct gn_log_ops {
    uint32_t size;
    void (*log)(struct gn_host *, enum gn_level, const char *format, va_list);
    int (*fail)(struct gn_host *, int error, const char *format, va_list);
    void (*event)(struct gn_host *, const struct gn_event *);
    void (*finding)(struct gn_host *, enum gn_level level, const char *file, unsigned line,
                    const char *format, va_list); /* since 1.1 */
};

/* -------------------------------------------------------------- clock and timers */

struct gn_clock_ops {
    uint32_t size;
    gn_local (*now)(struct gn_host *);
    gn_utc (*system_time)(struct gn_host *, gn_local when);
    gn_local (*from_system)(struct gn_host *, gn_utc system_time);
    int (*rtc)(struct gn_host *); /* since 1.1 */
};

/** Who writes the time into the machine's hardware clock: `clock.rtc` of the configuration. */
enum gn_rtc {
    GN_RTC_OFF = 0,   /* nobody, unless a person says so */
    GN_RTC_COPY = 1,  /* the kernel; a plugin must not */
    GN_RTC_TRACK = 2, /* the plugin that reads it */
};

typedef void (*gn_timer_cb)(void *arg, gn_local now);

struct gn_timer_ops {
    uint32_t size;
    int (*open)(struct gn_host *, gn_timer_cb, void *arg, struct gn_timer **);
    int (*start)(struct gn_host *, struct gn_timer *, int64_t delay_ns);
    void (*stop)(struct gn_host *, struct gn_timer *);
    void (*close)(struct gn_host *, struct gn_timer *);
};

/* -------------------------------------------------------------- datagrams */

/** Who stamped a packet, worst first. */
enum gn_stamp {
    GN_STAMP_USER = 0,     /* read by us around the system call */
    GN_STAMP_KERNEL = 1,   /* by the kernel's network stack */
    GN_STAMP_HARDWARE = 2, /* by the network device */
};

/** A received datagram. Owns: nothing; valid during the callback. */
struct gn_packet {
    const void *data;
    size_t size;
    struct gn_address remote;
    struct gn_address local; /* the address it was sent to; family NONE if unknown */
    uint32_t interface;      /* index of the interface it came in by; 0 unknown */
    gn_local when;           /* arrival */
    enum gn_stamp stamp;
};

/** Callbacks of a datagram socket; any may be NULL. */
struct gn_datagram_events {
    uint32_t size;
    /** Up to a batch of packets, in order of arrival. */
    void (*receive)(void *arg, const struct gn_packet *packets, size_t count);
    /** The transmit instant of the packet that was sent with `tag` and GN_SEND_STAMP. */
    void (*sent)(void *arg, uint64_t tag, gn_local when, enum gn_stamp stamp);
    /** The network answered with an error (ICMP); `error` is a negative errno. */
    void (*error)(void *arg, int error);
};

/** How to open a datagram socket. */
struct gn_datagram_config {
    uint32_t size;
    struct gn_address bind; /* family NONE: of the family of `connect`, any; port 0: a random one */
    struct gn_address connect; /* family NONE: not connected */
    uint32_t receive_buffer;   /* bytes; 0 the system's default */
    uint32_t flags;            /* GN_DATAGRAM_… */
    const char *device; /* only by this network device; NULL any. Since 1.1, as what follows */
    uint8_t dscp;       /* of what is sent: 0 … 63 */
    /* Broadcast and multicast. What is sent to a group comes only to sockets that have
     * joined it. A socket that is bound to a group or to a broadcast address hears nothing else,
     * and sends from an address of the machine. */
    const struct gn_address *groups; /* to join, of the socket's family; copied */
    size_t group_count;
    const char *interface; /* where groups are joined, and left by; NULL as `device` */
    uint8_t hops;          /* that what is sent to groups may go; 0: 1, which stays on the link */
};

/** Ask for transmit instants, reported by `sent`. */
#define GN_DATAGRAM_SENT 1u
/** Others that ask for it too may have the same port; who is connected gets what is for him. */
#define GN_DATAGRAM_SHARED 2u
/** Allow sending to broadcast addresses. Since 1.1, as those below. */
#define GN_DATAGRAM_BROADCAST 4u
/** Other sockets of this daemon with this flag may have the port too, at other addresses. */
#define GN_DATAGRAM_BESIDE 8u
/** What is sent to groups comes to listeners on this machine, too. */
#define GN_DATAGRAM_LOOP 16u

/** Report this packet's transmit instant. */
#define GN_SEND_STAMP 1u

struct gn_datagram_ops {
    uint32_t size;
    int (*open)(struct gn_host *, const struct gn_datagram_config *,
                const struct gn_datagram_events *, void *arg, struct gn_datagram **);
    int (*open_unix)(struct gn_host *, const char *path, struct gn_datagram **);
    int (*send)(struct gn_host *, struct gn_datagram *, const void *data, size_t size,
                const struct gn_address *to, const struct gn_address *from, uint32_t flags,
                uint64_t tag, gn_local *when);
    void (*close)(struct gn_host *, struct gn_datagram *);
};

/* -------------------------------------------------------------- streams */

/** Callbacks of a stream; any may be NULL. */
struct gn_stream_events {
    uint32_t size;
    /** Bytes, in whatever pieces they come; valid during the call. */
    void (*received)(void *arg, const void *data, size_t size);
    /** The other side has closed (0), or the stream failed; close it. */
    void (*closed)(void *arg, int error);
};

struct gn_stream_ops {
    uint32_t size;
    int (*open_unix)(struct gn_host *, const char *path, const struct gn_stream_events *, void *arg,
                     struct gn_stream **);
    int (*write)(struct gn_host *, struct gn_stream *, const void *data, size_t size, size_t limit);
    void (*close)(struct gn_host *, struct gn_stream *);
    int (*open_tcp)(struct gn_host *, const struct gn_address *, const struct gn_stream_events *,
                    void *arg, struct gn_stream **);
};

/* -------------------------------------------------------------- devices */

/**
 * Two kinds of devices that are no files of /dev, as flags beside those of open(2).
 *
 * GN_DEVICE_SOCKET: the path becomes a Unix datagram socket of ours, that others write to; a read
 * gives one datagram. A socket that nobody has bound any more is replaced; a live one gives
 * -EADDRINUSE, anything else -EEXIST. Closing removes it.
 *
 * GN_DEVICE_SHARED: a System V memory segment of somebody else; the path is /sysv/ and its key in
 * hexadecimal. A read gives its bytes as they are; `size` larger than the segment is fine. It
 * never waits and is never readable.
 */
#define GN_DEVICE_SOCKET (1 << 30)
#define GN_DEVICE_SHARED (1 << 29)

/** `now`: when the loop woke up for it. */
typedef void (*gn_device_cb)(void *arg, gn_local now);

struct gn_device_ops {
    uint32_t size;
    int (*open)(struct gn_host *, const char *path, int flags, gn_device_cb readable, void *arg,
                struct gn_device **);
    int64_t (*read)(struct gn_host *, struct gn_device *, void *data, size_t size);
    int64_t (*write)(struct gn_host *, struct gn_device *, const void *data, size_t size);
    int (*ioctl)(struct gn_host *, struct gn_device *, unsigned long request, void *data);
    void (*close)(struct gn_host *, struct gn_device *);
    int (*holder)(struct gn_host *, const char *path, char *words, size_t size); /* since 1.1 */
};

/* -------------------------------------------------------------- names */

/** `status`: 0 or a negative errno with words in `text`. The addresses carry the given port. */
typedef void (*gn_resolve_cb)(void *arg, int status, const char *text,
                              const struct gn_address *addresses, size_t count);

struct gn_resolve_ops {
    uint32_t size;
    int (*resolve)(struct gn_host *, const char *name, uint16_t port, gn_resolve_cb, void *arg);
};

/* -------------------------------------------------------------- sources */

/** What a source is, told once at open. */
struct gn_source_info {
    uint32_t size;
    uint8_t mode;        /* enum gn_source_mode */
    const char *address; /* for people: "192.0.2.1:123", "/dev/rtc0"; copied */
    const char *suffix;  /* added to the name where one instance opens several sources; NULL none */
    uint32_t refid;      /* who the source is, to detect loops and to name it; host byte order.
                            NTP: RFC 5905 §7.3; a clock: four characters */
    uint8_t is_clock;    /* a primary reference: our reference id becomes `refid` */
    uint8_t copies;      /* our stratum and reference id become those of the source: it is we, in
                            another guise. Since 1.1 */
};

/** What the core asks of a source. */
struct gn_source_hint {
    uint32_t size;
    int8_t min_poll_log2s;
    int8_t max_poll_log2s;
    uint8_t state; /* enum gn_source_state */
    uint8_t reach;
    double poll_s; /* interval to the next poll that the estimate wants; within the two above, but
                    * for a few quick ones after an answer that nobody expected, and not below what
                    * the source asked for by gn_source_slow() */
};

struct gn_source_ops {
    uint32_t size;
    int (*open)(struct gn_host *, const struct gn_source_info *, struct gn_source **);
    int (*submit)(struct gn_host *, struct gn_source *, const struct gn_sample *);
    int (*poll)(struct gn_host *, struct gn_source *);
    int (*fault)(struct gn_host *, struct gn_source *, enum gn_reason, const char *text);
    int (*hint)(struct gn_host *, struct gn_source *, struct gn_source_hint *);
    int (*address)(struct gn_host *, struct gn_source *, const char *address, uint32_t refid);
    void (*close)(struct gn_host *, struct gn_source *);
    int (*slow)(struct gn_host *, struct gn_source *, double least_s); /* since 1.1 */
};

/* -------------------------------------------------------------- state, store, chance */

struct gn_state_ops {
    uint32_t size;
    int (*read)(struct gn_host *, struct gn_state *);
};

struct gn_store_ops {
    uint32_t size;
    int64_t (*read)(struct gn_host *, const char *key, void *data, size_t size);
    int (*write)(struct gn_host *, const char *key, const void *data, size_t size);
};

struct gn_random_ops {
    uint32_t size;
    int (*fill)(struct gn_host *, void *data, size_t size);
};

/* -------------------------------------------------------------- reports and commands */

typedef void (*gn_source_report_cb)(void *arg, const struct gn_source_report *);

struct gn_report_ops {
    uint32_t size;
    int (*tracking)(struct gn_host *, struct gn_tracking *);
    int (*sources)(struct gn_host *, gn_source_report_cb, void *arg);
};

/** The reply of a command: one JSON value, ended by NUL; valid during the call. */
typedef void (*gn_command_cb)(void *arg, const char *reply);

struct gn_command_ops {
    uint32_t size;
    int (*run)(struct gn_host *, const char *request, gn_command_cb, void *arg);
};

/* -------------------------------------------------------------- the host */

/** The services of one instance. Filled by the host; a plugin uses the wrappers below. */
struct gn_host {
    uint32_t size;
    const char *name; /* of the instance: `name` of the configuration, or plugin and number */
    const struct gn_log_ops *log;
    const struct gn_clock_ops *clock;
    const struct gn_timer_ops *timer;
    const struct gn_datagram_ops *datagram;
    const struct gn_device_ops *device;
    const struct gn_resolve_ops *resolve;
    const struct gn_source_ops *source;
    const struct gn_state_ops *state;
    const struct gn_store_ops *store;
    const struct gn_random_ops *random;
    const struct gn_report_ops *report;
    const struct gn_command_ops *command;
    const struct gn_stream_ops *stream; /* since 1.1 */
};

/** Whether the host has a slot: the group is there and large enough. */
#define GN_HAS(host, group, slot)                                                                  \
    ((host)->group != NULL &&                                                                      \
     (host)->group->size >=                                                                        \
         offsetof(struct gn_##group##_ops, slot) + sizeof((host)->group->slot) &&                  \
     (host)->group->slot != NULL)

/** Log a line; the host puts the instance's name before it. */
__attribute__((format(printf, 3, 4))) static inline void
gn_log(struct gn_host *host, enum gn_level level, const char *format, ...)
{
    if (!GN_HAS(host, log, log))
        return;
    va_list args;
    va_start(args, format);
    host->log->log(host, level, format, args);
    va_end(args);
}

/**
 * Record the words of a failure and return `error`, for `return gn_fail(host, -EINVAL, "…")`.
 * The host puts file, line and instance before them. Words already recorded become their reason:
 * "<new>: <old>".
 */
__attribute__((format(printf, 3, 4))) static inline int gn_fail(struct gn_host *host, int error,
                                                                const char *format, ...)
{
    if (!GN_HAS(host, log, fail))
        return error;
    va_list args;
    va_start(args, format);
    error =
        (host->log->fail)(host, error, format, args); /* in brackets: check.h has a macro fail() */
    va_end(args);
    return error;
}

/**
 * What is wrong with a file that belongs to the configuration, told by `open`: listed with the
 * other findings, also by `gnomond -t`. `level`: GN_ERROR or GN_WARNING; `line` 0: the whole file.
 * After an error `open` fails, in words that do not repeat it.
 */
__attribute__((format(printf, 5, 6))) static inline void gn_finding(struct gn_host *host,
                                                                    enum gn_level level,
                                                                    const char *file, unsigned line,
                                                                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (GN_HAS(host, log, finding))
        host->log->finding(host, level, file, line, format, args);
    else if (GN_HAS(host, log, log))
        host->log->log(host, level, format, args);
    va_end(args);
}

/** Tell all outputs. The host fills `when`, `utc` and, if NULL, `source`. */
static inline void gn_event(struct gn_host *host, const struct gn_event *event)
{
    if (GN_HAS(host, log, event))
        host->log->event(host, event);
}

/** The local scale, now. */
static inline gn_local gn_now(struct gn_host *host)
{
    gn_local none = {0};
    return GN_HAS(host, clock, now) ? host->clock->now(host) : none;
}

/** What the system clock shows at a local instant: the machine's opinion, not the estimate. */
static inline gn_utc gn_system_time(struct gn_host *host, gn_local when)
{
    gn_utc none = {0};
    return GN_HAS(host, clock, system_time) ? host->clock->system_time(host, when) : none;
}

/** A recent reading of the system clock (a kernel's or another program's stamp) as local instant.
 */
static inline gn_local gn_from_system(struct gn_host *host, gn_utc system_time)
{
    gn_local none = {0};
    return GN_HAS(host, clock, from_system) ? host->clock->from_system(host, system_time) : none;
}

/** Who writes into the hardware clock: enum gn_rtc. Errors: -EPERM: nobody, since the daemon is not
 * to touch any clock (-x). */
static inline int gn_rtc_owner(struct gn_host *host)
{
    return GN_HAS(host, clock, rtc) ? host->clock->rtc(host) : -ENOSYS;
}

/** Open a timer; it is not running yet. */
static inline int gn_timer_open(struct gn_host *host, gn_timer_cb callback, void *arg,
                                struct gn_timer **timer)
{
    return GN_HAS(host, timer, open) ? host->timer->open(host, callback, arg, timer) : -ENOSYS;
}

/** Fire once, `delay_ns` from now (again). Resolution: about a millisecond. */
static inline int gn_timer_start(struct gn_host *host, struct gn_timer *timer, int64_t delay_ns)
{
    return GN_HAS(host, timer, start) ? host->timer->start(host, timer, delay_ns) : -ENOSYS;
}

/** Do not fire. */
static inline void gn_timer_stop(struct gn_host *host, struct gn_timer *timer)
{
    if (GN_HAS(host, timer, stop))
        host->timer->stop(host, timer);
}

/** Close a timer; takes NULL. */
static inline void gn_timer_close(struct gn_host *host, struct gn_timer *timer)
{
    if (timer != NULL && GN_HAS(host, timer, close))
        host->timer->close(host, timer);
}

/** Open a UDP socket with receive (and on request transmit) instants. */
static inline int gn_datagram_open(struct gn_host *host, const struct gn_datagram_config *config,
                                   const struct gn_datagram_events *events, void *arg,
                                   struct gn_datagram **datagram)
{
    return GN_HAS(host, datagram, open) ? host->datagram->open(host, config, events, arg, datagram)
                                        : -ENOSYS;
}

/** Open a Unix datagram socket connected to `path`, to send to only. */
static inline int gn_datagram_open_unix(struct gn_host *host, const char *path,
                                        struct gn_datagram **datagram)
{
    return GN_HAS(host, datagram, open_unix) ? host->datagram->open_unix(host, path, datagram)
                                             : -ENOSYS;
}

/**
 * Send a datagram. `to` is NULL on a connected socket; `from`, if not NULL, is the local address
 * to send from (answering from the address that was asked). `*when`, if asked for, is a reading
 * of the clock just before the system call. With GN_SEND_STAMP the socket's `sent` follows.
 * Errors: -EAGAIN: the socket's buffer is full, nothing was sent; others as sendmsg(2).
 */
static inline int gn_datagram_send(struct gn_host *host, struct gn_datagram *datagram,
                                   const void *data, size_t size, const struct gn_address *to,
                                   const struct gn_address *from, uint32_t flags, uint64_t tag,
                                   gn_local *when)
{
    return GN_HAS(host, datagram, send)
               ? host->datagram->send(host, datagram, data, size, to, from, flags, tag, when)
               : -ENOSYS;
}

/** Close a socket; takes NULL. */
static inline void gn_datagram_close(struct gn_host *host, struct gn_datagram *datagram)
{
    if (datagram != NULL && GN_HAS(host, datagram, close))
        host->datagram->close(host, datagram);
}

/** Whether the host has a slot of the streams, which daemons before 1.1 do not. */
#define GN_HAS_STREAM(host, slot)                                                                  \
    ((host)->size >= offsetof(struct gn_host, stream) + sizeof((host)->stream) &&                  \
     GN_HAS(host, stream, slot))

/** Connect to a Unix stream socket. Never waits: a listener that is busy gives -EAGAIN. */
static inline int gn_stream_open_unix(struct gn_host *host, const char *path,
                                      const struct gn_stream_events *events, void *arg,
                                      struct gn_stream **stream)
{
    return GN_HAS_STREAM(host, open_unix) ? host->stream->open_unix(host, path, events, arg, stream)
                                          : -ENOSYS;
}

/**
 * Connect by TCP. Never waits: what is written goes once the connection stands, and why it does
 * not come about is told by `closed`. Nobody tells of an address that swallows all, so have a
 * timer.
 */
static inline int gn_stream_open_tcp(struct gn_host *host, const struct gn_address *address,
                                     const struct gn_stream_events *events, void *arg,
                                     struct gn_stream **stream)
{
    return GN_HAS_STREAM(host, open_tcp)
               ? host->stream->open_tcp(host, address, events, arg, stream)
               : -ENOSYS;
}

/**
 * Queue bytes, copied, to go as the other side takes them. Errors: -ENOBUFS: more than `limit`
 * bytes wait already, nothing was queued; others: the stream is of no use any more.
 */
static inline int gn_stream_write(struct gn_host *host, struct gn_stream *stream, const void *data,
                                  size_t size, size_t limit)
{
    return GN_HAS_STREAM(host, write) ? host->stream->write(host, stream, data, size, limit)
                                      : -ENOSYS;
}

/** Close a stream at once; takes NULL. */
static inline void gn_stream_close(struct gn_host *host, struct gn_stream *stream)
{
    if (stream != NULL && GN_HAS_STREAM(host, close))
        host->stream->close(host, stream);
}

/** Open a device; `flags` as open(2). `readable` may be NULL. The device never blocks. */
static inline int gn_device_open(struct gn_host *host, const char *path, int flags,
                                 gn_device_cb readable, void *arg, struct gn_device **device)
{
    return GN_HAS(host, device, open) ? host->device->open(host, path, flags, readable, arg, device)
                                      : -ENOSYS;
}

/** Read from a device. Returns bytes, 0 at the end, or a negative errno (-EAGAIN: nothing there).
 */
static inline int64_t gn_device_read(struct gn_host *host, struct gn_device *device, void *data,
                                     size_t size)
{
    return GN_HAS(host, device, read) ? host->device->read(host, device, data, size) : -ENOSYS;
}

/** Write to a device. Returns bytes or a negative errno. */
static inline int64_t gn_device_write(struct gn_host *host, struct gn_device *device,
                                      const void *data, size_t size)
{
    return GN_HAS(host, device, write) ? host->device->write(host, device, data, size) : -ENOSYS;
}

/** ioctl(2) on a device. Returns its result, ≥ 0, or a negative errno. */
static inline int gn_device_ioctl(struct gn_host *host, struct gn_device *device,
                                  unsigned long request, void *data)
{
    return GN_HAS(host, device, ioctl) ? host->device->ioctl(host, device, request, data) : -ENOSYS;
}

/** Close a device; takes NULL. */
static inline void gn_device_close(struct gn_host *host, struct gn_device *device)
{
    if (device != NULL && GN_HAS(host, device, close))
        host->device->close(host, device);
}

/** Which other process has a device open, as far as can be seen: "gpsd (pid 123)". Looks through
 * all processes: not to be asked often. Errors: -ENOENT: none is seen. */
static inline int gn_device_holder(struct gn_host *host, const char *path, char *words, size_t size)
{
    return GN_HAS(host, device, holder) ? host->device->holder(host, path, words, size) : -ENOSYS;
}

/** Resolve a name, or read a numeric address; the callback comes later, at most once. */
static inline int gn_resolve(struct gn_host *host, const char *name, uint16_t port,
                             gn_resolve_cb callback, void *arg)
{
    return GN_HAS(host, resolve, resolve) ? host->resolve->resolve(host, name, port, callback, arg)
                                          : -ENOSYS;
}

/** Register a source of samples. Polls, preferences and the like are the core's to read. */
static inline int gn_source_open(struct gn_host *host, const struct gn_source_info *info,
                                 struct gn_source **source)
{
    return GN_HAS(host, source, open) ? host->source->open(host, info, source) : -ENOSYS;
}

/** Queue a sample; the pipeline runs at the end of the loop's turn. Copies. Marks the source
 * reached. */
static inline int gn_source_submit(struct gn_host *host, struct gn_source *source,
                                   const struct gn_sample *sample)
{
    return GN_HAS(host, source, submit) ? host->source->submit(host, source, sample) : -ENOSYS;
}

/** A poll goes out: shifts the reach register. Spec: RFC 5905 §13. */
static inline int gn_source_poll(struct gn_host *host, struct gn_source *source)
{
    return GN_HAS(host, source, poll) ? host->source->poll(host, source) : -ENOSYS;
}

/** Why there is no sample, with words for people; GN_REASON_OK takes it back, and so does a sample.
 */
static inline int gn_source_fault(struct gn_host *host, struct gn_source *source,
                                  enum gn_reason reason, const char *text)
{
    return GN_HAS(host, source, fault) ? host->source->fault(host, source, reason, text) : -ENOSYS;
}

/** What the core asks of the source: its poll interval and what selection made of it. */
static inline int gn_source_hint(struct gn_host *host, struct gn_source *source,
                                 struct gn_source_hint *hint)
{
    return GN_HAS(host, source, hint) ? host->source->hint(host, source, hint) : -ENOSYS;
}

/** It asks for fewer polls: none is wanted sooner than `least_s` after another until its address
 * changes, whatever minpoll and maxpoll say. */
static inline int gn_source_slow(struct gn_host *host, struct gn_source *source, double least_s)
{
    return GN_HAS(host, source, slow) ? host->source->slow(host, source, least_s) : -ENOSYS;
}

/** The source is somebody else now (a name resolved anew): its samples are forgotten. */
static inline int gn_source_address(struct gn_host *host, struct gn_source *source,
                                    const char *address, uint32_t refid)
{
    return GN_HAS(host, source, address) ? host->source->address(host, source, address, refid)
                                         : -ENOSYS;
}

/** Remove a source; takes NULL. */
static inline void gn_source_close(struct gn_host *host, struct gn_source *source)
{
    if (source != NULL && GN_HAS(host, source, close))
        host->source->close(host, source);
}

/** The published snapshot. Cheap, and callable from a worker's thread. */
static inline int gn_state_read(struct gn_host *host, struct gn_state *state)
{
    state->size = sizeof *state; /* an older plugin has less room */
    return GN_HAS(host, state, read) ? host->state->read(host, state) : -ENOSYS;
}

/** Read a small state file of this instance. Returns its bytes (≤ size) or -ENOENT and the like. */
static inline int64_t gn_store_read(struct gn_host *host, const char *key, void *data, size_t size)
{
    return GN_HAS(host, store, read) ? host->store->read(host, key, data, size) : -ENOSYS;
}

/** Replace a state file of this instance, whole or not at all. */
static inline int gn_store_write(struct gn_host *host, const char *key, const void *data,
                                 size_t size)
{
    return GN_HAS(host, store, write) ? host->store->write(host, key, data, size) : -ENOSYS;
}

/** Unpredictable bytes; in a simulation they follow from the seed. */
static inline int gn_random(struct gn_host *host, void *data, size_t size)
{
    return GN_HAS(host, random, fill) ? host->random->fill(host, data, size) : -ENOSYS;
}

/** The daemon's tracking report, now. */
static inline int gn_report_tracking(struct gn_host *host, struct gn_tracking *tracking)
{
    tracking->size = sizeof *tracking; /* an older plugin has less room */
    return GN_HAS(host, report, tracking) ? host->report->tracking(host, tracking) : -ENOSYS;
}

/** All sources in order of configuration; the callback is called before this returns. */
static inline int gn_report_sources(struct gn_host *host, gn_source_report_cb callback, void *arg)
{
    return GN_HAS(host, report, sources) ? host->report->sources(host, callback, arg) : -ENOSYS;
}

/** Run a command as gnomonctl does: one JSON request, one JSON reply, before this returns. */
static inline int gn_command(struct gn_host *host, const char *request, gn_command_cb callback,
                             void *arg)
{
    return GN_HAS(host, command, run) ? host->command->run(host, request, callback, arg) : -ENOSYS;
}

#ifdef __cplusplus
}
#endif

#endif
