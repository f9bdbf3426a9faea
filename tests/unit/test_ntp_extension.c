/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-ntp/extension.h>
#include <stdlib.h>
#include <string.h>

struct made {
    uint8_t bytes[1500];
    size_t size;
};

static struct made new_packet(void)
{
    return (struct made){.size = WIRE_HEADER_SIZE};
}

static void put32(struct made *made, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        made->bytes[made->size++] = (uint8_t)(value >> (24 - 8 * i));
}

/* A field that claims a length and has `size` bytes. */
static void add_field(struct made *made, uint16_t type, uint16_t length, size_t size)
{
    size_t at = made->size;
    put32(made, (uint32_t)type << 16 | length);
    made->size = at + size;
}

static void add_mac(struct made *made, uint32_t id, size_t digest)
{
    put32(made, id);
    made->size += digest;
}

static enum extension_kind last_of(const struct made *made, uint8_t version)
{
    return extension_last(made->bytes, made->size, version, NULL).kind;
}

START_TEST(a_bare_header_has_nothing_behind_it)
{
    struct made made = new_packet();
    for (uint8_t version = 1; version <= 4; version++)
        ck_assert_int_eq(last_of(&made, version), EXTENSION_END);
}
END_TEST

START_TEST(fields_come_one_by_one)
{
    struct made made = new_packet();
    struct extension_walk walk;
    struct extension_part part;
    add_field(&made, 0x0104, 36, 36);
    add_field(&made, 0x0204, 16, 16);
    add_mac(&made, 0x01020304, 20);
    extension_begin(&walk, made.bytes, made.size, 4);
    ck_assert_int_eq(extension_next(&walk, &part), EXTENSION_FIELD);
    ck_assert_uint_eq(part.type, 0x0104);
    ck_assert_uint_eq(part.offset, 48);
    ck_assert_uint_eq(part.size, 36);
    ck_assert_int_eq(extension_next(&walk, &part), EXTENSION_FIELD);
    ck_assert_uint_eq(part.type, 0x0204);
    ck_assert_uint_eq(part.offset, 84);
    ck_assert_int_eq(extension_next(&walk, &part), EXTENSION_MAC);
    ck_assert_uint_eq(part.offset, 100);
    ck_assert_uint_eq(part.size, 24);
    ck_assert_uint_eq(part.key_id, 0x01020304);
    ck_assert_int_eq(extension_next(&walk, &part), EXTENSION_END);
    ck_assert_int_eq(extension_next(&walk, &part), EXTENSION_END);
    size_t fields;
    ck_assert_int_eq(extension_last(made.bytes, made.size, 4, &fields).kind, EXTENSION_MAC);
    ck_assert_uint_eq(fields, 2);
}
END_TEST

/* Which lengths may stand behind the header, of zeros but for an id of 7. */
START_TEST(the_length_tells_a_mac)
{
    for (uint8_t version = 1; version <= 4; version++) {
        for (size_t more = 4; more <= 100; more++) {
            struct made made = new_packet();
            add_mac(&made, 7, more - 4);
            bool is_mac = more % 4 == 0 && more >= 20 && more <= (version < 4 ? 68 : 24);
            ck_assert_int_eq(last_of(&made, version), is_mac ? EXTENSION_MAC : EXTENSION_MALFORMED);
        }
    }
}
END_TEST

START_TEST(a_nak_is_a_key_of_zero_without_a_digest)
{
    for (uint8_t version = 1; version <= 4; version++) {
        struct made made = new_packet();
        put32(&made, 0);
        ck_assert_int_eq(last_of(&made, version), EXTENSION_NAK);
        made.bytes[made.size - 1] = 1;
        ck_assert_int_eq(last_of(&made, version), EXTENSION_MALFORMED);
    }
    struct made made = new_packet();
    add_field(&made, 0x0104, 28, 28);
    put32(&made, 0);
    ck_assert_int_eq(last_of(&made, 4), EXTENSION_NAK);
}
END_TEST

START_TEST(lengths_that_lie_are_malformed)
{
    const uint16_t lies[] = {0, 1, 4, 12, 15, 17, 30, 36, 100, 32768, 65532, 65535};
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        struct made made = new_packet();
        add_field(&made, 0x0104, lies[i], 32);
        ck_assert_int_eq(last_of(&made, 4), EXTENSION_MALFORMED);
        made = new_packet();
        add_field(&made, 0x0104, 40, 40);
        add_field(&made, 0x0104, lies[i], 32);
        size_t fields;
        struct extension_part part = extension_last(made.bytes, made.size, 4, &fields);
        ck_assert_int_eq(part.kind, EXTENSION_MALFORMED);
        ck_assert_uint_eq(part.offset, 88);
        ck_assert_uint_eq(fields, 1);
    }
}
END_TEST

START_TEST(what_a_field_leaves_must_be_something)
{
    for (size_t left = 0; left <= 40; left++) {
        struct made made = new_packet();
        add_field(&made, 0x0104, 28, 28);
        made.size += left;
        enum extension_kind wanted = left == 0                  ? EXTENSION_END
                                     : left == 4                ? EXTENSION_NAK
                                     : left == 20 || left == 24 ? EXTENSION_MAC
                                                                : EXTENSION_MALFORMED;
        ck_assert_int_eq(last_of(&made, 4), wanted);
    }
}
END_TEST

START_TEST(before_version_4_there_are_no_fields)
{
    struct made made = new_packet();
    add_field(&made, 0x0104, 100, 100);
    ck_assert_int_eq(last_of(&made, 4), EXTENSION_END);
    ck_assert_int_eq(last_of(&made, 3), EXTENSION_MALFORMED);
    made = new_packet();
    add_field(&made, 0x0104, 32, 32);
    ck_assert_int_eq(last_of(&made, 4), EXTENSION_END);
    ck_assert_int_eq(last_of(&made, 3), EXTENSION_MAC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_extension");
    TCase *tests = tcase_create("extension");
    tcase_add_test(tests, a_bare_header_has_nothing_behind_it);
    tcase_add_test(tests, fields_come_one_by_one);
    tcase_add_test(tests, the_length_tells_a_mac);
    tcase_add_test(tests, a_nak_is_a_key_of_zero_without_a_digest);
    tcase_add_test(tests, lengths_that_lie_are_malformed);
    tcase_add_test(tests, what_a_field_leaves_must_be_something);
    tcase_add_test(tests, before_version_4_there_are_no_fields);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
