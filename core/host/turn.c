/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The end of a loop's turn: samples that came in are selected and combined, the clock is steered,
 * the snapshot published, and events delivered. The one place where the data's way closes.
 */

#include <errno.h>
#include <host/daemon_internal.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How often the drift is saved. */
#define DRIFT_INTERVAL_NS (INT64_C(3600) * GN_NS_PER_S)
/* The kernel lets its maxerror grow so much (s/s), and calls the clock unsynchronised above this.
 * Spec: MAXFREQ and NTP_PHASE_LIMIT of Linux. */
#define KERNEL_GROWTH 500e-6
#define USELESS_ERROR_S 16.0
/* How often it is told at least: with each look after the house. */
#define KERNEL_INTERVAL_S 10.0

/* The daemon cannot set the clock; from here on it only tells. */
static void clock_refused(struct daemon *daemon, int error)
{
    daemon->keeper.settable = false;
    pipeline_clock_refused(daemon->pipeline);
    daemon_event(
        daemon, GN_EVENT_CLOCK_REFUSED, GN_WARNING, NULL, 0,
        "the kernel refuses to set the clock (%s): going on without touching it, as with -x%s",
        strerror(-error), error == -EPERM ? "; to set it, run as root or with CAP_SYS_TIME" : "");
}

static bool carry_out(struct daemon *daemon, int rc)
{
    if (rc < 0)
        clock_refused(daemon, rc);
    return rc >= 0;
}

/* The error of the clock, not of the estimate. As it will be when the kernel is told the next time:
 * until then the kernel lets it grow as its specification says. */
static double max_error_s(const struct gn_state *state, gn_local now, double away_s)
{
    double grows = fmax(0, state->dispersion_rate - KERNEL_GROWTH);
    return gn_state_root_dispersion_s(state, now) + state->root_delay_s / 2 + away_s +
           grows * KERNEL_INTERVAL_S;
}

void turn_tell_kernel(struct daemon *daemon, bool ends)
{
    const struct gn_state *state = pipeline_state(daemon->pipeline);
    struct os_clock *clock = daemon->os->clock;
    gn_local now = timekeeper_now(&daemon->keeper);
    struct gn_state served; /* a clock that is smeared is not wrong by that */
    pipeline_serve(daemon->pipeline, &served);
    int64_t away_ns = gn_state_utc(&served, now).ns - timekeeper_system(&daemon->keeper, now).ns;
    double away_s = fabs(gn_seconds(away_ns));
    double max_s = max_error_s(state, now, away_s);
    bool known = (state->synchronised || state->clock_state == GN_CLOCK_HOLDOVER) && !ends &&
                 max_s < USELESS_ERROR_S;
    /* The kernel copies the time of a synchronised clock to the RTC; its flag is the only switch.
     */
    struct os_clock_status status = {
        .synchronised = known && daemon->config->clock.rtc == CONFIG_RTC_COPY,
        .leap = pipeline_kernel_leap(daemon->pipeline),
        .max_error_s = max_s,
        .est_error_s = gn_state_error_bound_s(state, now) + away_s,
        .tai_offset_s = pipeline_kernel_tai_offset(daemon->pipeline),
    };
    /* Where the own clock is served its root distance tells nothing of UTC. */
    if (status.max_error_s < status.est_error_s)
        status.max_error_s = status.est_error_s;
    /* Refused here means refused at steer, which says so. */
    if (daemon_steers(daemon))
        (void)clock->ops->status(clock, &status);
}

static void pass_events(struct daemon *daemon, const struct pipeline_actions *actions, bool stepped)
{
    for (size_t i = 0; i < actions->event_count; i++) {
        const struct pipeline_event *event = &actions->events[i];
        struct gn_source *source = source_find(&daemon->sources, event->source);
        if (event->kind == GN_EVENT_STEPPED && !stepped)
            continue; /* it was ordered, but refused */
        daemon_put_event(daemon, &(struct gn_event){.kind = event->kind,
                                                    .level = event->level,
                                                    .source = source != NULL ? source->name : NULL,
                                                    .value = event->value,
                                                    .text = event->text});
    }
}

