/* SPDX-License-Identifier: Apache-2.0 */
#include "lineup.h"

#include "address.h"
#include "pace.h"
#include <stdio.h>
#include <string.h>

/* A pool that is not full is resolved again so often, then half as often, and so on. */
#define VACANCY_LOG2S_MIN 6
#define VACANCY_LOG2S_MAX 12

static void on_evicted(void *arg);

static bool is_free(void *arg, const struct gn_address *address)
{
    const struct lineup *lineup = arg;
    return registry_is_free(lineup->registry, address, !lineup->is_pool);
}

void lineup_init(struct lineup *lineup)
{
    for (size_t i = 0; i < lineup->count; i++) {
        struct member *member = &lineup->members[i];
        member->give_up = lineup_give_up;
        member->arg = lineup;
        member->offline = lineup->offline;
        member->seat = (struct registry_seat){
            .is_named = !lineup->is_pool, .evicted = on_evicted, .arg = member};
    }
    lineup->roster.is_free = is_free;
    lineup->roster.arg = lineup;
}

void lineup_finish(struct lineup *lineup)
{
    for (size_t i = 0; i < lineup->count; i++)
        registry_give(lineup->registry, &lineup->members[i].seat);
}

/* ---------------------------------------------------------------- placing */

/* The registry has been asked before: whoever has the address has to go. */
static void place(struct lineup *lineup, struct member *member, const struct gn_address *address,
                  int64_t delay_ns)
{
    struct conduct_view view;
    registry_take(lineup->registry, &member->seat, address);
    member_place(member, address, delay_ns);
    member_look(member, &view);
    conduct_reset(&member->conduct, &view);
}

static bool fill(struct lineup *lineup, size_t i)
{
    struct member *member = &lineup->members[i];
    struct gn_address address;
    if (!roster_take(&lineup->roster, gn_now(lineup->host), &address))
        return false;
    int error = member->source == NULL ? lineup->open(lineup->arg, i) : 0;
    if (error != 0) {
        gn_log(lineup->host, GN_ERROR, "cannot open source %zu: %s", i + 1, strerror(-error));
        roster_give(&lineup->roster, &address);
        return false;
    }
    place(lineup, member, &address, 0);
    return true;
}

static const char used_by_others[] = "every address that the name has is another source's";

/* Members without an address get one; of a pool some may stay out. Returns whether all have one. */
static bool place_members(struct lineup *lineup)
{
    for (size_t i = 0; i < lineup->count; i++) {
        struct member *member = &lineup->members[i];
        if (member->placed || fill(lineup, i))
            continue;
        if (i == 0 && lineup->roster.count > 0 && !member->offline)
            gn_source_fault(lineup->host, member->source, GN_REASON_DUPLICATE, used_by_others);
        return false;
    }
    return true;
}

static void want_more(struct lineup *lineup)
{
    int log2s = VACANCY_LOG2S_MIN + (int)lineup->vacancies;
    if (log2s < VACANCY_LOG2S_MAX)
        lineup->vacancies++;
    lineup->want(lineup->arg, gn_poll_ns((int8_t)log2s));
}

void lineup_update(struct lineup *lineup, const struct gn_address *addresses, size_t count)
{
    lineup->updated = gn_now(lineup->host);
    roster_update(&lineup->roster, lineup->updated, addresses, count);
    if (place_members(lineup))
        lineup->vacancies = 0;
    else
        want_more(lineup);
}

/* ---------------------------------------------------------------- replacing */

static bool swap(struct lineup *lineup, struct member *member, int64_t delay_ns, const char *why)
{
    struct gn_address address = member->address;
    char old[ADDRESS_TEXT_SIZE], new[ADDRESS_TEXT_SIZE];
    if (!roster_swap(&lineup->roster, gn_now(lineup->host), &address))
        return false;
    gn_log(lineup->host, GN_INFO, "%s: %s, trying %s", address_text(&member->address, old), why,
           address_text(&address, new));
    place(lineup, member, &address, delay_ns);
    return true;
}

