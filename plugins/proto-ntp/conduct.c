/* SPDX-License-Identifier: Apache-2.0 */
#include "conduct.h"

void conduct_count(const struct client_counters *counters, struct conduct_view *view)
{
    view->good = counters->verdicts[VERDICT_OK];
    view->bad = counters->verdicts[VERDICT_UNSYNCHRONISED] + counters->verdicts[VERDICT_STRATUM] +
                counters->verdicts[VERDICT_ROOT] + counters->verdicts[VERDICT_LOOP];
}

void conduct_reset(struct conduct *conduct, const struct conduct_view *view)
{
    *conduct = (struct conduct){.since = view->now, .good = view->good, .bad = view->bad};
}

static enum conduct_fault fault_of_sample(uint8_t state)
{
    switch (state) {
    case GN_SOURCE_FALSETICKER:
        return CONDUCT_FALSETICKER;
    case GN_SOURCE_UNUSABLE:
    case GN_SOURCE_JITTERY:
        return CONDUCT_USELESS;
    default:
        return CONDUCT_GOOD;
    }
}

/* What has come since the last look decides; nothing new changes nothing. */
static enum conduct_fault fault_now(const struct conduct *conduct, const struct conduct_view *view)
{
    if (view->unanswered >= CLIENT_UNREACHABLE)
        return CONDUCT_SILENT;
    if (view->good > conduct->good)
        return fault_of_sample(view->state);
    if (view->bad > conduct->bad)
        return CONDUCT_UNSYNCHRONISED;
    return conduct->fault;
}

enum conduct_fault conduct_look(struct conduct *conduct, const struct conduct_view *view)
{
    enum conduct_fault fault = fault_now(conduct, view);
    int64_t polls_ns = (int64_t)(CONDUCT_POLLS * view->poll_s * (double)GN_NS_PER_S);
    if (conduct->fault == CONDUCT_GOOD)
        conduct->since = view->now;
    conduct->fault = fault;
    conduct->good = view->good;
    conduct->bad = view->bad;
    if (fault == CONDUCT_GOOD || fault == CONDUCT_SILENT)
        return fault;
    int64_t lasted_ns = gn_local_sub(view->now, conduct->since);
    return lasted_ns >= polls_ns && lasted_ns >= CONDUCT_LEAST_NS ? fault : CONDUCT_GOOD;
}

const char *conduct_text(enum conduct_fault fault)
{
    switch (fault) {
    case CONDUCT_SILENT:
        return "it does not answer";
    case CONDUCT_UNSYNCHRONISED:
        return "it has no time";
    case CONDUCT_FALSETICKER:
        return "it disagrees with the majority";
    case CONDUCT_USELESS:
        return "what it says cannot be used";
    default:
        return "nothing is wrong with it";
    }
}
