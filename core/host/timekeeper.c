/* SPDX-License-Identifier: Apache-2.0 */
#include <host/timekeeper.h>
#include <math.h>

/* The kernel gives a frequency back as it has taken it. */
#define LEAST_RETUNE 1e-12

void timekeeper_init(struct timekeeper *keeper, struct os_clock *clock, bool settable)
{
    struct clock_reading now = {0};
    *keeper = (struct timekeeper){.clock = clock, .settable = settable};
    clock->ops->read(clock, &now);
    keeper->suspended_ns = clock->ops->suspended_ns(clock);
    timeline_init(&keeper->timeline, now, clock->ops->frequency(clock));
}

/* Read both scales; a step by somebody else goes into the map before the reading is converted. */
static struct clock_reading observe(struct timekeeper *keeper)
{
    struct clock_reading now = {0};
    keeper->clock->ops->read(keeper->clock, &now);
    keeper->moved_ns += timeline_observe(&keeper->timeline, now);
    return now;
}

gn_local timekeeper_now(struct timekeeper *keeper)
{
    struct clock_reading now = observe(keeper);
    return timeline_local(&keeper->timeline, now.system);
}

gn_utc timekeeper_system(const struct timekeeper *keeper, gn_local when)
{
    gn_utc shown = {timeline_system(&keeper->timeline, when).ns};
    return shown;
}

bool timekeeper_from_system(struct timekeeper *keeper, gn_system stamp, gn_local *local)
{
    uint32_t epoch = keeper->timeline.epoch;
    struct clock_reading now = observe(keeper);
    bool same = epoch == keeper->timeline.epoch;
    *local = timeline_local(&keeper->timeline, same ? stamp : now.system);
    return same;
}

int64_t timekeeper_take_moved(struct timekeeper *keeper, int64_t *slept_ns)
{
    int64_t moved_ns = keeper->moved_ns;
    keeper->moved_ns = 0;
    *slept_ns = 0;
    /* Only a forward jump can be a suspend, and only then is it worth asking. */
    if (moved_ns > 0) {
        int64_t suspended_ns = keeper->clock->ops->suspended_ns(keeper->clock);
        *slept_ns = suspended_ns - keeper->suspended_ns;
        keeper->suspended_ns = suspended_ns;
    }
    return moved_ns;
}

void timekeeper_look(struct timekeeper *keeper)
{
    struct clock_reading now = observe(keeper);
    double found = keeper->clock->ops->frequency(keeper->clock);
    double by = found - timeline_frequency(&keeper->timeline);
    if (fabs(by) < LEAST_RETUNE)
        return;
    /* When it was, nobody knows: where there is an oscillator to be read, local is held to that. */
    timeline_steer(&keeper->timeline, now, found);
    keeper->retuned += by;
}

double timekeeper_take_retuned(struct timekeeper *keeper)
{
    double retuned = keeper->retuned;
    keeper->retuned = 0;
    return retuned;
}

int timekeeper_steer(struct timekeeper *keeper, double frequency)
{
    struct clock_reading at = {0};
    double applied;
    int rc;
    timekeeper_look(keeper);
    rc = keeper->clock->ops->steer(keeper->clock, frequency, &applied, &at);
    if (rc == 0) {
        keeper->moved_ns += timeline_observe(&keeper->timeline, at);
        timeline_steer(&keeper->timeline, at, applied);
    }
    return rc;
}

int timekeeper_step(struct timekeeper *keeper, int64_t delta_ns)
{
    int rc;
    observe(keeper);
    rc = keeper->clock->ops->step(keeper->clock, delta_ns);
    if (rc == 0)
        timeline_step(&keeper->timeline, delta_ns);
    return rc;
}

double timekeeper_frequency(const struct timekeeper *keeper)
{
    return timeline_frequency(&keeper->timeline);
}
