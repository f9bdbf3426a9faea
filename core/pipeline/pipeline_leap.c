/* SPDX-License-Identifier: Apache-2.0 */

/* The leap second of the pipeline: who announces it, and who smears it. */

#include <math.h>
#include <pipeline/pipeline_internal.h>
#include <stdio.h>

/* By then whoever knows of a leap second announces it. */
#define SILENT_NS (6 * INT64_C(3600) * GN_NS_PER_S)
/* Who errs as a smear does: so much of it at least, and so near to it. */
#define SMEAR_LEAST_S 0.01
#define SMEAR_LIKE 0.2
/* The first byte of ntpd's reference id while it smears. */
#define SMEAR_REFID 254u
#define NAMES_SIZE 120

gn_utc pipeline_utc(const struct pipeline *pipeline, gn_local now)
{
    struct estimate_fit fit = pipeline->fit;
    if (!pipeline->valid)
        return gn_state_utc(&pipeline->state, now);
    estimate_fit_advance(&fit, now);
    return estimate_fit_utc(&fit);
}

void pipeline_leap_table(struct pipeline *pipeline, const struct leaptable *table)
{
    pipeline->table = table;
    pipeline->dirty = true;
}

void pipeline_tai_offset(struct pipeline *pipeline, int32_t tai_offset_s)
{
    pipeline->tai_offset_s = tai_offset_s;
    pipeline->dirty = true;
}

/* ---------------------------------------------------------------- names */

/* "a, b and 3 more". */
struct names {
    char text[NAMES_SIZE];
    size_t size, count, left_out;
};

static void add_name(struct names *names, const struct pipeline_source *source)
{
    int size = snprintf(NULL, 0, "%s%s", names->count > 0 ? ", " : "", source->name);
    names->count++;
    if (names->left_out > 0 || names->size + (size_t)size + sizeof " and 99999 more" > NAMES_SIZE) {
        names->left_out++;
        return;
    }
    names->size += (size_t)snprintf(names->text + names->size, NAMES_SIZE - names->size, "%s%s",
                                    names->count > 1 ? ", " : "", source->name);
}

static const char *all_names(struct names *names)
{
    if (names->left_out > 0)
        snprintf(names->text + names->size, NAMES_SIZE - names->size, " and %zu more",
                 names->left_out);
    return names->text;
}

/* ---------------------------------------------------------------- who says so */

/* Whether it is one of those that agree; some of them are not needed for the estimate. */
static bool counts(const struct pipeline_source *source)
{
    enum gn_reason reason = source->candidate->reason;
    return source->candidate->state >= GN_SOURCE_COMBINED ||
           (source->candidate->usable &&
            (reason == GN_REASON_NOT_COMBINED || reason == GN_REASON_NOT_PREFERRED));
}

static struct leap_votes count_votes(const struct pipeline *pipeline)
{
    struct leap_votes votes = {0, 0, 0};
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (counts(s)) {
            votes.insert += s->leap == GN_LEAP_INSERT;
            votes.remove += s->leap == GN_LEAP_DELETE;
            votes.all++;
        }
    return votes;
}

static struct leap_word word_of_list(const struct pipeline *pipeline, gn_utc now)
{
    struct leap_word word = {.known = false};
    const struct leaptable *table = pipeline->table;
    if (table == NULL || table->count == 0 || gn_utc_sub(now, table->expires) >= 0)
        return word;
    word.known = true;
    word.leap = leaptable_next(table, now, &word.at);
    return word;
}

static void tell_announced(struct pipeline *pipeline)
{
    const struct leap *leap = &pipeline->leap;
    const char *by = leap->by_list ? ", by the leap second list" : "";
    char date[LEAP_DATE_SIZE];
    leap_date(leap->at, date);
    if (leap->pending == GN_LEAP_NORMAL)
        pipeline_tell(pipeline, GN_EVENT_LEAP, GN_INFO, NULL, 0,
                      "the leap second at the end of %s is no longer announced", date);
    else
        pipeline_tell(pipeline, GN_EVENT_LEAP, GN_INFO, NULL, gn_seconds(leap_by_ns(leap->pending)),
                      "a leap second will be %s at the end of %s (UTC)%s",
                      leap->pending == GN_LEAP_INSERT ? "inserted" : "deleted", date, by);
}

static void tell_refused(struct pipeline *pipeline)
{
    char date[LEAP_DATE_SIZE];
    leap_date(pipeline->leap.refused_at, date);
    pipeline_tell(
        pipeline, GN_EVENT_LEAP, GN_WARNING, NULL, 0,
        "the sources announce a leap second at the end of %s: ignored, since leap seconds "
        "come in June and December (a leap second list could order it)",
        date);
}

/* Whether it announces what the list does not have, or nothing so shortly before what it has. */
static bool differs(const struct leap *leap, const struct pipeline_source *source, gn_utc now)
{
    bool soon = leap->pending != GN_LEAP_NORMAL && gn_utc_sub(leap->at, now) < SILENT_NS;
    if (!counts(source) || source->leap == leap->pending)
        return false;
    return source->leap != GN_LEAP_NORMAL || soon;
}

