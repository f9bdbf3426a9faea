/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statistics file of any bytes, as it is and with the checksum that its lines should have: it is
 * refused with a line and a reason, or a pipeline can live on it, and once saved it is the same
 * for ever.
 */
#include <host/statistics_file.h>
#include <inttypes.h>
#include <math.h>
#include <pipeline/pipeline.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void exchange(struct pipeline *pipeline, struct pipeline_source *source, int64_t at_ns)
{
    struct gn_sample sample = {.size = sizeof sample, .kind = GN_SAMPLE_TWO_WAY, .stratum = 1};
    struct pipeline_actions actions;
    sample.exchange = (struct gn_exchange){
        .t1 = {at_ns}, .t2 = {at_ns + 1000000}, .t3 = {at_ns + 1001000}, .t4 = {at_ns + 2000000}};
    sample.local = sample.exchange.t4;
    sample.utc = sample.exchange.t3;
    require(pipeline_submit(pipeline, source, &sample) == 0);
    pipeline_run(pipeline, sample.local, sample.local.ns, 0, &actions);
    require(!actions.steer || isfinite(actions.frequency));
}

static void live_on(const struct statistics *statistics)
{
    struct pipeline_config config;
    struct pipeline_source_config setup = {.name = "s", .stratum = -1, .max_poll_log2s = 10};
    struct gn_tracking tracking = {.size = sizeof tracking};
    gn_local now = {100 * GN_NS_PER_S};
    pipeline_config_init(&config);
    struct pipeline *pipeline = pipeline_create(&config, (gn_local){GN_NS_PER_S}, 0, -1);
    require(pipeline != NULL);
    pipeline_recall(pipeline, &statistics->oscillator);
    struct pipeline_source *source = pipeline_source_add(pipeline, &setup);
    require(source != NULL);
    if (statistics->count > 0)
        pipeline_source_recall(source, &statistics->entries[0].source);
    for (int i = 2; i < 40; i++)
        exchange(pipeline, source, i * GN_NS_PER_S);
    pipeline_tracking(pipeline, now, now.ns, 0, &tracking);
    require(isfinite(tracking.error_bound_s) && isfinite(tracking.error_bound_24h_s));
    pipeline_destroy(pipeline);
}

static void save_again(const struct statistics *statistics)
{
    struct text first, second;
    struct statistics again;
    struct statistics_fault fault;
    text_init(&first);
    text_init(&second);
    statistics_format(statistics, &first);
    require(statistics_parse(text_string(&first), first.size, &again, &fault));
    require(again.count == statistics->count);
    statistics_format(&again, &second);
    require(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    statistics_clear(&again);
    text_finish(&first);
    text_finish(&second);
}

static void read(const char *text, size_t size)
{
    struct statistics statistics = {0};
    struct statistics_fault fault;
    if (!statistics_parse(text, size, &statistics, &fault)) {
        require(fault.line > 0 && fault.words[0] != '\0' && statistics.entries == NULL);
        return;
    }
    require(statistics.count <= STATISTICS_SOURCES);
    live_on(&statistics);
    save_again(&statistics);
    statistics_clear(&statistics);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 32);
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    read(text, size);
    size += (size_t)snprintf(text + size, 32, "checksum %08" PRIx32 "\n",
                             statistics_checksum(text, size));
    read(text, size);
    free(text);
    return 0;
}