static void arm_deadline(struct daemon *daemon, const struct pipeline_actions *actions,
                         gn_local now)
{
    const struct os_loop_ops *loop = daemon->os->loop->ops;
    /* The loop's timers run with the steered clock: in a fast slew they would be late by it. */
    int64_t local_ns = actions->deadline.ns - now.ns;
    int64_t delay_ns =
        local_ns + (int64_t)((double)local_ns * timekeeper_frequency(&daemon->keeper));
    if (actions->has_deadline)
        loop->timer_start(daemon->deadline, delay_ns > 0 ? delay_ns : 0);
    else
        loop->timer_stop(daemon->deadline);
}

static void run_pipeline(struct daemon *daemon)
{
    struct pipeline_actions actions = {0};
    bool stepped;
    gn_local now = timekeeper_now(&daemon->keeper);
    pipeline_run(daemon->pipeline, now, timekeeper_system(&daemon->keeper, now).ns,
                 timekeeper_frequency(&daemon->keeper), &actions);
    stepped = actions.step && daemon->keeper.settable &&
              carry_out(daemon, timekeeper_step(&daemon->keeper, actions.step_ns));
    if (stepped)
        now = timekeeper_now(&daemon->keeper);
    if (actions.steer && daemon->keeper.settable)
        carry_out(daemon, timekeeper_steer(&daemon->keeper, actions.frequency));
    if (actions.status)
        turn_tell_kernel(daemon, false);
    if (actions.published) {
        struct gn_state served;
        pipeline_serve(daemon->pipeline, &served);
        publish_write(&daemon->publish, &served);
    }
    pass_events(daemon, &actions, stepped);
    arm_deadline(daemon, &actions, now);
    if (actions.panic)
        daemon_end(daemon, 1);
}

/* The clock jumped by what the machine slept, as far as the coarse count of suspend tells. */
static bool was_suspend(int64_t moved_ns, int64_t slept_ns)
{
    return slept_ns > GN_NS_PER_S && llabs(moved_ns - slept_ns) < 2 * GN_NS_PER_S;
}

/* Somebody else steers the clock: ours is put back, and what theirs has done is slewed away. */
static void look_for_steering(struct daemon *daemon)
{
    double by = timekeeper_take_retuned(&daemon->keeper);
    const struct os_clock_ops *ops = daemon->os->clock->ops;
    char words[128] = "";
    bool reclaimed = daemon_steers(daemon) && ops->reclaim != NULL &&
                     ops->reclaim(daemon->os->clock, words, sizeof words) > 0;
    bool retuned = daemon_steers(daemon) && (by < 0 || by > 0);
    if (retuned)
        daemon_event(daemon, GN_EVENT_CLOCK_RETUNED, GN_WARNING, NULL, by,
                     "somebody else changed the frequency of the system clock by %+.6f ppm: set "
                     "back; only one program may steer it",
                     by * 1e6);
    if (reclaimed)
        daemon_event(daemon, GN_EVENT_CLOCK_RETUNED, GN_WARNING, NULL, 0,
                     "somebody else steers the system clock by %s: ended; only one program may "
                     "steer it",
                     words);
    if (!retuned && !reclaimed)
        return;
    pipeline_clock_moved(daemon->pipeline, timekeeper_now(&daemon->keeper), 0);
    daemon->run_pipeline = true;
}

void turn_look(struct daemon *daemon)
{
    timekeeper_look(&daemon->keeper);
    look_for_steering(daemon);
}

