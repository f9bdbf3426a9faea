/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_PIPELINE_FIXTURE_H
#define UNIT_PIPELINE_FIXTURE_H

/**
 * A host made of numbers: an oscillator that wanders, the kernel's two clocks on it, servers
 * behind noisy paths, and a pipeline that steers the clock through a timeline as the daemon does.
 */

#include <check.h>
#include <math.h>
#include <pipeline/pipeline.h>
#include <pipeline/timeline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused))
#define WORLD_SERVERS 6
#ifndef WORLD_EPOCH_NS
#define WORLD_EPOCH_NS INT64_C(1750000000000000000)
#endif
#define SECOND GN_NS_PER_S

/* --- chance: splitmix64 --- */

struct chance {
    uint64_t state;
};

static UNUSED uint64_t chance_bits(struct chance *chance)
{
    uint64_t z = (chance->state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* In (0, 1). */
static UNUSED double chance_uniform(struct chance *chance)
{
    return ((double)(chance_bits(chance) >> 11) + 0.5) / 9007199254740992.0;
}

static UNUSED double chance_exponential(struct chance *chance, double mean)
{
    return -mean * log(chance_uniform(chance));
}

static UNUSED double chance_normal(struct chance *chance, double sd)
{
    double u = chance_uniform(chance), v = chance_uniform(chance);
    return sd * sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* --- the machine --- */

struct server {
    struct pipeline_source *source;
    double offset_s, drift;  /* of the server's clock against true time, s and s/s */
    double base_s, jitter_s; /* one way */
    double extra_up_s;       /* the way there is longer by this */
    bool silent, clock;      /* clock: a reference clock with `jitter_s` normal noise */
    uint8_t leap, stratum;
    uint32_t follows, own_refid;
    int burst;       /* polls 2 s apart that are left */
    int64_t next_ns; /* of the next poll, true time */
    unsigned sent;
};

struct world {
    struct chance chance;
    int64_t true_ns;
    gn_steady steady;
    double steady_rest_ns;
    double slow;   /* the oscillator runs slow by this */
    double wander; /* s/s per √s */
    double rate;   /* what the kernel adds */
    int64_t system_minus_steady_ns;
    struct timeline timeline;
    struct pipeline *pipeline;
    struct pipeline_config config;
    struct server servers[WORLD_SERVERS];
    unsigned server_count;
    bool has_deadline;
    int64_t deadline_ns; /* local */
    unsigned runs, steps, steers, events[GN_EVENT_COUNT];
    double largest_rate, last_step_s;
    struct pipeline_event last_event[GN_EVENT_COUNT];
    bool verbose;
    /* Statistics of every full second after `measure_from_ns`. */
    int64_t measure_from_ns;
    unsigned seconds, covered, covered_by_sigma;
    double square_s2, largest_s, bound_sum_s;
};

static UNUSED struct clock_reading world_read(const struct world *world)
{
    struct clock_reading now = {
        .system = {world->steady.ns + world->system_minus_steady_ns},
        .steady = world->steady,
        .window_ns = 100,
    };
    return now;
}

static UNUSED void world_pass(struct world *world, int64_t by_ns)
{
    double slow = world->slow / (1 + world->slow), ns = (double)by_ns;
    double extra_ns = -ns * slow + (ns - ns * slow) * world->rate + world->steady_rest_ns;
    double whole = floor(extra_ns);
    world->steady.ns += by_ns + (int64_t)whole;
    world->steady_rest_ns = extra_ns - whole;
    world->true_ns += by_ns;
    if (world->wander > 0 && by_ns > 0)
        world->slow += chance_normal(&world->chance, world->wander * sqrt(ns * 1e-9));
}

static UNUSED double world_error_s(const struct world *world)
{
    return gn_seconds(world_read(world).system.ns - world->true_ns);
}

static UNUSED gn_local world_local(const struct world *world)
{
    return timeline_local(&world->timeline, world_read(world).system);
}

/* The daemon's end of a turn. */
static UNUSED void world_run(struct world *world)
{
    struct pipeline_actions actions;
    struct clock_reading now = world_read(world);
    int64_t moved_ns = timeline_observe(&world->timeline, now);
    gn_local local = timeline_local(&world->timeline, now.system);
    if (moved_ns != 0 && !pipeline_leap_moved(world->pipeline, local, moved_ns))
        pipeline_clock_moved(world->pipeline, local, gn_seconds(moved_ns));
    pipeline_run(world->pipeline, local, now.system.ns, timeline_frequency(&world->timeline),
                 &actions);
    world->runs++;
    if (actions.step) {
        world->system_minus_steady_ns += actions.step_ns;
        timeline_step(&world->timeline, actions.step_ns);
        world->steps++;
        world->last_step_s = gn_seconds(actions.step_ns);
    }
    if (actions.steer) {
        ck_assert(isfinite(actions.frequency));
        world->rate = actions.frequency;
        timeline_steer(&world->timeline, world_read(world), actions.frequency);
        world->largest_rate = fmax(world->largest_rate, fabs(actions.frequency));
        world->steers++;
    }
    for (size_t i = 0; i < actions.event_count; i++) {
        world->events[actions.events[i].kind]++;
        world->last_event[actions.events[i].kind] = actions.events[i];
        if (world->verbose)
            printf("%10.1f %s\n", gn_seconds(world->true_ns - WORLD_EPOCH_NS),
                   actions.events[i].text);
    }
    world->has_deadline = actions.has_deadline;
    world->deadline_ns = actions.deadline.ns;
}

static UNUSED gn_utc server_time(const struct world *world, const struct server *server)
{
    double elapsed_s = gn_seconds(world->true_ns - WORLD_EPOCH_NS);
    gn_utc utc = {world->true_ns + gn_nanoseconds(server->offset_s + server->drift * elapsed_s)};
    return utc;
}

static UNUSED void server_describe(const struct server *server, struct gn_sample *sample)
{
    sample->size = sizeof *sample;
    sample->stratum = server->stratum;
    sample->leap = server->leap;
    sample->refid = server->follows;
    sample->own_refid = server->own_refid;
    if (!server->clock) {
        sample->root_delay_s = 1e-5;
        sample->root_dispersion_s = 1e-5;
    }
}

static UNUSED void server_exchange(struct world *world, struct server *server)
{
    struct gn_sample sample = {.kind = GN_SAMPLE_TWO_WAY, .dispersion_s = 1e-6};
    struct gn_exchange *x = &sample.exchange;
    double jitter_s = server->jitter_s;
    x->t1 = world_local(world);
    world_pass(world, gn_nanoseconds(server->base_s + server->extra_up_s +
                                     chance_exponential(&world->chance, jitter_s)));
    x->t2 = server_time(world, server);
    world_pass(world, 20000);
    x->t3 = server_time(world, server);
    world_pass(world,
               gn_nanoseconds(server->base_s + chance_exponential(&world->chance, jitter_s)));
    x->t4 = world_local(world);
    sample.local = x->t4;
    sample.delay_s = gn_seconds(gn_local_sub(x->t4, x->t1) - gn_utc_sub(x->t3, x->t2));
    sample.delay_s = fmax(sample.delay_s, 0);
    sample.utc.ns = x->t3.ns + gn_nanoseconds(sample.delay_s / 2);
    server_describe(server, &sample);
    pipeline_submit(world->pipeline, server->source, &sample);
}

static UNUSED void server_pulse(struct world *world, struct server *server)
{
    struct gn_sample sample = {.kind = GN_SAMPLE_ONE_WAY, .dispersion_s = 1e-6};
    sample.local = world_local(world);
    sample.utc = gn_utc_add(server_time(world, server),
                            gn_nanoseconds(chance_normal(&world->chance, server->jitter_s)));
    server_describe(server, &sample);
    pipeline_submit(world->pipeline, server->source, &sample);
}

static UNUSED void server_poll(struct world *world, struct server *server)
{
    struct gn_source_hint hint;
    double wait_s;
    pipeline_source_poll(world->pipeline, server->source, world_local(world));
    server->sent++;
    if (!server->silent && server->clock)
        server_pulse(world, server);
    else if (!server->silent)
        server_exchange(world, server);
    world_run(world);
    pipeline_source_hint(world->pipeline, server->source, &hint);
    wait_s = server->burst > 0 ? 2 : hint.poll_s;
    server->burst -= server->burst > 0;
    server->next_ns = world->true_ns + gn_nanoseconds(wait_s);
}

static UNUSED void world_measure(struct world *world)
{
    const struct gn_state *state = pipeline_state(world->pipeline);
    gn_local now = world_local(world);
    double error_s = world_error_s(world), bound_s = gn_state_error_bound_s(state, now);
    double told_s = gn_seconds(gn_state_utc(state, now).ns - world->true_ns);
    double sigma_s = gn_state_root_dispersion_s(state, now);
    if (world->true_ns < world->measure_from_ns)
        return;
    world->seconds++;
    world->square_s2 += error_s * error_s;
    world->largest_s = fmax(world->largest_s, fabs(error_s));
    world->bound_sum_s += bound_s;
    world->covered += fabs(told_s) <= bound_s;
    world->covered_by_sigma += fabs(told_s) <= sigma_s;
}

static UNUSED void world_until(struct world *world, double end_s)
{
    int64_t end_ns = WORLD_EPOCH_NS + gn_nanoseconds(end_s);
    while (world->true_ns < end_ns) {
        int64_t next_ns = world->true_ns - (world->true_ns - WORLD_EPOCH_NS) % SECOND + SECOND;
        struct server *first = NULL;
        int64_t deadline_ns = INT64_MAX;
        if (world->has_deadline) {
            /* A loop's timer: by the machine's clock, and a little late. */
            deadline_ns = world->true_ns + world->deadline_ns - world_local(world).ns;
            deadline_ns = deadline_ns > world->true_ns ? deadline_ns + 100000 : world->true_ns;
        }
        for (unsigned i = 0; i < world->server_count; i++)
            if (world->servers[i].source != NULL &&
                (first == NULL || world->servers[i].next_ns < first->next_ns))
                first = &world->servers[i];
        if (first != NULL && first->next_ns <= next_ns && first->next_ns <= deadline_ns) {
            if (first->next_ns > world->true_ns)
                world_pass(world, first->next_ns - world->true_ns);
            server_poll(world, first);
        } else if (deadline_ns <= next_ns) {
            world_pass(world, deadline_ns - world->true_ns);
            world_run(world);
        } else {
            world_pass(world, next_ns - world->true_ns);
            world_measure(world);
        }
    }
}

static UNUSED void world_init(struct world *world, uint64_t seed, double slow, double offset_s)
{
    memset(world, 0, sizeof *world);
    world->chance.state = seed;
    world->true_ns = WORLD_EPOCH_NS;
    world->measure_from_ns = INT64_MAX;
    world->slow = slow;
    world->steady.ns = 5 * SECOND;
    world->system_minus_steady_ns = WORLD_EPOCH_NS + gn_nanoseconds(offset_s) - world->steady.ns;
    timeline_init(&world->timeline, world_read(world), 0);
    pipeline_config_init(&world->config);
}

static UNUSED void world_start(struct world *world)
{
    world->pipeline = pipeline_create(&world->config, world_local(world), 0, -1);
    ck_assert_ptr_nonnull(world->pipeline);
}

static UNUSED struct pipeline_source_config world_source(const char *name)
{
    struct pipeline_source_config config = {
        .name = name,
        .stratum = -1,
        .min_poll_log2s = 6,
        .max_poll_log2s = 10,
        .refid = 0x0A000001,
    };
    return config;
}

static UNUSED struct server *world_add(struct world *world, double base_s, double jitter_s,
                                       const struct pipeline_source_config *config)
{
    struct server *server = &world->servers[world->server_count++];
    server->base_s = base_s;
    server->jitter_s = jitter_s;
    server->stratum = 1;
    server->burst = 3;
    server->next_ns = world->true_ns + (int64_t)world->server_count * SECOND / 10;
    server->source = pipeline_source_add(world->pipeline, config);
    ck_assert_ptr_nonnull(server->source);
    return server;
}

static UNUSED void world_measure_from(struct world *world, double from_s)
{
    world->measure_from_ns = WORLD_EPOCH_NS + gn_nanoseconds(from_s);
    world->seconds = world->covered = world->covered_by_sigma = 0;
    world->square_s2 = world->largest_s = world->bound_sum_s = 0;
}

static UNUSED double world_rms_s(const struct world *world)
{
    return sqrt(world->square_s2 / world->seconds);
}

static UNUSED void world_print(const struct world *world, const char *name)
{
    printf("%-22s RMS %9.3f us, max %9.3f us, bound %9.3f us held in %.4f (without delay %.4f), "
           "%u polls, %u steers\n",
           name, 1e6 * world_rms_s(world), 1e6 * world->largest_s,
           1e6 * world->bound_sum_s / world->seconds, world->covered / (double)world->seconds,
           world->covered_by_sigma / (double)world->seconds, world->servers[0].sent, world->steers);
}

static UNUSED void world_finish(struct world *world)
{
    pipeline_destroy(world->pipeline);
}

static UNUSED struct gn_source_report world_report(const struct world *world, unsigned server)
{
    struct gn_source_report report = {.size = sizeof report};
    pipeline_source_report(world->pipeline, world->servers[server].source, world_local(world),
                           world_read(world).system.ns, world->rate, &report);
    return report;
}

/* --- what most tests begin with --- */

/* A LAN server behind 50 us + 10 us·exp each way. */
static UNUSED struct server *add_lan(struct world *world, const char *name)
{
    struct pipeline_source_config config = world_source(name);
    return world_add(world, 50e-6, 10e-6, &config);
}

static UNUSED struct server *add_wan(struct world *world, const char *name)
{
    struct pipeline_source_config config = world_source(name);
    return world_add(world, 20e-3, 1e-3, &config);
}

static UNUSED struct gn_sample plain_sample(const struct world *world, double offset_s)
{
    struct gn_sample sample = {.size = sizeof sample, .kind = GN_SAMPLE_ONE_WAY, .stratum = 1};
    sample.local = world_local(world);
    sample.utc.ns = sample.local.ns + gn_nanoseconds(offset_s);
    sample.dispersion_s = 1e-4;
    return sample;
}

static UNUSED void check_bound(const struct world *world)
{
    ck_assert_double_ge(world->covered / (double)world->seconds, 0.999);
}

static UNUSED struct server *add_clock(struct world *world, const char *name, double noise_s)
{
    struct pipeline_source_config config = world_source(name);
    struct server *server;
    config.min_poll_log2s = config.max_poll_log2s = 0;
    config.mode = GN_MODE_REFCLOCK;
    config.is_clock = true;
    config.refid = 0x47505300; /* GPS */
    server = world_add(world, 0, noise_s, &config);
    server->clock = true;
    server->stratum = 0;
    return server;
}

#endif
