/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state file of any bytes: the drift file is taken, or refused and nothing is changed. What is
 * taken comes back as it was after it has been saved, and a pipeline can begin with it.
 */
#include <errno.h>
#include <host/drift.h>
#include <math.h>
#include <pipeline/pipeline.h>
#include <sim/vmachine.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PATH "/state/drift"
#define LIMIT 0.1             /* s/s: drift.c believes no more */
#define GRAIN (0.6e-9 * 1e-6) /* what is lost by nine decimals of ppm */

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void begin_with(const struct drift *drift)
{
    struct pipeline_config config;
    struct gn_tracking tracking = {.size = sizeof tracking};
    gn_local start = {GN_NS_PER_S}, now = {2 * GN_NS_PER_S};
    pipeline_config_init(&config);
    struct pipeline *pipeline = pipeline_create(&config, start, drift->frequency, drift->skew);
    struct pipeline_actions actions = {0};
    require(pipeline != NULL);
    pipeline_run(pipeline, now, now.ns, 0, &actions);
    require(!actions.step && (!actions.steer || isfinite(actions.frequency)));
    pipeline_tracking(pipeline, now, now.ns, 0, &tracking);
    require(isfinite(tracking.residual_frequency) && isfinite(tracking.skew) &&
            !tracking.state.synchronised);
    pipeline_destroy(pipeline);
}

/* Saved and read again it is the same, and from then on to the byte. */
static void save_again(struct os_store *store, const struct drift *drift)
{
    char first[128], second[128];
    struct drift again;
    require(drift_write(store, PATH, drift) == 0);
    ssize_t size = store->ops->read(store, PATH, first, sizeof first);
    require(drift_read(store, PATH, &again) == 0);
    require(fabs(again.frequency - drift->frequency) <= GRAIN);
    require(fabs(again.skew - drift->skew) <= GRAIN);
    require(drift_write(store, PATH, &again) == 0);
    require(store->ops->read(store, PATH, second, sizeof second) == size);
    require(memcmp(first, second, (size_t)size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct drift before = {.frequency = -0.25, .skew = -1};
    struct drift drift = before;
    struct os_store *store = vstore_create();
    require(store != NULL && drift_read(store, PATH, &drift) == -ENOENT);
    require(store->ops->write(store, PATH, data, size) == 0);
    int rc = drift_read(store, PATH, &drift);
    if (rc == 0) {
        require(fabs(drift.frequency) <= LIMIT && drift.skew >= 0 && drift.skew <= LIMIT);
        require(memchr(data, '\0', size) == NULL);
        begin_with(&drift);
        save_again(store, &drift);
    } else {
        require(rc == -EINVAL || rc == -EFBIG);
        require(drift.frequency == before.frequency && drift.skew == before.skew);
    }
    vstore_destroy(store);
    return 0;
}
