/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of receivers in any pieces: which sentences and frames come out, and when they began. */

#include <check.h>
#include <plugins/refclock-gps/framer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000000)

struct fixture {
    struct framer framer;
    struct framer_frame frame;
};

static void push(struct fixture *f, const void *data, size_t size, int64_t when_ns, unsigned baud)
{
    framer_push(&f->framer, data, size, (gn_local){when_ns}, baud);
}

static void push_text(struct fixture *f, const char *text)
{
    push(f, text, strlen(text), 0, 0);
}

static bool next(struct fixture *f)
{
    return framer_next(&f->framer, &f->frame);
}

static void expect_sentence(struct fixture *f, const char *text)
{
    ck_assert(next(f));
    ck_assert_int_eq(f->frame.kind, FRAMER_NMEA);
    ck_assert_uint_eq(f->frame.size, strlen(text));
    ck_assert_mem_eq(f->frame.data, text, strlen(text));
}

/* ---------------------------------------------------------------- sentences */

#define RMC "GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"
#define RMC_LINE "$" RMC "*6A\r\n"
#define ZDA "GPZDA,201530.00,04,07,2002,00,00"
#define ZDA_LINE "$" ZDA "*60\r\n"

START_TEST(test_a_sentence)
{
    struct fixture f;
    framer_init(&f.framer);
    push_text(&f, RMC_LINE ZDA_LINE);
    expect_sentence(&f, RMC);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.sentences, 2);
    ck_assert_uint_eq(f.framer.counts.bytes, strlen(RMC_LINE ZDA_LINE));
    ck_assert_uint_eq(f.framer.counts.noise_bytes, 0);
    ck_assert_uint_eq(f.framer.counts.checksum, 0);
}
END_TEST

START_TEST(test_a_sum_must_be_there_and_right)
{
    struct fixture f;
    framer_init(&f.framer);
    push_text(&f, "$" RMC "*6B\r\n");
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.checksum, 1);
    ck_assert_uint_eq(f.framer.counts.unsummed, 0);
    push_text(&f, "$" RMC "\r\n$*\r\n$\r\n$GP*4\n");
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.checksum, 5);
    ck_assert_uint_eq(f.framer.counts.unsummed, 4);
    push_text(&f, "$" RMC "*6a\n"); /* small letters, no CR */
    expect_sentence(&f, RMC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps framer");
    TCase *sentences = tcase_create("sentences");
    tcase_add_test(sentences, test_a_sentence);
    tcase_add_test(sentences, test_a_sum_must_be_there_and_right);
    suite_add_tcase(suite, sentences);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
