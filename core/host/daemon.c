/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/command.h>
#include <host/daemon_internal.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void daemon_put_event(struct daemon *daemon, const struct gn_event *event)
{
    struct gn_event stamped = *event;
    stamped.when = timekeeper_now(&daemon->keeper);
    stamped.utc = timekeeper_system(&daemon->keeper, stamped.when);
    bus_put(&daemon->bus, &stamped);
}

void daemon_event(struct daemon *daemon, enum gn_event_kind kind, enum gn_level level,
                  const char *source, double value, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    daemon_put_event(
        daemon, &(struct gn_event){
                    .kind = kind, .level = level, .source = source, .value = value, .text = text});
}

/* ---------------------------------------------------------------- making */

static struct local_config local_config_of(const struct config_local *local)
{
    return (struct local_config){
        .serve = local->present,
        .orphan = local->orphan,
        .stratum = (uint8_t)local->stratum,
        .distance_s = local->distance_s,
        .activate_s = local->activate_s,
        .wait_synced_s = local->wait_synced_s,
        .wait_unsynced_s = local->wait_unsynced_s,
    };
}

static struct pipeline_config pipeline_config_of(const struct daemon *daemon)
{
    const struct config_clock *clock = &daemon->config->clock;
    struct pipeline_config config;
    pipeline_config_init(&config);
    config.discipline =
        clock->discipline && daemon->keeper.settable && daemon->setup.mode == DAEMON_RUN;
    config.step_threshold_s = clock->step_threshold_s;
    config.step_updates = (int)clock->step_updates;
    config.max_change_s = clock->max_change_s;
    config.max_change_after = clock->max_change_after;
    config.max_change_ignore = clock->max_change_ignore;
    config.max_frequency = clock->max_frequency_ppm * 1e-6;
    config.max_slew_rate = clock->max_slew_ppm * 1e-6;
    config.max_distance_s = clock->max_distance_s;
    config.max_jitter_s = clock->max_jitter_s;
    config.min_sources = (int)clock->min_sources;
    config.min_stratum = (int)clock->min_stratum;
    config.max_stratum = (int)clock->max_stratum;
    config.precision_log2s = daemon->os->clock->ops->precision_log2s(daemon->os->clock);
    config.local = local_config_of(&daemon->config->local);
    config.leap_mode = (enum pipeline_leap_mode)clock->leap;
    return config;
}

static struct drift read_drift(struct daemon *daemon)
{
    struct drift drift = {.frequency = 0, .skew = -1};
    int rc = daemon->drift_path == NULL ? -ENOENT
                                        : drift_read(daemon->os->store, daemon->drift_path, &drift);
    if (rc == 0)
        logger_log(daemon->logger, GN_INFO, NULL,
                   "drift file %s: the clock runs %.3f ± %.3f ppm %s", daemon->drift_path,
                   fabs(drift.frequency) * 1e6, drift.skew * 1e6,
                   drift.frequency < 0 ? "fast" : "slow");
    else if (rc != -ENOENT)
        logger_log(daemon->logger, GN_WARNING, NULL, "drift file %s: %s; starting without it",
                   daemon->drift_path,
                   rc == -EINVAL ? "not two numbers (frequency and skew in ppm)" : strerror(-rc));
    return drift;
}

static int make_parts(struct daemon *daemon)
{
    const char *drift_file = daemon->config->clock.drift_file;
    struct pipeline_config config;
    struct drift drift;
    bool settable = !daemon->setup.read_only && daemon->os->clock->max_frequency > 0;
    timekeeper_init(&daemon->keeper, daemon->os->clock, settable);
    publish_init(&daemon->publish);
    daemon->drift_path = strdup(drift_file != NULL ? drift_file : STATEDIR "/drift");
    if (daemon->drift_path == NULL)
        return -ENOMEM;
    drift = read_drift(daemon);
    if (archive_open(&daemon->archive, daemon->os->store, daemon->logger, daemon->drift_path) < 0)
        return -ENOMEM;
    config = pipeline_config_of(daemon);
    daemon->started = timekeeper_now(&daemon->keeper);
    daemon->pipeline = pipeline_create(&config, daemon->started, drift.frequency, drift.skew);
    if (daemon->pipeline == NULL)
        return -ENOMEM;
    pipeline_tai_offset(daemon->pipeline, daemon->os->clock->ops->tai_offset_s(daemon->os->clock));
    archive_recall(&daemon->archive, daemon->pipeline);
    return 0;
}

