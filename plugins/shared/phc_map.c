/* SPDX-License-Identifier: Apache-2.0 */
#include "phc_map.h"

#include <math.h>
#include <stddef.h>

/* Before two readings tell it, and besides: how far its rate may be from the oscillator's. A servo
 * may slew it, but those that do it for long stay below this. */
#define FREQUENCY_MOST 2e-4

/* A servo changes the rate within the readings of the line by so much. */
#define FREQUENCY_DOUBT 1e-8

/* Beyond so far from the newest reading nothing is converted. */
#define REACH_S 10.0

/* Readings this much older than the newest say too little of the rate now. */
#define AGE_MOST_S 64.0

/* What a reading may depart by beside the errors: a servo's work since the last. */
#define SLACK_S 1e-6

/* Errors enter as bounds: anywhere in a window is as likely, so 1 sigma is the bound by sqrt(3). */
#define SIGMAS 1.7320508075688772

/* What is told of a converted instant, in sigmas. */
#define SURE 3.0

void phc_map_init(struct phc_map *map)
{
    *map = (struct phc_map){.count = 0};
}

static void begin(struct phc_map *map, const struct phc_map_point *point)
{
    *map = (struct phc_map){
        .points = {*point},
        .count = 1,
        .at = *point,
        .offset_sd_s = point->error_s / SIGMAS,
        .frequency_sd = FREQUENCY_MOST,
    };
}

/* Whole ns apart, so that nothing is lost in doubles: local less PHC since the newest, s. */
static double beyond_s(const struct phc_map *map, const struct phc_map_point *point)
{
    int64_t local_ns = gn_local_sub(point->local, map->at.local);
    return gn_seconds(local_ns - (point->phc_ns - map->at.phc_ns));
}

static double since_s(const struct phc_map *map, int64_t phc_ns)
{
    return gn_seconds(phc_ns - map->at.phc_ns);
}

/* Weighted least squares about the newest point. Two points give a line without any to spare, so
 * the frequency is held to what is possible as if that were one more reading. */
static void fit(struct phc_map *map)
{
    size_t kept = map->count < PHC_MAP_POINTS ? map->count : PHC_MAP_POINTS;
    double w = 0, x = 0, y = 0, xx = 1 / (FREQUENCY_MOST * FREQUENCY_MOST), xy = 0;
    map->at = map->points[(map->count - 1) % PHC_MAP_POINTS];
    for (size_t i = 0; i < kept; i++) {
        const struct phc_map_point *point = &map->points[i];
        double weight = SIGMAS * SIGMAS / (point->error_s * point->error_s);
        double age_s = since_s(map, point->phc_ns), apart_s = beyond_s(map, point);
        if (fabs(age_s) > AGE_MOST_S)
            continue;
        w += weight;
        x += weight * age_s;
        y += weight * apart_s;
        xx += weight * age_s * age_s;
        xy += weight * age_s * apart_s;
    }
    double determinant = w * xx - x * x;
    map->frequency = (w * xy - x * y) / determinant;
    map->offset_s = (xx * y - x * xy) / determinant;
    map->frequency_sd = sqrt(w / determinant);
    map->offset_sd_s = sqrt(xx / determinant);
}

static double doubt_s(const struct phc_map *map, double away_s)
{
    double sd_s = hypot(map->offset_sd_s, away_s * map->frequency_sd);
    return SURE * sd_s + fabs(away_s) * FREQUENCY_DOUBT;
}

/* A line of one reading says nothing of the rate: for so long as `doubt_s` bounds that, all is
 * within it. */
static bool departs(const struct phc_map *map, const struct phc_map_point *point, double *by_s)
{
    double away_s = since_s(map, point->phc_ns);
    *by_s = beyond_s(map, point) - map->offset_s - away_s * map->frequency;
    return fabs(*by_s) > 2 * (doubt_s(map, away_s) + point->error_s) + SLACK_S;
}

/* Two readings that tell the same, at any rate that is possible. */
static bool agree(const struct phc_map_point *a, const struct phc_map_point *b)
{
    double phc_s = gn_seconds(b->phc_ns - a->phc_ns);
    double apart_s = gn_seconds(gn_local_sub(b->local, a->local) - (b->phc_ns - a->phc_ns));
    return fabs(apart_s) <= fabs(phc_s) * FREQUENCY_MOST + a->error_s + b->error_s + SLACK_S;
}

enum phc_map_news phc_map_add(struct phc_map *map, int64_t phc_ns, gn_local local, double error_s,
                              double *step_s)
{
    struct phc_map_point point = {phc_ns, local, error_s > 1e-9 ? error_s : 1e-9};
    double by_s = 0;
    bool away = map->count > 0 && departs(map, &point, &by_s);
    if (step_s != NULL)
        *step_s = by_s;
    if (map->count == 0) {
        begin(map, &point);
        return PHC_MAP_TAKEN;
    }
    if (away && !(map->doubting && agree(&map->doubted, &point))) {
        map->doubting = true;
        map->doubted = point;
        return PHC_MAP_DOUBTED;
    }
    if (away) {
        struct phc_map_point first = map->doubted;
        begin(map, &first);
    }
    map->doubting = false;
    map->points[map->count++ % PHC_MAP_POINTS] = point;
    fit(map);
    return away ? PHC_MAP_STEPPED : PHC_MAP_TAKEN;
}

bool phc_map_local(const struct phc_map *map, int64_t phc_ns, gn_local *local, double *error_s)
{
    if (map->count == 0 || map->doubting)
        return false;
    double away_s = since_s(map, phc_ns);
    if (!(fabs(away_s) <= REACH_S))
        return false;
    double more_s = map->offset_s + away_s * map->frequency;
    *local = gn_local_add(map->at.local, phc_ns - map->at.phc_ns + gn_nanoseconds(more_s));
    *error_s = doubt_s(map, away_s);
    return true;
}