/* Only who is new among them is named. After a leap announcements are echoes. */
static void tell_differing(struct pipeline *pipeline, gn_utc now)
{
    const struct leap *leap = &pipeline->leap;
    struct names loud = {.size = 0}, silent = {.size = 0};
    if (!leap->by_list || gn_utc_sub(now, leap->quiet_until) < 0 ||
        (leap->pending != GN_LEAP_NORMAL && gn_utc_sub(leap->at, now) < 2 * GN_NS_PER_S))
        return;
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        bool is_new = differs(leap, s, now) && !s->differs_on_leap;
        s->differs_on_leap = differs(leap, s, now);
        if (is_new)
            add_name(s->leap != GN_LEAP_NORMAL ? &loud : &silent, s);
    }
    if (loud.count > 0)
        pipeline_tell(pipeline, GN_EVENT_LEAP, GN_WARNING, NULL, 0,
                      "against the leap second list, a leap second is announced by %s: the list "
                      "counts",
                      all_names(&loud));
    if (silent.count > 0)
        pipeline_tell(pipeline, GN_EVENT_LEAP, GN_WARNING, NULL, 0,
                      "the leap second of the leap second list is not announced by %s: the list "
                      "counts",
                      all_names(&silent));
}

void pipeline_leap_decide(struct pipeline *pipeline, gn_utc now)
{
    struct leap_votes votes = count_votes(pipeline);
    struct leap_word list = word_of_list(pipeline, now);
    struct leap *leap = &pipeline->leap;
    /* Started within the second half of a smear. */
    if (list.known && leap->past == GN_LEAP_NORMAL)
        leap->past = leaptable_last(pipeline->table, now, &leap->past_at);
    if (leap_update(leap, now, votes, list)) {
        pipeline->dirty = true;
        tell_announced(pipeline);
    }
    if (!list.known && leap_refused(leap, now, votes))
        tell_refused(pipeline);
    tell_differing(pipeline, now);
}

/* ---------------------------------------------------------------- who smears */

bool pipeline_source_smears(const struct pipeline *pipeline, const struct pipeline_source *source,
                            gn_local now)
{
    double rate;
    (void)leap_smear_s(&pipeline->leap, pipeline_utc(pipeline, now), &rate);
    if (fpclassify(rate) == FP_ZERO)
        return false;
    /* No address of IPv4 begins with 254; that of IPv6 is a hash, and may do so at other times. */
    return source->config.smears || source->smeared ||
           (source->stratum > 1 && source->follows >> 24 == SMEAR_REFID);
}

/* What it said during the smear would be taken for the truth with it. */
void pipeline_leap_forgive(struct pipeline *pipeline, gn_local now)
{
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (s->smeared && !pipeline_source_smears(pipeline, s, now)) {
            s->smeared = false;
            pipeline_source_reset(pipeline, s, s->config.refid);
        }
}

static bool alike(double apart_s, double smear_s)
{
    return fabs(smear_s) > SMEAR_LEAST_S && fabs(apart_s - smear_s) < SMEAR_LIKE * fabs(smear_s);
}

static double apart_s(const struct pipeline *pipeline, const struct pipeline_turn *turn,
                      const struct pipeline_source *source)
{
    struct estimate_fit fit = pipeline->fit;
    estimate_fit_advance(&fit, turn->now);
    return source->candidate->offset_s - gn_seconds(fit.base_ns - turn->base_ns) - fit.offset_s;
}

/* Who announces a leap second is apart from the others by what they would smear of it so far. */
static bool left_by_smear(const struct pipeline *pipeline, const struct pipeline_turn *turn,
                          const struct pipeline_source *source, gn_utc utc)
{
    double rate;
    enum gn_leap leap = (enum gn_leap)source->leap;
    if (leap != GN_LEAP_INSERT && leap != GN_LEAP_DELETE)
        return false;
    return alike(-apart_s(pipeline, turn, source),
                 leap_smear_of(leap, leap_month_end(utc), false, utc, &rate));
}

static void tell_majority_smears(struct pipeline *pipeline, const struct pipeline_source *other)
{
    struct names names = {.size = 0};
    if (pipeline->smear_told)
        return;
    pipeline->smear_told = true;
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (counts(s) && s->leap == GN_LEAP_NORMAL)
            add_name(&names, s);
    pipeline_tell(pipeline, GN_EVENT_LEAP, GN_WARNING, NULL, 0,
                  "%s announces a leap second, and %s drift from it as if they smeared it: those "
                  "who do need smears = true",
                  other->name, all_names(&names));
}

void pipeline_leap_judge(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    double rate, smear_s;
    gn_utc utc = pipeline_utc(pipeline, turn->now);
    if (!pipeline->valid)
        return;
    smear_s = leap_smear_s(&pipeline->leap, utc, &rate);
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        if (s->candidate->state != GN_SOURCE_FALSETICKER ||
            s->candidate->reason != GN_REASON_DISAGREES)
            continue;
        if (s->leap == GN_LEAP_NORMAL && alike(apart_s(pipeline, turn, s), smear_s))
            s->candidate->reason = GN_REASON_SMEARS;
        else if (left_by_smear(pipeline, turn, s, utc))
            tell_majority_smears(pipeline, s);
    }
}
