/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/command.h>
#include <host/daemon_internal.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services.h"

/* ---------------------------------------------------------------- log and words */

static void service_log(struct gn_host *host, enum gn_level level, const char *format, va_list args)
{
    struct instance *instance = services_instance(host);
    logger_vlog(instance->daemon->logger, level, host->name, format, args);
}

static int service_fail(struct gn_host *host, int error, const char *format, va_list args)
{
    struct instance *instance = services_instance(host);
    char reason[sizeof instance->words];
    size_t used;
    memcpy(reason, instance->words, sizeof reason);
    vsnprintf(instance->words, sizeof instance->words, format, args);
    used = strlen(instance->words);
    if (reason[0] != '\0')
        snprintf(instance->words + used, sizeof instance->words - used, ": %s", reason);
    return error;
}

static void service_event(struct gn_host *host, const struct gn_event *event)
{
    struct gn_event named = *event;
    if (named.source == NULL)
        named.source = host->name;
    daemon_put_event(services_daemon(host), &named);
}

/* Among the findings of the configuration while that is checked; later it is news. */
static void service_finding(struct gn_host *host, enum gn_level level, const char *file,
                            unsigned line, const char *format, va_list args)
{
    struct daemon *daemon = services_daemon(host);
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    if (daemon->findings != NULL)
        diagnostics_add(daemon->findings, level == GN_ERROR ? DIAGNOSTIC_ERROR : DIAGNOSTIC_WARNING,
                        file, line, "%s", text);
    else
        logger_log(daemon->logger, level, host->name, "%s:%u: %s", file, line, text);
}

static const struct gn_log_ops log_ops = {sizeof log_ops, service_log, service_fail, service_event,
                                          service_finding};

/* ---------------------------------------------------------------- clock and timers */

static gn_local service_now(struct gn_host *host)
{
    return timekeeper_now(&services_daemon(host)->keeper);
}

/* What a device says may be any number; within ± 126 years no sum of instants overflows. */
static int64_t instant(int64_t ns)
{
    const int64_t most_ns = INT64_C(4000000000000000000);
    return ns > most_ns ? most_ns : ns < -most_ns ? -most_ns : ns;
}

static gn_utc service_system_time(struct gn_host *host, gn_local when)
{
    when.ns = instant(when.ns);
    return timekeeper_system(&services_daemon(host)->keeper, when);
}

static gn_local service_from_system(struct gn_host *host, gn_utc system_time)
{
    gn_local local;
    gn_system stamp = {instant(system_time.ns)};
    timekeeper_from_system(&services_daemon(host)->keeper, stamp, &local);
    return local;
}

static int service_rtc(struct gn_host *host)
{
    const struct daemon *daemon = services_daemon(host);
    return daemon_steers(daemon) ? daemon->config->clock.rtc : -EPERM;
}

static const struct gn_clock_ops clock_ops = {
    sizeof clock_ops, service_now, service_system_time, service_from_system, service_rtc,
};

_Static_assert((int)CONFIG_RTC_OFF == GN_RTC_OFF && (int)CONFIG_RTC_COPY == GN_RTC_COPY &&
                   (int)CONFIG_RTC_TRACK == GN_RTC_TRACK,
               "both are in the order of the choices");

struct gn_timer {
    struct owned owned; /* first */
    struct os_timer *timer;
    gn_timer_cb callback;
    void *arg;
};

static void timer_fired(void *arg)
{
    struct gn_timer *timer = arg;
    timer->callback(timer->arg, timekeeper_now(&timer->owned.owner->daemon->keeper));
}

static void timer_release(struct owned *owned)
{
    struct gn_timer *timer = (struct gn_timer *)owned;
    owned_remove(owned);
    owned->owner->daemon->os->loop->ops->timer_close(timer->timer);
    free(timer);
}

static int service_timer_open(struct gn_host *host, gn_timer_cb callback, void *arg,
                              struct gn_timer **out)
{
    struct os_loop *loop = services_daemon(host)->os->loop;
    struct gn_timer *timer = calloc(1, sizeof *timer);
    int rc;
    if (timer == NULL)
        return -ENOMEM;
    timer->callback = callback;
    timer->arg = arg;
    rc = loop->ops->timer_open(loop, timer_fired, timer, &timer->timer);
    if (rc < 0) {
        free(timer);
        return rc;
    }
    owned_add(services_instance(host), &timer->owned, timer_release);
    *out = timer;
    return 0;
}

