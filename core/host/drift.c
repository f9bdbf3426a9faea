/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/drift.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this no oscillator is believed: the kernel could not even follow it. */
#define DRIFT_MAX_PPM 1e5

/* Whether nothing but blanks is left of the file: anything else is none that we wrote. */
static bool is_end(const char *rest, const char *end)
{
    return rest + strspn(rest, " \t\r\n") == end;
}

int drift_read(struct os_store *store, const char *path, struct drift *drift)
{
    char text[128], *rest, *end;
    double frequency_ppm, skew_ppm;
    ssize_t size = store->ops->read(store, path, text, sizeof text - 1);
    if (size < 0)
        return (int)size;
    text[size] = '\0';
    frequency_ppm = strtod(text, &rest);
    skew_ppm = strtod(rest, &end);
    if (rest == text || end == rest || !is_end(end, text + size) ||
        !(fabs(frequency_ppm) <= DRIFT_MAX_PPM) || !(skew_ppm >= 0 && skew_ppm <= DRIFT_MAX_PPM))
        return -EINVAL;
    *drift = (struct drift){.frequency = frequency_ppm * 1e-6, .skew = skew_ppm * 1e-6};
    return 0;
}

int drift_write(struct os_store *store, const char *path, const struct drift *drift)
{
    char text[128];
    int size =
        snprintf(text, sizeof text, "%.9f %.9f\n", drift->frequency * 1e6, drift->skew * 1e6);
    return store->ops->write(store, path, text, (size_t)size);
}