/* Somebody else stepped the clock, the kernel inserted a leap second, or the machine slept. */
static void look_for_moves(struct daemon *daemon)
{
    /* The pipeline must not see a clock that has moved before it knows why. */
    gn_local now = daemon->run_pipeline ? timekeeper_now(&daemon->keeper) : (gn_local){0};
    int64_t slept_ns, moved_ns = timekeeper_take_moved(&daemon->keeper, &slept_ns);
    if (moved_ns == 0)
        return;
    now = timekeeper_now(&daemon->keeper);
    daemon->run_pipeline = true;
    if (was_suspend(moved_ns, slept_ns)) {
        daemon_event(daemon, GN_EVENT_SUSPENDED, GN_INFO, NULL, gn_seconds(moved_ns),
                     "the machine slept for %.1f s: measuring anew", gn_seconds(moved_ns));
        pipeline_suspended(daemon->pipeline, now, gn_seconds(moved_ns));
        return;
    }
    if (pipeline_leap_moved(daemon->pipeline, now, moved_ns)) {
        logger_log(daemon->logger, GN_DEBUG, NULL, "the system clock has leapt with UTC");
        return;
    }
    daemon_event(daemon, GN_EVENT_CLOCK_MOVED, GN_WARNING, NULL, gn_seconds(moved_ns),
                 "somebody else moved the system clock by %+.6f s", gn_seconds(moved_ns));
    pipeline_clock_moved(daemon->pipeline, now, gn_seconds(moved_ns));
}

/* The source's name before the text, unless the text begins with it. */
static void log_event(struct daemon *daemon, const struct gn_event *event)
{
    bool named = strncmp(event->text, event->source, strlen(event->source)) == 0;
    logger_log(daemon->logger, (enum gn_level)event->level, named ? NULL : event->source, "%s",
               event->text);
}

static void deliver_events(struct daemon *daemon)
{
    const struct gn_event *event;
    while ((event = bus_take(&daemon->bus)) != NULL) {
        log_event(daemon, event);
        for (struct instance *instance = daemon->instances; instance != NULL;
             instance = instance->next)
            instance_event(instance, event);
    }
    if (daemon->bus.dropped > 0)
        logger_log(daemon->logger, GN_WARNING, NULL, "%u events came too fast and were dropped",
                   daemon->bus.dropped);
    daemon->bus.dropped = 0;
}

void turn_save_drift(struct daemon *daemon, bool now_or_never)
{
    struct drift drift;
    gn_local now = timekeeper_now(&daemon->keeper);
    int rc;
    bool due =
        daemon->drift_saved.ns == 0 || gn_local_sub(now, daemon->drift_saved) >= DRIFT_INTERVAL_NS;
    if (daemon->drift_path == NULL || !(due || now_or_never) ||
        !pipeline_drift(daemon->pipeline, &drift.frequency, &drift.skew))
        return;
    rc = drift_write(daemon->os->store, daemon->drift_path, &drift);
    if (rc < 0 && !daemon->drift_failed)
        logger_log(daemon->logger, rc == -ENOENT ? GN_INFO : GN_WARNING, NULL,
                   "cannot save the drift in %s: %s (the next start will have to learn it anew)",
                   daemon->drift_path, strerror(-rc));
    if (rc == 0)
        archive_save(&daemon->archive, daemon->pipeline, &daemon->sources);
    daemon->drift_failed = rc < 0;
    daemon->drift_saved = now;
}

void turn_run(void *arg)
{
    struct daemon *daemon = arg;
    daemon_reap(daemon);
    look_for_moves(daemon);
    if (daemon->run_pipeline) {
        daemon->run_pipeline = false;
        run_pipeline(daemon);
    }
    deliver_events(daemon);
    if (daemon_reap(daemon)) { /* whoever heard of an event has deleted a source */
        daemon->run_pipeline = false;
        run_pipeline(daemon);
    }
    for (struct instance *instance = daemon->instances; instance != NULL; instance = instance->next)
        instance->words[0] =
            '\0'; /* what a plugin did not pass on is no reason for later failures */
    if (daemon->setup.mode != DAEMON_RUN)
        oneshot_check(daemon);
    if (daemon->ending && daemon->setup.finished != NULL) {
        daemon->ending = false;
        daemon->setup.finished(daemon->setup.arg, daemon->end_status);
    }
}
