/* SPDX-License-Identifier: Apache-2.0 */
#include "numbering.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A pulse that lies so far from where it should is none; so many of them are another lattice. */
#define STRAY_NS 50000000
#define STRAY_MOST_NS 250000000
#define STRAYS 8
#define CRYSTAL 300e-6
#define COUNTED_NS (800 * GN_NS_PER_S)

/* Messages vote about a lattice that has had a pulse lately. */
#define LATELY_NS (4 * GN_NS_PER_S)
#define SPEAKS_NS (8 * GN_NS_PER_S)

/* Votes that a numbering needs, by what else is known. */
#define NEED 16
#define NEED_LEARNT 8
#define NEED_OTHERS 4

/* By the rule messages come within a second. So near its ends nothing is sure, … */
#define EDGE_S 0.015
#define EDGE_SHARE 0.2
/* … so many may come too late (a long burst on a slow line), … */
#define LATE_SHARE 0.4
/* … and hardly any too early: nobody tells a second that has not begun. */
#define EARLY_SHARE 0.03
#define BELIEVED 4 /* so many are no mistake */
/* Messages on both sides of a pulse, most of them near it, may as well be a little too early. */
#define NEAR_S 0.25
#define NEAR_SHARE 0.4

/* A latency that is known tells the second of a message within so much of it; of so many. */
#define SURPLUS_S 0.35
#define SURPLUS_SHARE 0.9

/* Others tell the second when that is sure with so much to spare. */
#define OTHERS_S 0.45

/* Messages that contradict a numbering end it when there are so many. */
#define EARLY_S 0.05
#define GIVEN_UP 8
#define LEAP_S 0.6

enum numbering_rule numbering_rule(enum gps_kind kind)
{
    switch (kind) {
    case GPS_RMC:
    case GPS_ZDA:
    case GPS_GGA:
    case GPS_GNS:
    case GPS_NAV_PVT:
    case GPS_NAV_TIMEUTC:
    case GPS_NAV_TIMEGPS:
    case GPSD_TPV:
        return NUMBERING_BEFORE;
    case GPS_TIM_TP:
        return NUMBERING_NEXT;
    default:
        return NUMBERING_NOTHING;
    }
}

/* Firmware that tells a fix's second right may tell another in ZDA: it counts when it is alone. */
static int rank_of(enum gps_kind kind)
{
    return kind == GPS_ZDA;
}

void numbering_init(struct numbering *self)
{
    memset(self, 0, sizeof *self);
    self->why = "no pulse has come";
}

void numbering_announce(struct numbering *self, int8_t change, gn_utc at)
{
    self->change = at.ns == self->passed_at.ns ? 0 : change;
    self->change_at = at;
}

/* ---------------------------------------------------------------- messages */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const struct numbering_votes *votes)
{
    double sorted[NUMBERING_WINDOW];
    memcpy(sorted, votes->late_s, votes->count * sizeof *sorted);
    qsort(sorted, votes->count, sizeof *sorted, ascending);
    return sorted[votes->count / 2];
}

/* By the rule a message comes within a second of this, after the instant that it names. */
static double least_of(const struct numbering *self, const struct numbering_votes *votes)
{
    return votes == &self->next ? -1 : 0;
}

static void give_up(struct numbering *self, const char *why)
{
    self->numbered = false;
    self->before.count = self->before.next = 0;
    self->next.count = self->next.next = 0;
    self->early = self->contrary = 0;
    self->believed = false;
    self->why = why;
}