static void open_instance(struct daemon *daemon, const struct config_instance *config,
                          struct instance ***link, struct diagnostics *diagnostics)
{
    char words[sizeof((struct instance *)0)->words] = "";
    struct instance *instance = NULL;
    void *shared;
    int rc = shared_get(daemon, config, &shared, words, sizeof words);
    if (rc == 0)
        rc = instance_open(daemon, config, shared, &instance);
    if (rc < 0) {
        const char *why = instance != NULL && instance->words[0] != '\0' ? instance->words : words;
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, config->file, config->line, "%s: %s",
                        config->name, why[0] != '\0' ? why : strerror(-rc));
        instance_close(instance);
        return;
    }
    **link = instance;
    *link = &instance->next;
}

/* -q and -Q want four quick samples, as a burst at start would give them. */
static void hurry(struct config *config)
{
    for (size_t i = 0; i < config->instance_count; i++)
        config->instances[i].source.min_poll_log2s = config->instances[i].source.max_poll_log2s = 1;
}

struct daemon *daemon_create(const struct daemon_setup *setup, struct diagnostics *diagnostics)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    struct instance **link;
    if (daemon == NULL)
        return NULL;
    daemon->setup = *setup;
    daemon->os = setup->os;
    daemon->config = setup->config;
    daemon->logger = setup->logger;
    if (make_parts(daemon) < 0) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, NULL, 0, "out of memory");
        daemon_destroy(daemon);
        return NULL;
    }
    if (setup->mode != DAEMON_RUN)
        hurry(daemon->config);
    link = &daemon->instances;
    daemon->findings = diagnostics;
    for (size_t i = 0; i < daemon->config->instance_count; i++)
        open_instance(daemon, &daemon->config->instances[i], &link, diagnostics);
    daemon->findings = NULL;
    if (diagnostics->errors > 0) {
        daemon_destroy(daemon);
        return NULL;
    }
    return daemon;
}

void daemon_destroy(struct daemon *daemon)
{
    if (daemon == NULL)
        return;
    while (daemon->instances != NULL) {
        struct instance *instance = daemon->instances;
        daemon->instances = instance->next;
        instance_close(instance);
    }
    shared_close_all(daemon);
    free(daemon->spare);
    bus_clear(&daemon->bus);
    pipeline_destroy(daemon->pipeline);
    config_free(daemon->config);
    leaplist_finish(&daemon->leaplist);
    archive_close(&daemon->archive);
    free(daemon->drift_path);
    free(daemon);
}

/* ---------------------------------------------------------------- running */

static void deadline_reached(void *arg)
{
    struct daemon *daemon = arg;
    daemon->run_pipeline = true;
}

/* Only sources that are polled, and a clock that is left alone: who sets it is seen soon enough
 * with the next sample. */
static bool has_nothing_to_watch(const struct daemon *daemon)
{
    for (const struct instance *instance = daemon->instances; instance != NULL;
         instance = instance->next)
        if (instance->config->role->kind != GN_SOURCE)
            return false;
    return !daemon_steers(daemon) && !pipeline_wants_watch(daemon->pipeline);
}

/* Nothing that a sample does not show sooner waits for it, and a small machine is to sleep; but the
   one thing of -q and -Q has somebody waiting. */
static int64_t housekeeping_interval_ns(const struct daemon *daemon)
{
    if (daemon->setup.mode != DAEMON_RUN)
        return GN_NS_PER_S / 4;
    return (has_nothing_to_watch(daemon) ? 60 : 10) * GN_NS_PER_S;
}

/* How long a source or an output waits that could not start: for its device, or for memory. */
#define START_AGAIN_NS (60 * GN_NS_PER_S)

static void start_again(struct daemon *daemon, struct instance *instance)
{
    char words[sizeof instance->words] = "";
    void *shared;
    int rc = shared_get(daemon, instance->config, &shared, words, sizeof words);
    if (rc == 0)
        rc = instance_start_again(instance, shared);
    instance->again = gn_local_add(timekeeper_now(&daemon->keeper), START_AGAIN_NS);
    if (rc == 0)
        logger_log(daemon->logger, GN_INFO, instance->config->name, "started at last");
    else
        logger_log(daemon->logger, GN_DEBUG, instance->config->name, "still cannot start: %s",
                   instance->words[0] != '\0' ? instance->words : strerror(-rc));
}

