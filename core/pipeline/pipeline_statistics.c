/* SPDX-License-Identifier: Apache-2.0 */

/* What is kept over a restart, and what becomes of it. */

#include <pipeline/pipeline_internal.h>

void pipeline_recall(struct pipeline *pipeline, const struct oscillator_statistics *statistics)
{
    fusion_recall(pipeline->fusion, statistics);
}

bool pipeline_oscillator_statistics(const struct pipeline *pipeline,
                                    struct oscillator_statistics *statistics)
{
    const struct bank *bank = fusion_bank(pipeline->fusion);
    if (!pipeline->valid || !bank_valid(bank))
        return false;
    bank_weights(bank, statistics);
    return true;
}

void pipeline_source_recall(struct pipeline_source *source,
                            const struct source_statistics *statistics)
{
    if (!source->filter.any)
        filter_recall(&source->filter, statistics);
}

bool pipeline_source_statistics(const struct pipeline_source *source,
                                struct source_statistics *statistics)
{
    return filter_statistics(&source->filter, statistics);
}