/* Whether a message contradicts the numbering. One that comes later and later does not. */
static void look(struct numbering *self, const struct numbering_votes *votes, double late_s,
                 double surplus_s)
{
    double by_number_s = late_s + (double)self->shift_s, least_s = least_of(self, votes);
    bool known = fabs(surplus_s + (double)self->shift_s) < SURPLUS_S;
    bool early = !known && by_number_s < least_s - EARLY_S;
    bool far = votes->count >= NEED_OTHERS && fabs(late_s - median(votes)) > LEAP_S &&
               (early || by_number_s >= least_s + 1);
    self->early = early ? self->early + 1 : self->early - (self->early > 0);
    self->contrary = far ? self->contrary + 1 : 0;
    if (self->early >= GIVEN_UP)
        give_up(self, "ambiguous: messages come before the pulses of the seconds that they name");
    else if (self->contrary >= GIVEN_UP)
        give_up(self, "ambiguous: the messages name other seconds than before");
}

/* The first that names a second votes; the rest of the burst comes later for being the rest. */
static bool may_vote(struct numbering_votes *votes, int rank, gn_local at, int64_t second)
{
    bool silent = votes->count == 0 || gn_local_sub(at, votes->at) > SPEAKS_NS;
    if (rank > votes->rank && !silent)
        return false;
    if (rank < votes->rank)
        votes->count = votes->next = 0; /* the better witness, alone */
    else if (second == votes->second && votes->count > 0)
        return false;
    votes->rank = rank;
    votes->at = at;
    votes->second = second;
    return true;
}

void numbering_message(struct numbering *self, enum gps_kind kind, gn_local at, gn_utc named,
                       const struct latency_guess *guess)
{
    enum numbering_rule rule = numbering_rule(kind);
    struct numbering_votes *votes = rule == NUMBERING_NEXT ? &self->next : &self->before;
    if (rule == NUMBERING_NOTHING || !self->begun ||
        llabs(gn_local_sub(at, self->at)) > LATELY_NS ||
        !may_vote(votes, rank_of(kind), at, named.ns / GN_NS_PER_S))
        return;
    bool known = guess->learnt || guess->told;
    double late_s = gn_seconds(at.ns + self->whole_ns - named.ns), least_s = least_of(self, votes);
    double surplus_s = known ? late_s - guess->latency_s : (double)NAN;
    if (self->numbered)
        look(self, votes, late_s, surplus_s);
    votes->odd = known && (guess->latency_s < least_s || guess->latency_s >= least_s + 1);
    votes->late_s[votes->next] = late_s;
    votes->surplus_s[votes->next] = surplus_s;
    votes->next = (votes->next + 1) % NUMBERING_WINDOW;
    votes->count += votes->count < NUMBERING_WINDOW;
}

/* ---------------------------------------------------------------- the majority */

/* What a window says. */
struct opinion {
    bool sure;
    int64_t shift_s;
};

static bool share(unsigned some, double most, unsigned count)
{
    return some <= most * count;
}

/* The shift that brings most messages within the second after their pulse. */
static int64_t commonest(const struct numbering_votes *votes, double least_s)
{
    int64_t best = 0;
    unsigned most = 0;
    for (unsigned i = 0; i < votes->count; i++) {
        int64_t shift_s = -(int64_t)floor(votes->late_s[i] - least_s);
        unsigned so_many = 0;
        for (unsigned j = 0; j < votes->count; j++)
            so_many += -(int64_t)floor(votes->late_s[j] - least_s) == shift_s;
        if (so_many > most) {
            most = so_many;
            best = shift_s;
        }
    }
    return best;
}

/* Where the messages of a window come, by some shift. */
struct tally {
    unsigned early, edge, late, near, all;
};

static struct tally tally_of(const struct numbering_votes *votes, double from_s)
{
    struct tally tally = {.all = votes->count};
    for (unsigned i = 0; i < votes->count; i++) {
        double late_s = votes->late_s[i] - from_s;
        tally.early += late_s < 0 && late_s >= -1;
        tally.late += late_s >= 1;
        tally.edge += fabs(late_s) < EDGE_S || fabs(late_s - 1) < EDGE_S;
        tally.near += fabs(late_s - 1) < NEAR_S;
    }
    return tally;
}