static void start_refused(struct daemon *daemon)
{
    gn_local now = timekeeper_now(&daemon->keeper);
    for (struct instance *instance = daemon->instances; instance != NULL; instance = instance->next)
        if (instance->refused && !instance->doomed && gn_local_sub(now, instance->again) >= 0)
            start_again(daemon, instance);
}

/* Now and then: see whether somebody moved the clock, publish the grown error, save the drift, try
   what could not start. */
static void keep_house(void *arg)
{
    struct daemon *daemon = arg;
    turn_look(daemon);
    turn_tell_kernel(daemon, false);
    daemon->run_pipeline = daemon->run_pipeline || pipeline_wants_watch(daemon->pipeline);
    turn_save_drift(daemon, false);
    leaplist_keep(daemon);
    start_refused(daemon);
    daemon->os->loop->ops->timer_start(daemon->housekeeping, housekeeping_interval_ns(daemon));
}

static int open_timers(struct daemon *daemon)
{
    struct os_loop *loop = daemon->os->loop;
    int rc = loop->ops->timer_open(loop, deadline_reached, daemon, &daemon->deadline);
    if (rc == 0)
        rc = loop->ops->timer_open(loop, keep_house, daemon, &daemon->housekeeping);
    return rc == 0 ? loop->ops->timer_start(daemon->housekeeping, housekeeping_interval_ns(daemon))
                   : rc;
}

static void answer(void *arg, const char *request, gn_command_cb reply, void *reply_arg)
{
    command_run(arg, request, reply, reply_arg);
}

/* Without its socket the daemon still keeps time: a container or a simulator may refuse AF_UNIX. */
static int open_control(struct daemon *daemon)
{
    const struct config_control *control = &daemon->config->control;
    const char *path = daemon->setup.control_socket != NULL ? daemon->setup.control_socket
                       : control->socket != NULL            ? control->socket
                                                            : RUNDIR "/gnomon.sock";
    int rc;
    if (path[0] == '\0' || daemon->setup.mode != DAEMON_RUN)
        return 0;
    rc = control_open(daemon->os, daemon->logger, path, (mode_t)control->mode, answer, daemon,
                      &daemon->control);
    if (rc == -EADDRINUSE)
        return rc;
    if (rc < 0)
        logger_log(daemon->logger, GN_WARNING, NULL,
                   "going on without a control socket: gnomonctl cannot reach us");
    return 0;
}

/* A server that cannot serve ends the daemon; a source or an output that cannot start does not. */
static int start_instances(struct daemon *daemon)
{
    for (struct instance *instance = daemon->instances; instance != NULL;
         instance = instance->next) {
        bool serves = instance->config->role->kind == GN_SERVER;
        int rc;
        if (serves && daemon->setup.mode != DAEMON_RUN)
            continue;
        rc = instance_start(instance);
        if (rc == 0)
            continue;
        logger_log(daemon->logger, GN_ERROR, NULL, "%s:%u: %s: %s", instance->config->file,
                   instance->config->line, instance->config->name,
                   instance->words[0] != '\0' ? instance->words : strerror(-rc));
        if (serves)
            return rc;
        instance->again = gn_local_add(timekeeper_now(&daemon->keeper), START_AGAIN_NS);
    }
    return 0;
}

int daemon_start(struct daemon *daemon)
{
    struct os_loop *loop = daemon->os->loop;
    int rc = open_timers(daemon);
    if (rc == 0)
        rc = open_control(daemon);
    hardware_open(&daemon->hardware, daemon->os, &daemon->keeper, daemon->logger,
                  &daemon->config->network);
    if (rc == 0)
        rc = start_instances(daemon);
    if (rc < 0)
        return rc;
    (void)daemon_reap(daemon); /* who would not even start */
    loop->ops->turn_end(loop, turn_run, daemon);
    daemon->run_pipeline = true;
    leaplist_start(daemon);
    daemon_event(daemon, GN_EVENT_STARTED, GN_INFO, NULL, 0, "gnomond " VERSION " started%s",
                 daemon->keeper.settable ? "" : ": the clock will not be touched");
    return 0;
}