static int service_timer_start(struct gn_host *host, struct gn_timer *timer, int64_t delay_ns)
{
    return services_daemon(host)->os->loop->ops->timer_start(timer->timer,
                                                             delay_ns > 0 ? delay_ns : 0);
}

static void service_timer_stop(struct gn_host *host, struct gn_timer *timer)
{
    services_daemon(host)->os->loop->ops->timer_stop(timer->timer);
}

static void service_timer_close(struct gn_host *host, struct gn_timer *timer)
{
    (void)host;
    timer_release(&timer->owned);
}

static const struct gn_timer_ops timer_ops = {sizeof timer_ops, service_timer_open,
                                              service_timer_start, service_timer_stop,
                                              service_timer_close};

/* ---------------------------------------------------------------- names */

struct resolution {
    struct owned owned; /* first */
    gn_resolve_cb callback;
    void *arg;
    void *request;
};

static void resolution_release(struct owned *owned)
{
    struct resolution *resolution = (struct resolution *)owned;
    struct os_net *net = owned->owner->daemon->os->net;
    owned_remove(owned);
    if (resolution->request != NULL)
        net->ops->resolve_cancel(net, resolution->request);
    free(resolution);
}

static void resolved(void *arg, int status, const char *text, const struct gn_address *addresses,
                     size_t count)
{
    struct resolution *resolution = arg;
    gn_resolve_cb callback = resolution->callback;
    void *callback_arg = resolution->arg;
    resolution->request = NULL;
    resolution_release(&resolution->owned);
    callback(callback_arg, status, text, addresses, count);
}

static int service_resolve(struct gn_host *host, const char *name, uint16_t port,
                           gn_resolve_cb callback, void *arg)
{
    struct os_net *net = services_daemon(host)->os->net;
    struct resolution *resolution = calloc(1, sizeof *resolution);
    int rc;
    if (resolution == NULL)
        return -ENOMEM;
    resolution->callback = callback;
    resolution->arg = arg;
    rc = net->ops->resolve(net, name, port, resolved, resolution, &resolution->request);
    if (rc < 0) {
        free(resolution);
        return rc;
    }
    owned_add(services_instance(host), &resolution->owned, resolution_release);
    return 0;
}

static const struct gn_resolve_ops resolve_ops = {sizeof resolve_ops, service_resolve};

/* ---------------------------------------------------------------- sources */

static void source_release(struct owned *owned)
{
    struct daemon *daemon = owned->owner->daemon;
    owned_remove(owned);
    source_close(&daemon->sources, daemon->pipeline, (struct gn_source *)owned);
    daemon->run_pipeline = true;
}

static int service_source_open(struct gn_host *host, const struct gn_source_info *info,
                               struct gn_source **out)
{
    struct instance *instance = services_instance(host);
    struct daemon *daemon = instance->daemon;
    int rc = source_open(&daemon->sources, daemon->pipeline, instance, info, out);
    if (rc == 0) {
        owned_add(instance, &(*out)->owned, source_release);
        archive_recall_source(&daemon->archive, *out);
    }
    return rc;
}

static int service_source_submit(struct gn_host *host, struct gn_source *source,
                                 const struct gn_sample *sample)
{
    struct daemon *daemon = services_daemon(host);
    struct gn_sample whole = {0}; /* what an older plugin does not know of is 0 */
    memcpy(&whole, sample, sample->size < sizeof whole ? sample->size : sizeof whole);
    daemon->run_pipeline = true;
    return pipeline_submit(daemon->pipeline, source->in_pipeline, &whole);
}

static int service_source_poll(struct gn_host *host, struct gn_source *source)
{
    struct daemon *daemon = services_daemon(host);
    daemon->run_pipeline = true;
    pipeline_source_poll(daemon->pipeline, source->in_pipeline, timekeeper_now(&daemon->keeper));
    return 0;
}

static int service_source_fault(struct gn_host *host, struct gn_source *source,
                                enum gn_reason reason, const char *text)
{
    struct daemon *daemon = services_daemon(host);
    daemon->run_pipeline = true;
    pipeline_source_fault(daemon->pipeline, source->in_pipeline, reason, text != NULL ? text : "");
    return 0;
}

static int service_source_hint(struct gn_host *host, struct gn_source *source,
                               struct gn_source_hint *hint)
{
    pipeline_source_hint(services_daemon(host)->pipeline, source->in_pipeline, hint);
    return 0;
}

