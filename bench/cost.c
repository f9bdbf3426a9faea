/* SPDX-License-Identifier: Apache-2.0 */

/*
 * usage: bench/cost [SAMPLES]
 * What the pipeline costs a machine: microseconds of CPU for a sample, and bytes for a source, over
 * 1, 10, 100 and 1000 sources. Each asks every 64 s, and after every answer the pipeline runs once,
 * as in the daemon. One source in ten lies for a while, so the history is gone through as well.
 */

#include <malloc.h>
#include <math.h>
#include <pipeline/pipeline.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define POLL_NS (64 * GN_NS_PER_S)
#define START_NS (INT64_C(1700000000) * GN_NS_PER_S)
/* So many exchanges of each source before the clock is looked at. */
#define WARM_UP 20
#define LIE_NS (GN_NS_PER_S / 2)
#define PATH_NS 200000
#define QUEUE_NS 50000.0

struct trial {
    struct pipeline *pipeline;
    struct pipeline_source **sources;
    size_t count;
    uint64_t chance;
    gn_local now;
    double submit_s, run_s, longest_s;
    size_t samples;
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Mean QUEUE_NS. Spec: Knuth's MMIX generator. */
static int64_t queue_ns(struct trial *trial)
{
    trial->chance = trial->chance * 6364136223846793005U + 1442695040888963407U;
    return (int64_t)(-QUEUE_NS * log(((double)(trial->chance >> 11) + 0.5) / 0x1p53));
}

static struct gn_sample exchange(struct trial *trial, bool lies)
{
    struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_TWO_WAY,
        .stratum = 1,
        .root_dispersion_s = 1e-5,
        .dispersion_s = 1e-6,
    };
    int64_t there_ns = PATH_NS + queue_ns(trial), back_ns = PATH_NS + queue_ns(trial);
    sample.exchange.t4 = trial->now;
    sample.exchange.t1 = gn_local_add(trial->now, -there_ns - back_ns);
    sample.exchange.t2.ns = trial->now.ns - back_ns + (lies ? LIE_NS : 0);
    sample.exchange.t3 = sample.exchange.t2;
    sample.local = trial->now;
    sample.utc = sample.exchange.t3;
    sample.delay_s = 1e-9 * (double)(there_ns + back_ns);
    return sample;
}

/* One answer, and the turn that it brings. */
static void live(struct trial *trial, size_t index, bool lies, bool counted)
{
    struct pipeline_source *source = trial->sources[index];
    struct gn_sample sample;
    struct pipeline_actions actions;
    trial->now = gn_local_add(trial->now, POLL_NS / (int64_t)trial->count);
    sample = exchange(trial, lies);
    double start_s = cpu_s();
    pipeline_source_poll(trial->pipeline, source, trial->now);
    pipeline_submit(trial->pipeline, source, &sample);
    double middle_s = cpu_s();
    pipeline_run(trial->pipeline, trial->now, trial->now.ns, 0, &actions);
    double end_s = cpu_s();
    if (!counted)
        return;
    trial->samples++;
    trial->submit_s += middle_s - start_s;
    trial->run_s += end_s - middle_s;
    trial->longest_s = fmax(trial->longest_s, end_s - start_s);
}

static bool set_up(struct trial *trial, size_t count)
{
    struct pipeline_config config;
    pipeline_config_init(&config);
    config.discipline = false;
    *trial = (struct trial){.count = count, .chance = 1, .now = {START_NS}};
    trial->sources = calloc(count, sizeof *trial->sources);
    trial->pipeline = pipeline_create(&config, trial->now, 0, -1);
    for (size_t i = 0; trial->sources != NULL && trial->pipeline != NULL && i < count; i++) {
        char name[32];
        struct pipeline_source_config source = {
            .name = name, .stratum = -1, .min_poll_log2s = 6, .max_poll_log2s = 10};
        snprintf(name, sizeof name, "source %zu", i);
        trial->sources[i] = pipeline_source_add(trial->pipeline, &source);
        if (trial->sources[i] == NULL)
            return false;
    }
    return trial->sources != NULL && trial->pipeline != NULL;
}

/* The middle third of the time one source in ten lies. */
static bool measure(struct trial *trial, size_t count, size_t samples, double *bytes)
{
    size_t before = mallinfo2().uordblks;
    bool ready = set_up(trial, count);
    *bytes = (double)(mallinfo2().uordblks - before) / (double)count;
    for (size_t i = 0; ready && i < WARM_UP * count; i++)
        live(trial, i % count, false, false);
    for (size_t i = 0; ready && i < samples; i++)
        live(trial, i % count, i % count % 10 == 9 && i / (samples / 3) == 1, true);
    pipeline_destroy(trial->pipeline);
    free(trial->sources);
    return ready;
}

int main(int argc, char **argv)
{
    static const size_t counts[] = {1, 10, 100, 1000};
    size_t samples = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
    double before_us = 0;
    if (samples < 3)
        return 2;
    printf("pipeline: CPU for a sample\n"
           "sources    take us     run us     both us   of before   longest us   bytes/source\n");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct trial trial;
        double bytes, both_us;
        if (!measure(&trial, counts[i], samples, &bytes))
            return 1;
        both_us = 1e6 * (trial.submit_s + trial.run_s) / (double)trial.samples;
        printf("%7zu %10.2f %10.2f %11.2f", counts[i], 1e6 * trial.submit_s / (double)samples,
               1e6 * trial.run_s / (double)samples, both_us);
        printf(" %10.1fx %12.0f %14.0f\n", i > 0 ? both_us / before_us : 1, 1e6 * trial.longest_s,
               bytes);
        before_us = both_us;
    }
    return 0;
}
