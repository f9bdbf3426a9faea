/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GNOMON_PLUGIN_H
#define GNOMON_PLUGIN_H

/**
 * The descriptor that a plugin exports: one constant data symbol, `gn_plugin`, checked before
 * any function of the plugin is called.
 *
 * Load rule: `magic` equal; same `abi_major`; `abi_minor` not above the host's; sizes not below
 * those of minor 0; `name` equal to the file's name. Structs are append-only: something added at
 * the end is minor + 1, anything else is major + 1.
 *
 * Log of changes:
 *   1.0  first
 *   1.1  gn_source_slow, gn_role.burst, .command, .online and .refresh, gn_rtc_owner,
 *        GN_DEVICE_SOCKET, GN_DEVICE_SHARED, gn_sample.own_refid, gn_source_info.copies,
 *        gn_datagram_config from .device on, GN_DATAGRAM_SHARED, …BROADCAST, …BESIDE and …LOOP,
 *        gn_state.error_bound_rate and .tai_offset_s, the end of gn_tracking from .leap_smear_s on,
 *        events and reasons, gn_finding, gn_host.stream with gn_stream_open_tcp,
 *        gn_device_holder. gn_tracking holds a gn_state and so has moved: since 1.0 was never
 *        released, that is not a 2.0
 */

#include <gnomon/event.h>
#include <gnomon/host.h>
#include <gnomon/option.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GN_PLUGIN_MAGIC 0x474e4f4du /* "GNOM" */
#define GN_ABI_MAJOR 1
#define GN_ABI_MINOR 1

/** The list of the configuration that a role may stand in. */
enum gn_role_kind {
    GN_SOURCE = 0,
    GN_SERVER = 1,
    GN_OUTPUT = 2,
};

/** A role: one way in which the plugin can be configured. All calls come on the loop's thread. */
struct gn_role {
    uint32_t kind; /* enum gn_role_kind */
    const struct gn_option *options;
    size_t option_count;
    size_t option_size; /* sizeof(struct gn_option) as the plugin knows it */
    size_t config_size; /* of the struct that the options fill */

    /**
     * Check the configuration and allocate; no I/O, but reading what belongs to the configuration.
     * `config` stays valid until `close`, or until `reload` returned 0 with a newer one.
     * Errors: negative errno, explained by gn_fail(); nothing is left allocated then.
     */
    int (*open)(struct gn_host *host, void *shared, const void *config, void **instance);

    /**
     * Open devices and sockets, arm timers. Errors: negative errno; `close` follows, and for a
     * source or an output `open` and `start` once a minute until it succeeds.
     */
    int (*start)(void *instance);

    /** Take a changed configuration. Errors: -ENOTSUP: the host restarts the instance. Optional. */
    int (*reload)(void *instance, const void *config);

    /** Say goodbye. What was opened through the host is closed by the host afterwards. Optional. */
    void (*stop)(void *instance);

    /** Free what `open` allocated. */
    void (*close)(void *instance);

    /** An event of the daemon. Optional; outputs live by it, sources hear that the machine slept.
     */
    void (*event)(void *instance, const struct gn_event *event);

    /**
     * Of a source: measure some times in quick succession, now; `source` is one that the instance
     * opened. Optional; since 1.1. Errors: negative errno, explained by gn_fail().
     */
    int (*burst)(void *instance, struct gn_source *source);

    /**
     * Of a source: a person's command, such as "rtcdata". `reply` is called with a JSON object,
     * once, before this returns 0. Optional; since 1.1.
     * Errors: -ENOTSUP: it is none of ours; else negative errno, explained by gn_fail().
     */
    int (*command)(void *instance, const char *name, gn_command_cb reply, void *reply_arg);

    /**
     * Of a source: ask it (again), or let it rest until further notice. `source` is one that the
     * instance opened; NULL: all of them, and those it will open. Optional; since 1.1.
     * Errors: negative errno, explained by gn_fail().
     */
    int (*online)(void *instance, struct gn_source *source, bool online);

    /**
     * Of a source: resolve its names anew, now. Optional; since 1.1. Errors: negative errno,
     * explained by gn_fail(); -ENOTSUP: it has none.
     */
    int (*refresh)(void *instance);
};

/** The descriptor. The first four fields protect the rest. */
struct gn_plugin {
    uint32_t magic;
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t size; /* sizeof(struct gn_plugin) as the plugin knows it */
    const char *name;
    const char *version;
    const char *summary; /* one sentence, without a full stop */
    const struct gn_role *roles;
    size_t role_count;
    size_t role_size; /* sizeof(struct gn_role) as the plugin knows it */

    /** Optional: one object for all instances of the plugin, opened before the first of them. */
    int (*shared_open)(struct gn_host *host, void **shared);
    void (*shared_close)(void *shared);
};

/** Opens the initialiser of a descriptor: `GN_PLUGIN = { GN_PLUGIN_HEAD, .name = … };` */
#define GN_PLUGIN __attribute__((visibility("default"))) const struct gn_plugin gn_plugin
#define GN_PLUGIN_HEAD                                                                             \
    .magic = GN_PLUGIN_MAGIC, .abi_major = GN_ABI_MAJOR, .abi_minor = GN_ABI_MINOR,                \
    .size = sizeof(struct gn_plugin), .role_size = sizeof(struct gn_role)

extern const struct gn_plugin gn_plugin;

#ifdef __cplusplus
}
#endif

#endif
