/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-ntp/address.h>
#include <plugins/proto-ntp/interleaved_reply.h>
#include <stdlib.h>
#include <string.h>

#define NOW_NS (INT64_C(1800000000) * GN_NS_PER_S)

static const uint8_t key[16] = "sixteen letters!";

static gn_local at(double seconds)
{
    return (gn_local){NOW_NS + gn_nanoseconds(seconds)};
}

static struct gn_address number(uint32_t n)
{
    struct gn_address address = {.family = GN_FAMILY_IPV4, .port = (uint16_t)(n + 1024)};
    memcpy(address.ip, &n, sizeof(n));
    return address;
}

static struct gn_address six(uint32_t n)
{
    struct gn_address address = {.family = GN_FAMILY_IPV6, .ip = {0x20, 0x01}};
    memcpy(&address.ip[12], &n, sizeof(n));
    return address;
}

static struct ntp_stamp stamp(double seconds)
{
    return wire_stamp_from_utc((gn_utc){NOW_NS + gn_nanoseconds(seconds)});
}

/* ---------------------------------------------------------------- records */

START_TEST(a_client_is_known_by_its_address)
{
    struct client_log *log = client_log_create(1 << 20, key);
    struct gn_address a = number(1), b = number(1);
    ck_assert_uint_eq(client_log_capacity(log), 8192);
    struct client_record *record = client_log_meet(log, &a, at(0));
    b.port = 9; /* clients change their ports */
    b.ip[9] = 7;
    b.scope = 3;
    ck_assert_ptr_eq(client_log_meet(log, &b, at(1)), record);
    ck_assert_uint_eq(record->asked, 2);
    ck_assert_int_eq(record->heard.ns, at(1).ns);
    ck_assert_ptr_eq(client_log_find(log, &a), record);
    struct gn_address other = number(2), same_bytes = six(0);
    memcpy(same_bytes.ip, a.ip, 16);
    ck_assert_ptr_null(client_log_find(log, &other));
    ck_assert_ptr_ne(client_log_meet(log, &same_bytes, at(1)), record);
    ck_assert_uint_eq(client_log_count(log), 2);
    client_log_destroy(log);
}
END_TEST

START_TEST(without_memory_nobody_is_known)
{
    struct client_log *log = client_log_create(1023, key);
    struct gn_address a = number(1);
    ck_assert_uint_eq(client_log_capacity(log), 0);
    ck_assert_ptr_null(client_log_meet(log, &a, at(0)));
    ck_assert_ptr_null(client_log_find(log, &a));
    client_log_sent(log, UINT64_C(1) << 32, stamp(0));
    client_log_destroy(log);
    log = client_log_create(1024, key);
    ck_assert_uint_eq(client_log_capacity(log), 8);
    client_log_destroy(log);
}
END_TEST

START_TEST(a_counter_stays_at_its_end)
{
    struct client_log *log = client_log_create(1024, key);
    struct gn_address a = number(1);
    client_log_meet(log, &a, at(0))->asked = UINT32_MAX - 1;
    client_log_meet(log, &a, at(0));
    ck_assert_uint_eq(client_log_meet(log, &a, at(0))->asked, UINT32_MAX);
    client_log_destroy(log);
}
END_TEST

START_TEST(the_longest_silent_makes_room)
{
    struct client_log *log = client_log_create(1024, key);
    for (uint32_t n = 0; n < 8; n++) {
        struct gn_address a = number(n);
        client_log_meet(log, &a, at(n == 3 ? 0 : 10 + n));
    }
    struct gn_address gone = number(3), newcomer = number(100), stays = number(0);
    ck_assert_ptr_nonnull(client_log_meet(log, &newcomer, at(20)));
    ck_assert_ptr_null(client_log_find(log, &gone));
    ck_assert_ptr_nonnull(client_log_find(log, &stays));
    ck_assert_uint_eq(client_log_count(log), 8);
    client_log_destroy(log);
}
END_TEST

