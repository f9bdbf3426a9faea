/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/daemon_internal.h>
#include <host/leaplist.h>
#include <pipeline/leap.h>
#include <pipeline/leaptable.h>
#include <stdlib.h>
#include <string.h>

#define DAY_NS (INT64_C(86400) * GN_NS_PER_S)
/* That of the IERS has 10 kB, most of it comments. */
#define MOST_BYTES (256 * 1024)
/* A list is renewed half a year before it expires; who is so late has forgotten it. */
#define WARN_NS (28 * DAY_NS)

enum expiry { EXPIRY_FAR = 0, EXPIRY_SOON, EXPIRY_PAST };

/* UTC, as far as anybody knows it. */
static gn_utc utc_now(struct daemon *daemon, gn_local now, bool *is_known)
{
    const struct gn_state *state = pipeline_state(daemon->pipeline);
    *is_known = state->leap != GN_LEAP_UNSYNCHRONISED;
    return *is_known ? gn_state_utc(state, now) : timekeeper_system(&daemon->keeper, now);
}

/* ---------------------------------------------------------------- expiry */

static enum expiry expiry_of(const struct leaptable *table, gn_utc utc)
{
    int64_t left_ns = gn_utc_sub(table->expires, utc);
    if (left_ns < 0)
        return EXPIRY_PAST;
    return left_ns < WARN_NS ? EXPIRY_SOON : EXPIRY_FAR;
}

static void warn(struct daemon *daemon, enum expiry expiry, gn_utc utc)
{
    const struct leaptable *table = &daemon->leaplist.table;
    const char *path = daemon->config->clock.leap_list;
    char date[LEAP_DATE_SIZE];
    leap_date(gn_utc_add(table->expires, DAY_NS), date);
    if (expiry == EXPIRY_PAST)
        daemon_event(daemon, GN_EVENT_LEAP, GN_WARNING, NULL, 0,
                     "%s expired on %s: leap seconds since then are not in it, TAI may be wrong; "
                     "get a new one (tzdata has it, or the IERS)",
                     path, date);
    else if (expiry == EXPIRY_SOON)
        daemon_event(daemon, GN_EVENT_LEAP, GN_WARNING, NULL, 0,
                     "%s expires on %s, in %d days: get a new one (tzdata has it, or the IERS)",
                     path, date, (int)(gn_utc_sub(table->expires, utc) / DAY_NS));
}

/* At the start by the clock; once more, if the answer is another, when the time is known; daily. */
static void look_at_expiry(struct daemon *daemon, gn_local now)
{
    struct leaplist *list = &daemon->leaplist;
    bool is_known, is_due = list->warned.ns == 0 || gn_local_sub(now, list->warned) >= DAY_NS;
    gn_utc utc = utc_now(daemon, now, &is_known);
    enum expiry expiry = expiry_of(&list->table, utc);
    if (list->table.count == 0 ||
        !(is_due || (is_known && !list->known_time && (int)expiry != list->said)))
        return;
    list->warned = now;
    list->said = (int)expiry;
    list->known_time = is_known;
    warn(daemon, expiry, utc);
}

/* ---------------------------------------------------------------- the file */

static void describe(struct daemon *daemon)
{
    const struct leaptable *table = &daemon->leaplist.table;
    const struct leaptable_entry *last = &table->entries[table->count - 1];
    char expires[LEAP_DATE_SIZE], day[LEAP_DATE_SIZE];
    leap_date(gn_utc_add(table->expires, DAY_NS), expires);
    leap_date(last->from, day);
    logger_log(daemon->logger, GN_INFO, NULL,
               "leap second list %s: valid until %s%s; TAI is %d s ahead of UTC after %s",
               daemon->config->clock.leap_list, expires,
               table->checked ? "" : " (it carries no check sum)", last->tai_offset_s, day);
}

static void unreadable(struct daemon *daemon, int error)
{
    logger_log(daemon->logger, GN_WARNING, NULL, "clock.leap_list: %s: %s; going on %s",
               daemon->config->clock.leap_list,
               error == -EFBIG ? "larger than 256 kB, so no list of leap seconds"
                               : strerror(-error),
               daemon->leaplist.table.count > 0 ? "with what it said before" : "without it");
}

/* What was read is kept, right or wrong: it is told once. */
static void take(struct daemon *daemon, char *bytes, size_t size)
{
    struct leaplist *list = &daemon->leaplist;
    struct leaptable_fault fault;
    struct leaptable table;
    free(list->bytes);
    list->bytes = bytes;
    list->size = size;
    if (!leaptable_parse(&table, bytes, size, &fault)) {
        logger_log(daemon->logger, GN_WARNING, NULL, "%s:%u: %s; going on %s",
                   daemon->config->clock.leap_list, fault.line, fault.text,
                   list->table.count > 0 ? "with what it said before" : "without it");
        return;
    }
    list->table = table;
    list->warned.ns = 0;
    describe(daemon);
    pipeline_leap_table(daemon->pipeline, &list->table);
    daemon->run_pipeline = true;
}

void leaplist_reread(struct daemon *daemon)
{
    struct leaplist *list = &daemon->leaplist;
    const char *path = daemon->config->clock.leap_list;
    char *bytes;
    ssize_t size;
    list->looked = timekeeper_now(&daemon->keeper);
    bytes = path != NULL ? malloc(MOST_BYTES) : NULL;
    if (bytes == NULL)
        return;
    size = daemon->os->store->ops->read(daemon->os->store, path, bytes, MOST_BYTES);
    if (size < 0)
        unreadable(daemon, (int)size);
    if (size < 0 || (list->bytes != NULL && list->size == (size_t)size &&
                     memcmp(list->bytes, bytes, (size_t)size) == 0)) {
        free(bytes);
        return;
    }
    /* Most of the room is not needed. */
    char *shrunk = realloc(bytes, size > 0 ? (size_t)size : 1);
    take(daemon, shrunk != NULL ? shrunk : bytes, (size_t)size);
}

void leaplist_start(struct daemon *daemon)
{
    if (daemon->config->clock.leap_list == NULL)
        return;
    leaplist_reread(daemon);
    look_at_expiry(daemon, timekeeper_now(&daemon->keeper));
}

void leaplist_keep(struct daemon *daemon)
{
    gn_local now = timekeeper_now(&daemon->keeper);
    if (daemon->config->clock.leap_list == NULL)
        return;
    if (gn_local_sub(now, daemon->leaplist.looked) >= DAY_NS)
        leaplist_reread(daemon);
    look_at_expiry(daemon, now);
}

void leaplist_finish(struct leaplist *list)
{
    free(list->bytes);
}
