/* SPDX-License-Identifier: Apache-2.0 */
#include "teller.h"

#include <stdio.h>
#include <string.h>

/* Who numbers the seconds has given time within so many of its intervals. */
#define FRESH 4

/* What somebody says of a pulse: UTC is the system clock plus this. */
struct teller {
    const char *name; /* of the source to be asked */
    bool found;
    const char *why; /* it cannot be believed; NULL: it can */
    double offset_s, doubt_s;
    uint8_t leap;
};

/* Has it given time lately, by its own measure? A receiver without the sky may pulse on. */
static bool is_fresh(const struct gn_source_report *report)
{
    double interval_s = report->samples > 1 ? report->span_s / (report->samples - 1) : 0;
    return report->reach != 0 && report->samples > 0 &&
           report->last_rx_age_s <= FRESH * (interval_s > 1 ? interval_s : 1);
}

static void ask_source(void *arg, const struct gn_source_report *report)
{
    struct teller *teller = arg;
    if (strcmp(report->name, teller->name) != 0)
        return;
    teller->found = true;
    teller->why = !is_fresh(report)                        ? "gives no time"
                  : report->state == GN_SOURCE_FALSETICKER ? "disagrees with the majority"
                                                           : NULL;
    teller->offset_s = report->offset_s;
    teller->doubt_s = 4 * report->offset_sd_s;
    teller->leap = report->leap;
}

/* In hold-over, too: the error bound says how long it is good for. */
static void ask_estimate(struct gn_host *host, gn_utc system, struct teller *teller)
{
    struct gn_state state = {.size = sizeof state};
    teller->found = true;
    teller->why = "has not been set by any source";
    if (gn_state_read(host, &state) < 0 ||
        (state.clock_state != GN_CLOCK_LOCKED && state.clock_state != GN_CLOCK_HOLDOVER))
        return;
    gn_utc utc = gn_state_utc(&state, gn_from_system(host, system));
    teller->why = NULL;
    teller->offset_s = gn_seconds(gn_utc_sub(utc, system));
    teller->doubt_s = gn_state_error_bound_s(&state, gn_now(host));
    teller->leap = state.leap;
}

/* Returns false, with words, when nobody can say it. */
static bool ask(struct gn_host *host, const struct pulse *pulse, gn_utc system,
                struct teller *teller, char *words)
{
    if (teller->name != NULL)
        gn_report_sources(host, ask_source, teller);
    else
        ask_estimate(host, system, teller);
    if (teller->found && teller->why == NULL && !pulse_tells(pulse, teller->doubt_s))
        teller->why = "is too uncertain";
    if (teller->found && teller->why == NULL)
        return true;
    snprintf(words, TELLER_WORDS, "which second the pulses mark is not known: %.64s %s",
             teller->name != NULL ? teller->name : "the clock",
             teller->found ? teller->why : "(lock) is no source of this configuration");
    return false;
}

enum teller_verdict teller_number(struct gn_host *host, const char *lock, struct pulse *pulse,
                                  gn_utc system, struct teller_second *second,
                                  char words[TELLER_WORDS])
{
    struct teller teller = {.name = lock};
    double late_s;
    if (!ask(host, pulse, system, &teller, words))
        return TELLER_SILENT;
    gn_utc told = gn_utc_add(system, gn_nanoseconds(teller.offset_s));
    second->local = gn_from_system(host, system);
    second->leap = teller.leap == GN_LEAP_UNSYNCHRONISED ? GN_LEAP_NORMAL : teller.leap;
    switch (pulse_number(pulse, second->local, told, &second->utc, &late_s)) {
    case PULSE_NUMBERED:
        return TELLER_NUMBERED;
    case PULSE_CONTRARY:
        return TELLER_CONTRARY;
    case PULSE_AMBIGUOUS:
        break;
    }
    snprintf(words, TELLER_WORDS,
             "ambiguous: %.64s is %.2f s from the pulses; its `offset` has to be corrected",
             lock != NULL ? lock : "the estimate", late_s < 0 ? -late_s : late_s);
    return TELLER_AMBIGUOUS;
}