/* Other keys, other places: nobody can choose addresses that fall into one bucket. */
START_TEST(the_key_places_the_clients)
{
    uint8_t other[16] = "another sixteen";
    size_t kept[2];
    for (int i = 0; i < 2; i++) {
        struct client_log *log = client_log_create(64 * 1024, i == 0 ? key : other);
        for (uint32_t n = 0; n < 512; n++) {
            struct gn_address a = six(n << 8);
            client_log_meet(log, &a, at(n));
        }
        kept[i] = client_log_count(log);
        client_log_destroy(log);
    }
    /* 512 into 64 buckets of eight: some overflow, some keep room. */
    ck_assert_uint_gt(kept[0], 400);
    ck_assert_uint_lt(kept[0], 500);
    ck_assert_uint_gt(kept[1], 400);
    ck_assert_uint_ne(kept[0], kept[1]);
}
END_TEST

static void prove(struct client_log *log, const struct gn_address *address, double when)
{
    struct ntp_stamp transmit;
    struct client_reply reply = {interleaved_receive(stamp(when)),
                                 interleaved_transmit(stamp(when))};
    struct client_record *record = client_log_meet(log, address, at(when));
    client_log_save(log, record, &reply, false);
    ck_assert(client_record_recall(record, reply.receive, &transmit));
    ck_assert(transmit.raw == reply.transmit.raw);
}

/* A flood of a million forged addresses pushes out none of those that have seen a reply. */
START_TEST(forgers_push_out_only_each_other)
{
    struct client_log *log = client_log_create(64 * 1024, key); /* 512 records */
    size_t left = 0;
    for (uint32_t n = 0; n < 100; n++) {
        struct gn_address a = number(n);
        prove(log, &a, 1);
    }
    for (uint32_t n = 0; n < 1000000; n++) {
        struct gn_address forged = number(1000 + n);
        struct client_reply reply = {interleaved_receive(stamp(n)), stamp(n)};
        struct client_record *record = client_log_meet(log, &forged, at(2 + n * 1e-3));
        if (record != NULL)
            client_log_save(log, record, &reply, false);
    }
    for (uint32_t n = 0; n < 100; n++) {
        struct gn_address a = number(n);
        left += client_log_find(log, &a) != NULL && client_log_find(log, &a)->proven;
    }
    ck_assert_uint_eq(left, 100);
    ck_assert_uint_eq(client_log_count(log), 512);
    client_log_destroy(log);
}
END_TEST

START_TEST(who_is_proven_ages_too)
{
    struct client_log *log = client_log_create(1024, key);
    for (uint32_t n = 0; n < 8; n++) {
        struct gn_address a = number(n);
        prove(log, &a, n);
    }
    struct gn_address newcomer = number(100), first = number(0);
    ck_assert_ptr_null(client_log_meet(log, &newcomer, at(4095.9)));
    ck_assert_ptr_nonnull(client_log_meet(log, &newcomer, at(4096.1)));
    ck_assert_ptr_null(client_log_find(log, &first));
    client_log_destroy(log);
}
END_TEST

/* ---------------------------------------------------------------- replies */

struct talk {
    struct client_log *log;
    struct client_record *record;
    struct wire_packet reply;
    struct wire_header told;
};

static struct talk new_talk(void)
{
    struct gn_address a = number(1);
    struct talk t = {.log = client_log_create(1024, key)};
    t.record = client_log_meet(t.log, &a, at(0));
    return t;
}

/* A request at a second, its reply 1 ms later by our own clock. */
static struct interleaved_reply ask(struct talk *t, double when, const struct wire_header *request,
                                    uint64_t *tag)
{
    uint8_t bytes[WIRE_HEADER_SIZE];
    struct ntp_stamp transmit = interleaved_transmit(stamp(when + 1e-3));
    struct wire_header basic = {.version = 4,
                                .mode = WIRE_MODE_SERVER,
                                .stratum = 1,
                                .origin = request->transmit,
                                .receive = interleaved_receive(stamp(when)),
                                .transmit = transmit};
    wire_pack(request, bytes);
    wire_pack(&basic, t->reply.bytes);
    t->reply.size = WIRE_HEADER_SIZE;
    struct interleaved_reply made = interleaved_reply_make(t->record, bytes, &t->reply);
    wire_unpack(t->reply.bytes, t->reply.size, &t->told);
    if (made.wanted)
        *tag = interleaved_reply_keep(t->log, t->record, &t->reply, made.interleaved, transmit);
    return made;
}