bool daemon_steers(const struct daemon *daemon)
{
    return daemon->keeper.settable && daemon->config->clock.discipline &&
           daemon->setup.mode == DAEMON_RUN;
}

/* Leave the clock running at its own rate, without what is left of a slew. */
static void leave_clock(struct daemon *daemon)
{
    double frequency;
    if (daemon_steers(daemon) && pipeline_rest(daemon->pipeline, &frequency))
        (void)timekeeper_steer(&daemon->keeper, frequency);
}

static void stop_roles(struct daemon *daemon, bool outputs)
{
    for (struct instance *instance = daemon->instances; instance != NULL; instance = instance->next)
        if ((instance->config->role->kind == GN_OUTPUT) == outputs)
            instance_stop(instance);
}

void daemon_stop(struct daemon *daemon)
{
    struct os_loop *loop = daemon->os->loop;
    daemon->setup.finished = NULL;
    if (daemon->setup.mode == DAEMON_RUN) {
        daemon_event(daemon, GN_EVENT_STOPPING, GN_INFO, NULL, 0, "stopping");
        turn_save_drift(daemon, true);
    }
    leave_clock(daemon);
    daemon->oneshot_done = true;
    turn_run(daemon); /* outputs hear of the end */
    turn_tell_kernel(daemon, true);
    loop->ops->turn_end(loop, NULL, NULL);
    stop_roles(daemon, false);
    stop_roles(daemon, true);
    hardware_close(&daemon->hardware);
    control_close(daemon->control);
    daemon->control = NULL;
    loop->ops->timer_close(daemon->deadline);
    loop->ops->timer_close(daemon->housekeeping);
    daemon->deadline = daemon->housekeeping = NULL;
}

/* ---------------------------------------------------------------- what commands need */

const struct gn_state *daemon_state(struct daemon *daemon, gn_local *now)
{
    *now = timekeeper_now(&daemon->keeper);
    return pipeline_state(daemon->pipeline);
}

void daemon_tracking(struct daemon *daemon, struct gn_tracking *tracking)
{
    gn_local now = timekeeper_now(&daemon->keeper);
    *tracking = (struct gn_tracking){.size = sizeof *tracking};
    pipeline_tracking(daemon->pipeline, now, timekeeper_system(&daemon->keeper, now).ns,
                      timekeeper_frequency(&daemon->keeper), tracking);
}

void daemon_sources(struct daemon *daemon, gn_source_report_cb callback, void *arg)
{
    gn_local now = timekeeper_now(&daemon->keeper);
    int64_t system_ns = timekeeper_system(&daemon->keeper, now).ns;
    for (struct gn_source *source = daemon->sources.first; source != NULL; source = source->next) {
        if (source->owned.owner->doomed)
            continue;
        struct gn_source_report report = {
            .size = sizeof report,
            .name = source->name,
            .plugin = source->owned.owner->config->plugin->descriptor->name,
            .address = source->address,
            .mode = (uint8_t)source->mode,
        };
        pipeline_source_report(daemon->pipeline, source->in_pipeline, now, system_ns,
                               timekeeper_frequency(&daemon->keeper), &report);
        callback(arg, &report);
    }
}

int daemon_makestep(struct daemon *daemon, char *why, size_t why_size)
{
    int rc = daemon->keeper.settable ? pipeline_makestep(daemon->pipeline) : -EPERM;
    if (rc == 0)
        daemon->run_pipeline = true;
    else if (daemon->setup.read_only)
        snprintf(why, why_size, "the daemon runs with -x and never touches the clock");
    else if (rc == -EPERM)
        snprintf(why, why_size,
                 "the daemon may not set the clock (clock.discipline = false, or refused by the "
                 "kernel)");
    else
        snprintf(why, why_size, "no source is selected, so there is nothing to step to");
    return rc;
}

void daemon_end(struct daemon *daemon, int status)
{
    daemon->ending = true;
    daemon->end_status = status;
}

void daemon_shutdown(struct daemon *daemon)
{
    daemon_end(daemon, 0);
}

struct loader *daemon_loader(struct daemon *daemon)
{
    return daemon->setup.loader;
}