static int service_source_address(struct gn_host *host, struct gn_source *source,
                                  const char *address, uint32_t refid)
{
    struct daemon *daemon = services_daemon(host);
    int rc = source_set_address(source, address);
    if (rc == 0) {
        pipeline_source_reset(daemon->pipeline, source->in_pipeline, refid);
        archive_recall_source(&daemon->archive, source);
    }
    return rc;
}

static int service_source_slow(struct gn_host *host, struct gn_source *source, double least_s)
{
    pipeline_source_slow(services_daemon(host)->pipeline, source->in_pipeline, least_s);
    return 0;
}

static void service_source_close(struct gn_host *host, struct gn_source *source)
{
    (void)host;
    source_release(&source->owned);
}

static const struct gn_source_ops source_ops = {
    sizeof source_ops,      service_source_open,  service_source_submit,
    service_source_poll,    service_source_fault, service_source_hint,
    service_source_address, service_source_close, service_source_slow,
};

/* ---------------------------------------------------------------- state, store, chance */

static int service_state_read(struct gn_host *host, struct gn_state *state)
{
    struct gn_state whole;
    size_t size = state->size < sizeof whole ? state->size : sizeof whole;
    publish_read(&services_daemon(host)->publish, &whole);
    memcpy(state, &whole, size); /* what an older plugin has no room for stays out */
    return 0;
}

static const struct gn_state_ops state_ops = {sizeof state_ops, service_state_read};

/* STATEDIR/instance.key; neither part can leave the folder: names and keys have no slash. */
static int store_path(struct gn_host *host, const char *key, char *path, size_t size)
{
    int used = snprintf(path, size, "%s/%s.%s", STATEDIR, host->name, key);
    if (used < 0 || (size_t)used >= size || strchr(host->name, '/') != NULL ||
        strchr(key, '/') != NULL)
        return -EINVAL;
    return 0;
}

static int64_t service_store_read(struct gn_host *host, const char *key, void *data, size_t size)
{
    struct os_store *store = services_daemon(host)->os->store;
    char path[PATH_MAX];
    int rc = store_path(host, key, path, sizeof path);
    return rc < 0 ? rc : store->ops->read(store, path, data, size);
}

static int service_store_write(struct gn_host *host, const char *key, const void *data, size_t size)
{
    struct os_store *store = services_daemon(host)->os->store;
    char path[PATH_MAX];
    int rc = store_path(host, key, path, sizeof path);
    return rc < 0 ? rc : store->ops->write(store, path, data, size);
}

static const struct gn_store_ops store_ops = {sizeof store_ops, service_store_read,
                                              service_store_write};

static int service_random(struct gn_host *host, void *data, size_t size)
{
    struct os_entropy *entropy = services_daemon(host)->os->entropy;
    return entropy->ops->fill(entropy, data, size);
}

static const struct gn_random_ops random_ops = {sizeof random_ops, service_random};

/* ---------------------------------------------------------------- reports and commands */

static int service_report_tracking(struct gn_host *host, struct gn_tracking *tracking)
{
    struct gn_tracking whole;
    size_t size = tracking->size < sizeof whole ? tracking->size : sizeof whole;
    daemon_tracking(services_daemon(host), &whole);
    memcpy(tracking, &whole, size); /* what an older plugin has no room for stays out */
    return 0;
}

static int service_report_sources(struct gn_host *host, gn_source_report_cb callback, void *arg)
{
    daemon_sources(services_daemon(host), callback, arg);
    return 0;
}

static const struct gn_report_ops report_ops = {sizeof report_ops, service_report_tracking,
                                                service_report_sources};

static int service_command(struct gn_host *host, const char *request, gn_command_cb callback,
                           void *arg)
{
    command_run(services_daemon(host), request, callback, arg);
    return 0;
}

static const struct gn_command_ops command_ops = {sizeof command_ops, service_command};

void services_init(struct gn_host *host)
{
    host->size = sizeof *host;
    host->log = &log_ops;
    host->clock = &clock_ops;
    host->timer = &timer_ops;
    host->datagram = &services_datagram_ops;
    host->device = &services_device_ops;
    host->resolve = &resolve_ops;
    host->source = &source_ops;
    host->state = &state_ops;
    host->store = &store_ops;
    host->random = &random_ops;
    host->report = &report_ops;
    host->command = &command_ops;
    host->stream = &services_stream_ops;
}