static struct wire_header request(struct ntp_stamp origin)
{
    return (struct wire_header){.version = 4,
                                .mode = WIRE_MODE_CLIENT,
                                .origin = origin,
                                .receive = {0x1111},
                                .transmit = {0x2222}};
}

START_TEST(a_reply_tells_when_the_one_before_left)
{
    struct talk t = new_talk();
    uint64_t tag = 0;
    struct wire_header asked = request(interleaved_receive(stamp(-9))); /* forgotten, or never */
    struct interleaved_reply made = ask(&t, 0, &asked, &tag);
    ck_assert(made.wanted && !made.interleaved);
    ck_assert(t.told.origin.raw == 0x2222); /* basic */
    ck_assert(t.told.receive.raw == interleaved_receive(stamp(0)).raw);
    ck_assert(t.told.transmit.raw == interleaved_transmit(stamp(1e-3)).raw);
    client_log_sent(t.log, tag, interleaved_transmit(stamp(1.2e-3))); /* the kernel says */
    asked = request(t.told.receive);
    made = ask(&t, 64, &asked, &tag);
    ck_assert(made.wanted && made.interleaved && t.record->proven);
    ck_assert(t.told.origin.raw == 0x1111);
    ck_assert(t.told.receive.raw == interleaved_receive(stamp(64)).raw);
    ck_assert(t.told.transmit.raw == interleaved_transmit(stamp(1.2e-3)).raw);
    /* Not twice. Spec: RFC 9769 §2: the receive timestamp must not be used again. */
    made = ask(&t, 65, &asked, &tag);
    ck_assert(made.wanted && !made.interleaved);
    ck_assert(t.told.origin.raw == 0x2222);
    /* The reply to number 64 is remembered still, by our own clock. */
    asked = request(interleaved_receive(stamp(64)));
    made = ask(&t, 66, &asked, &tag);
    ck_assert(made.interleaved);
    ck_assert(t.told.transmit.raw == interleaved_transmit(stamp(64 + 1e-3)).raw);
    client_log_destroy(t.log);
}
END_TEST

START_TEST(basic_clients_cost_nothing)
{
    struct talk t = new_talk();
    uint64_t tag = 0;
    struct wire_header asked = request((struct ntp_stamp){0});
    ck_assert(!ask(&t, 0, &asked, &tag).wanted);
    asked = request(t.told.transmit); /* what clients tell that send what they know */
    ck_assert(!ask(&t, 1, &asked, &tag).wanted);
    asked = request(t.told.receive);
    asked.receive = asked.transmit; /* no reply could be told from a basic one */
    ck_assert(!ask(&t, 2, &asked, &tag).wanted);
    ck_assert_uint_eq(tag, 0);
    for (int i = 0; i < CLIENT_REPLIES; i++)
        ck_assert(t.record->replies[i].receive.raw == 0);
    client_log_destroy(t.log);
}
END_TEST

START_TEST(receive_stamps_are_unique)
{
    struct talk t = new_talk();
    uint64_t tag = 0;
    struct wire_header asked = request((struct ntp_stamp){4712});
    struct ntp_stamp first;
    ask(&t, 0, &asked, &tag);
    first = t.told.receive;
    ask(&t, 0, &asked, &tag); /* at the same instant, or after a step back */
    ck_assert(t.told.receive.raw == first.raw + 2);
    ask(&t, 0, &asked, &tag);
    ck_assert(t.told.receive.raw == first.raw + 4);
    client_log_destroy(t.log);
}
END_TEST

START_TEST(several_clients_share_an_address)
{
    struct talk t = new_talk();
    uint64_t tag = 0;
    struct ntp_stamp last[3] = {{4712}, {4714}, {4716}};
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < 3; i++) {
            struct wire_header asked = request(last[i]);
            struct interleaved_reply made = ask(&t, round * 64 + i, &asked, &tag);
            ck_assert(made.interleaved == (round > 0));
            last[i] = t.told.receive;
        }
    client_log_destroy(t.log);
}
END_TEST