static bool is_sure(const struct tally *tally)
{
    bool astride =
        !share(tally->late, EARLY_SHARE, tally->all) && !share(tally->near, NEAR_SHARE, tally->all);
    return share(tally->early, EARLY_SHARE, tally->all) &&
           share(tally->late, LATE_SHARE, tally->all) &&
           share(tally->edge, EDGE_SHARE, tally->all) && !astride;
}

/* By the protocol's rule. */
static struct opinion by_rule(struct numbering *self, const struct numbering_votes *votes)
{
    double least_s = least_of(self, votes);
    struct opinion opinion = {.sure = false};
    if (votes->count < NEED_OTHERS)
        return opinion;
    opinion.shift_s = commonest(votes, least_s);
    struct tally tally = tally_of(votes, least_s - (double)opinion.shift_s);
    opinion.sure = is_sure(&tally);
    if (votes == &self->next)
        return opinion;
    /* Latency grows over a second in small steps; whoever was early once was so for a reason. */
    int64_t most_s = opinion.shift_s + (tally.early >= BELIEVED);
    if (!self->believed || most_s > self->most_s || most_s < self->most_s - 2)
        self->most_s = most_s;
    self->believed = true;
    opinion.sure = opinion.sure && opinion.shift_s >= self->most_s;
    return opinion;
}

/* By the latency that is known. */
static struct opinion by_latency(const struct numbering_votes *votes)
{
    struct opinion opinion = {.sure = false};
    unsigned near = 0, newest = (votes->next + NUMBERING_WINDOW - 1) % NUMBERING_WINDOW;
    if (votes->count < NEED_LEARNT || isnan(votes->surplus_s[newest]))
        return opinion;
    opinion.shift_s = -llround(votes->surplus_s[newest]);
    for (unsigned i = 0; i < votes->count; i++)
        near += fabs(votes->surplus_s[i] + (double)opinion.shift_s) < SURPLUS_S;
    opinion.sure = near >= SURPLUS_SHARE * votes->count;
    return opinion;
}

static void number(struct numbering *self, int64_t shift_s)
{
    self->numbered = true;
    self->shift_s = shift_s;
    self->early = self->contrary = 0;
    self->why = "";
}

/* Everybody who is sure has to say the same, but for a rule that a known latency refutes. */
static void decide(struct numbering *self)
{
    struct numbering_votes *votes = self->before.count > 0 ? &self->before : &self->next;
    struct opinion rule = by_rule(self, votes), known = by_latency(votes);
    struct opinion next =
        votes == &self->before ? by_rule(self, &self->next) : (struct opinion){.sure = false};
    bool others = self->others_in_row >= NEED_OTHERS;
    unsigned need = others ? NEED_OTHERS : known.sure ? NEED_LEARNT : NEED;
    next.sure = next.sure && self->next.count >= need;
    self->why = "the messages have to tell for some more seconds which second it is";
    if (votes->count < need)
        return;
    if (known.sure && (!rule.sure || votes->odd))
        rule = known;
    if (rule.sure && known.sure && rule.shift_s != known.shift_s) {
        /* Learnt of another receiver, or a latency that went over a whole second. */
        if (others && (self->others_s == rule.shift_s || self->others_s == known.shift_s))
            number(self, self->others_s);
        else
            self->why = "ambiguous: the messages come at another time than was learnt";
    } else if (rule.sure && next.sure && rule.shift_s != next.shift_s) {
        self->why = "ambiguous: TIM-TP names another second than the messages after the pulse";
    } else if (rule.sure && others && rule.shift_s != self->others_s) {
        self->why = "ambiguous: the other sources number the seconds otherwise";
    } else if (rule.sure || next.sure) {
        number(self, rule.sure ? rule.shift_s : next.shift_s);
    } else if (others) {
        number(self, self->others_s);
    } else {
        self->why = "ambiguous: the messages' latency varies over a whole second";
    }
}

/* ---------------------------------------------------------------- pulses */

