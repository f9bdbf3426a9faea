/* SPDX-License-Identifier: Apache-2.0 */
#include <base/memory.h>
#include <math.h>
#include <sim/track.h>
#include <stdlib.h>
#include <string.h>

void track_init(struct track *track)
{
    memset(track, 0, sizeof *track);
    track->width = 1;
    track->columns = memory_zeroed(TRACK_COLUMNS * sizeof(struct track_column));
}

void track_finish(struct track *track)
{
    free(track->columns);
    memset(track, 0, sizeof *track);
}

static void merge(struct track_column *into, const struct track_column *next)
{
    into->to_s = next->to_s;
    into->least_s = fmin(into->least_s, next->least_s);
    into->most_s = fmax(into->most_s, next->most_s);
    into->bound_s = fmax(into->bound_s, next->bound_s);
    into->looks += next->looks;
    if (next->outside > 0) {
        into->wrong_from_s = into->outside > 0 ? into->wrong_from_s : next->wrong_from_s;
        into->wrong_to_s = next->wrong_to_s;
    }
    into->outside += next->outside;
}

/* Each two neighbours become one. */
static void halve(struct track *track)
{
    for (size_t i = 0; i < TRACK_COLUMNS / 2; i++) {
        struct track_column pair = track->columns[2 * i];
        merge(&pair, &track->columns[2 * i + 1]);
        track->columns[i] = pair;
    }
    track->count = TRACK_COLUMNS / 2;
    track->width *= 2;
}

static void add_steps(struct track *track, double at_s, const struct vclock_steps *steps)
{
    if (steps->count > track->steps && track->kept_count < TRACK_STEPS)
        track->kept[track->kept_count++] = (struct track_step){at_s, gn_seconds(steps->last_ns)};
    track->steps = steps->count;
}

void track_add(struct track *track, double at_s, const struct node_truth *truth)
{
    double error_s = gn_seconds(truth->clock_error_ns);
    struct track_column look = {
        .from_s = at_s,
        .to_s = at_s,
        .least_s = error_s,
        .most_s = error_s,
        .bound_s = truth->bounded ? truth->error_bound_s : -1,
        .looks = 1,
        .wrong_from_s = at_s,
        .wrong_to_s = at_s,
        .outside =
            truth->bounded && fabs(gn_seconds(truth->estimate_error_ns)) > truth->error_bound_s,
    };
    struct track_column *last = track->count > 0 ? &track->columns[track->count - 1] : NULL;
    add_steps(track, at_s, &truth->steps);
    if (last != NULL && last->looks < track->width) {
        merge(last, &look);
        return;
    }
    if (track->count == TRACK_COLUMNS)
        halve(track);
    track->columns[track->count++] = look;
}

bool track_erred(const struct track *track)
{
    for (size_t i = 0; i < track->count; i++)
        if (track->columns[i].least_s < 0 || track->columns[i].most_s > 0)
            return true;
    return false;
}

/* ---------------------------------------------------------------- what happened */

void marks_add(struct marks *marks, double at_s, const char *text)
{
    if (marks->count == MARKS_MAX)
        marks->dropped++;
    else
        marks->items[marks->count++] = (struct mark){at_s, memory_copy(text)};
}

void marks_finish(struct marks *marks)
{
    for (size_t i = 0; i < marks->count; i++)
        free(marks->items[i].text);
    *marks = (struct marks){.count = 0};
}