/* Who forges the address of a client without seeing its replies does it no harm. */
START_TEST(forged_requests_do_not_interrupt)
{
    struct talk t = new_talk();
    uint64_t tag = 0;
    struct wire_header asked = request((struct ntp_stamp){4712});
    ask(&t, 0, &asked, &tag);
    asked = request(t.told.receive);
    ck_assert(ask(&t, 64, &asked, &tag).interleaved);
    for (int round = 2; round < 5; round++) {
        struct ntp_stamp mine = t.told.receive;
        for (int i = 0; i < 1000; i++) {
            asked = request((struct ntp_stamp){4714 + 2 * (uint64_t)i});
            ck_assert(!ask(&t, (round - 1) * 64 + 1 + i * 1e-3, &asked, &tag).interleaved);
        }
        asked = request(mine);
        ck_assert(ask(&t, round * 64, &asked, &tag).interleaved);
    }
    client_log_destroy(t.log);
}
END_TEST

START_TEST(an_instant_finds_its_reply_or_nothing)
{
    struct talk t = new_talk();
    uint64_t tag = 0, none = 0;
    struct wire_header asked = request((struct ntp_stamp){4712});
    ask(&t, 0, &asked, &tag);
    const struct client_reply *reply = &t.record->replies[0];
    struct ntp_stamp before = reply->transmit;
    client_log_sent(t.log, tag, interleaved_transmit(stamp(-1e-3))); /* before it was asked for */
    client_log_sent(t.log, tag, interleaved_transmit(stamp(1.1)));   /* too late */
    client_log_sent(t.log, tag + 1, interleaved_transmit(stamp(1e-4)));
    client_log_sent(t.log, tag & UINT32_MAX, interleaved_transmit(stamp(1e-4)));
    client_log_sent(t.log, UINT64_MAX, interleaved_transmit(stamp(1e-4)));
    client_log_sent(t.log, none, interleaved_transmit(stamp(1e-4)));
    ck_assert(reply->transmit.raw == before.raw);
    client_log_sent(t.log, tag, interleaved_transmit(stamp(1e-4)));
    ck_assert(reply->transmit.raw == interleaved_transmit(stamp(1e-4)).raw);
    client_log_destroy(t.log);
}
END_TEST

START_TEST(stamps_are_even_and_odd)
{
    for (uint64_t raw = 0; raw < 5; raw++) {
        struct ntp_stamp receive = interleaved_receive((struct ntp_stamp){raw});
        struct ntp_stamp transmit = interleaved_transmit((struct ntp_stamp){raw});
        ck_assert(receive.raw % 2 == 0 && receive.raw != 0 && transmit.raw % 2 == 1);
        ck_assert(raw < 2 || (receive.raw <= raw && transmit.raw >= raw));
    }
    for (int64_t ns = 0; ns < 1000; ns++) { /* what is lost is no nanosecond */
        gn_utc utc = {NOW_NS + ns * 999983};
        struct ntp_stamp raw = wire_stamp_from_utc(utc);
        ck_assert_int_eq(wire_stamp_to_utc(interleaved_receive(raw), utc).ns, utc.ns);
        ck_assert_int_eq(wire_stamp_to_utc(interleaved_transmit(raw), utc).ns, utc.ns);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_client_log");
    TCase *records = tcase_create("records"), *replies = tcase_create("replies");
    tcase_add_test(records, a_client_is_known_by_its_address);
    tcase_add_test(records, without_memory_nobody_is_known);
    tcase_add_test(records, a_counter_stays_at_its_end);
    tcase_add_test(records, the_longest_silent_makes_room);
    tcase_add_test(records, the_key_places_the_clients);
    tcase_add_test(records, forgers_push_out_only_each_other);
    tcase_add_test(records, who_is_proven_ages_too);
    tcase_add_test(replies, a_reply_tells_when_the_one_before_left);
    tcase_add_test(replies, basic_clients_cost_nothing);
    tcase_add_test(replies, receive_stamps_are_unique);
    tcase_add_test(replies, several_clients_share_an_address);
    tcase_add_test(replies, forged_requests_do_not_interrupt);
    tcase_add_test(replies, an_instant_finds_its_reply_or_nothing);
    tcase_add_test(replies, stamps_are_even_and_odd);
    suite_add_tcase(suite, records);
    suite_add_tcase(suite, replies);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