static int64_t nearest_second(int64_t ns)
{
    int64_t rest_ns = ns % GN_NS_PER_S;
    rest_ns += rest_ns < 0 ? GN_NS_PER_S : 0;
    return ns - rest_ns + (2 * rest_ns >= GN_NS_PER_S ? GN_NS_PER_S : 0);
}

/* Puts a pulse into the lattice. Returns false where it does not fit. */
static bool fit(struct numbering *self, gn_local at)
{
    int64_t age_ns = gn_local_sub(at, self->at);
    int64_t second_ns = nearest_second(at.ns + self->whole_ns);
    double may_ns = fmin(STRAY_NS + CRYSTAL * (double)llabs(age_ns), STRAY_MOST_NS);
    if (self->begun && age_ns < COUNTED_NS &&
        (double)llabs(at.ns + self->whole_ns - second_ns) > may_ns && ++self->strays < STRAYS)
        return false;
    if (!self->begun || self->strays >= STRAYS || age_ns >= COUNTED_NS) {
        give_up(self, self->begun ? "the pulses have moved" : "");
        second_ns = nearest_second(at.ns);
        self->others_in_row = 0;
    }
    self->begun = true;
    self->strays = 0;
    self->at = at;
    self->whole_ns = second_ns - at.ns;
    return true;
}

static void hear_others(struct numbering *self, const struct gps_others *others, int64_t second_ns)
{
    double ahead_s = gn_seconds(others->utc.ns - second_ns);
    if (!others->known || fabs(ahead_s - round(ahead_s)) + others->bound_s > OTHERS_S) {
        self->others_in_row = 0;
        return;
    }
    int64_t shift_s = llround(ahead_s);
    self->others_in_row = shift_s == self->others_s ? self->others_in_row + 1 : 1;
    self->others_s = shift_s;
}

static void shift_votes(struct numbering_votes *votes, int by_s)
{
    for (unsigned i = 0; i < votes->count; i++) {
        votes->late_s[i] += by_s;
        votes->surplus_s[i] += by_s;
    }
}

/* Counts over a leap second. */
static enum numbering_verdict leap(struct numbering *self, gn_utc *utc)
{
    int64_t after_ns = gn_utc_sub(*utc, self->change_at);
    if (self->change == 0 || after_ns < (self->change > 0 ? 0 : -GN_NS_PER_S))
        return NUMBERING_NUMBERED;
    if (self->change > 0 && after_ns < GN_NS_PER_S)
        return NUMBERING_INSERTED;
    utc->ns -= self->change * GN_NS_PER_S;
    self->shift_s -= self->change;
    self->most_s -= self->change;
    shift_votes(&self->before, self->change);
    shift_votes(&self->next, self->change);
    self->change = 0;
    self->passed_at = self->change_at;
    return NUMBERING_NUMBERED;
}

enum numbering_verdict numbering_pulse(struct numbering *self, gn_local at,
                                       const struct gps_others *others, gn_utc *utc)
{
    if (!fit(self, at))
        return NUMBERING_STRAY;
    hear_others(self, others, at.ns + self->whole_ns);
    if (!self->numbered)
        decide(self);
    utc->ns = at.ns + self->whole_ns + self->shift_s * GN_NS_PER_S;
    if (self->numbered) {
        enum numbering_verdict verdict = leap(self, utc);
        return verdict == NUMBERING_NUMBERED && self->contrary > 1 ? NUMBERING_CONTRARY : verdict;
    }
    return strncmp(self->why, "ambiguous", 9) == 0 ? NUMBERING_AMBIGUOUS : NUMBERING_WAITING;
}

bool numbering_utc(const struct numbering *self, gn_local at, gn_utc *utc)
{
    utc->ns = at.ns + self->whole_ns + self->shift_s * GN_NS_PER_S;
    return self->numbered && llabs(gn_local_sub(at, self->at)) < COUNTED_NS;
}

const char *numbering_words(const struct numbering *self)
{
    return self->numbered ? "" : self->why;
}