/* A named server has taken the address of one of a pool. */
static void on_evicted(void *arg)
{
    struct member *member = arg;
    struct lineup *lineup = member->arg;
    char text[ADDRESS_TEXT_SIZE];
    gn_log(lineup->host, GN_INFO, "%s is a source of its own now",
           address_text(&member->address, text));
    roster_give(&lineup->roster, &member->address);
    size_t i = (size_t)(member - lineup->members);
    if (fill(lineup, i))
        return;
    if (i == 0)
        member_vacate(member, lineup->name, GN_REASON_DUPLICATE, used_by_others);
    else
        member_close(member);
    want_more(lineup);
}

static bool is_good(struct member *member)
{
    struct conduct_view view;
    if (member->source == NULL || !member->placed || member->offline)
        return false;
    member_look(member, &view);
    return view.state >= GN_SOURCE_UNSELECTED && view.unanswered < CLIENT_UNREACHABLE;
}

static bool others_are_good(struct lineup *lineup, const struct member *than)
{
    for (size_t i = 0; i < lineup->count; i++)
        if (&lineup->members[i] != than && is_good(&lineup->members[i]))
            return true;
    return false;
}

/* Out of a fresh answer, if there is one to be had. */
static void replace(struct lineup *lineup, struct member *member, enum conduct_fault fault)
{
    gn_local now = gn_now(lineup->host);
    bool is_stale = gn_local_sub(now, lineup->updated) > LINEUP_STALE_NS;
    if (is_stale && lineup->roster.failures == 0) {
        lineup->want(lineup->arg, 0);
        return;
    }
    roster_shun(&lineup->roster, &member->address, gn_local_add(now, LINEUP_SHUN_NS));
    (void)swap(lineup, member, 0, conduct_text(fault));
}

int64_t lineup_look(struct lineup *lineup)
{
    int64_t next_ns = gn_poll_ns(10);
    for (size_t i = 0; i < lineup->count; i++) {
        struct member *member = &lineup->members[i];
        struct conduct_view view;
        if (member->source == NULL || !member->placed || member->offline)
            continue;
        member_look(member, &view);
        enum conduct_fault fault = conduct_look(&member->conduct, &view);
        if (fault != CONDUCT_GOOD && others_are_good(lineup, member))
            replace(lineup, member, fault);
        int64_t poll_ns = pace_interval_ns(view.poll_s);
        next_ns = poll_ns < next_ns ? poll_ns : next_ns;
    }
    return next_ns > gn_poll_ns(6) ? next_ns : gn_poll_ns(6);
}

/* One that answered before, and no other of the pool does: that is our network's fault, and what is
 * known of the server is worth more than a stranger. Not for ever. */
static bool waits_for_network(struct lineup *lineup, const struct member *member)
{
    const struct client *client = &member->client;
    return lineup->is_pool && member->known && client->denied_ns == 0 &&
           client->unanswered + client->failures < 2 * CLIENT_UNREACHABLE &&
           !others_are_good(lineup, member);
}

/* The next address; when all had their turn, ask for new ones. */
void lineup_give_up(void *arg, struct member *member)
{
    struct lineup *lineup = arg;
    gn_local now = gn_now(lineup->host);
    if (waits_for_network(lineup, member)) {
        if (gn_local_sub(now, lineup->updated) > LINEUP_STALE_NS)
            lineup->want(lineup->arg, gn_poll_ns(1));
        return;
    }
    member->swaps++;
    int64_t delay_ns = roster_swap_ns(&lineup->roster, member->swaps);
    if (roster_is_exhausted(&lineup->roster, member->swaps))
        lineup->want(lineup->arg, delay_ns);
    if (member->client.denied_ns > 0)
        roster_shun(&lineup->roster, &member->address, gn_local_add(now, CLIENT_DENIED_NS));
    else if (lineup->is_pool && others_are_good(lineup, member))
        roster_shun(&lineup->roster, &member->address, gn_local_add(now, LINEUP_SHUN_NS));
    (void)swap(lineup, member, delay_ns, "gives nothing");
}

/* ---------------------------------------------------------------- online and offline */

int lineup_online(struct lineup *lineup, struct gn_source *source, bool online)
{
    bool found = false;
    if (source == NULL)
        lineup->offline = !online;
    for (size_t i = 0; i < lineup->count; i++) {
        struct member *member = &lineup->members[i];
        if (source != NULL && member->source != source)
            continue;
        found = true;
        if (member->source == NULL)
            member->offline = !online;
        else if (member->offline == online)
            member_offline(member, !online, "");
    }
    return found ? 0 : -ENOENT;
}
