/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/tale.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

START_TEST(words_are_found_with_their_numbers)
{
    static const struct {
        const char *words, *text;
        bool found;
    } cases[] = {
        {"stepped", "the clock is stepped by +0.5 s", true},
        {"stepped", "the clock is slewed", false},
        {"by {0.5 ± 0.1} s", "the clock is stepped by +0.55 s", true},
        {"by {0.5 ± 0.1} s", "the clock is stepped by +0.65 s", false},
        {"by {0.5 ± 0.1} s", "the clock is stepped by -0.5 s", false},
        {"by {0.5 ± 0.1} s", "the clock is stepped by half a s", false},
        {"by {-1 .. 1} s", "by -0.5 s", true},
        {"by {-1 .. 1} s", "by -1.5 s", false},
        {"by {-1 .. 1} s", "by nan s", false},
        {"from … to", "from here to there", true},
        {"from … to", "to there from here", false},
        {"from … by {2 ± 0}", "from here by 1, from there by 2", true},
        {"", "anything", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(tale_match(cases[i].words, cases[i].text) == cases[i].found,
                      "\"%s\" in \"%s\"", cases[i].words, cases[i].text);
}
END_TEST

static bool read_tale(struct tale *tale, const char *text)
{
    char path[] = "/tmp/gnomon-tale.XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    bool good = tale_read(tale, path);
    unlink(path);
    return good;
}

static bool holds(const struct tale *tale)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    bool good = tale_holds(tale, file);
    fclose(file);
    ck_assert(good == (size == 0)); /* what is wrong is said */
    free(text);
    return good;
}

START_TEST(what_is_told_must_come_in_order_and_in_time)
{
    struct tale tale;
    const char *text = "// A story.\n"
                       "//> 0..10 client: one\n"
                       "//> 5..20.25 client: two\n"
                       "nodes = ( );\n";
    ck_assert(read_tale(&tale, text));
    ck_assert_uint_eq(tale.count, 2);
    ck_assert(!holds(&tale));
    tale_hear(&tale, "server", 1, "one");
    tale_hear(&tale, "client", 11, "one");
    tale_hear(&tale, "client", 6, "two");
    ck_assert(!holds(&tale));
    tale_hear(&tale, "client", 2, "number one it is");
    tale_hear(&tale, "client", 4, "two");
    ck_assert(!holds(&tale));
    tale_hear(&tale, "client", 20.3, "two");
    ck_assert(!holds(&tale));
    tale_hear(&tale, "client", 20.2, "two");
    ck_assert(holds(&tale));
}
END_TEST

START_TEST(what_must_not_come_is_seen)
{
    struct tale tale;
    const char *text = "//> never client: one\n"
                       "//> never 5..6 client: two\n";
    ck_assert(read_tale(&tale, text));
    tale_hear(&tale, "client", 4, "two");
    tale_hear(&tale, "server", 5, "one and two");
    ck_assert(holds(&tale));
    tale_hear(&tale, "client", 5, "two");
    ck_assert(!holds(&tale));
    ck_assert(read_tale(&tale, text));
    tale_hear(&tale, "client", 1e6, "one");
    ck_assert(!holds(&tale));
}
END_TEST

START_TEST(what_comes_too_often_is_seen)
{
    struct tale tale;
    ck_assert(read_tale(&tale, "//> at most 2 5..9 client: one\n"));
    tale_hear(&tale, "client", 4, "one");
    tale_hear(&tale, "client", 5, "one");
    tale_hear(&tale, "client", 9, "one");
    ck_assert(holds(&tale));
    tale_hear(&tale, "client", 7, "one");
    ck_assert(!holds(&tale));
}
END_TEST

START_TEST(what_is_true_is_judged)
{
    struct tale tale;
    const char *text = "//> always 5..6 client: within 1ms\n"
                       "//> always client: keeps its bound\n"
                       "//> not yet: for a reason\n";
    ck_assert(read_tale(&tale, text));
    ck_assert_str_eq(tale.not_yet, "for a reason");
    ck_assert_double_eq(tale.lines[0].limit_s, 1e-3);
    tale_look(&tale, "client", 4, 1, 0, 0);
    tale_look(&tale, "client", 5, -1e-4, -0.1, 0.2);
    tale_look(&tale, "client", 5, 1e-4, 7, -1);
    tale_look(&tale, "server", 5, 1, 2, 1);
    ck_assert(holds(&tale));
    tale_look(&tale, "client", 6, -2e-3, 0, 0);
    ck_assert(!holds(&tale));
    ck_assert(read_tale(&tale, text));
    tale_look(&tale, "client", 99, 0, -0.3, 0.2);
    ck_assert(!holds(&tale));
}
END_TEST

START_TEST(two_clocks_are_compared)
{
    struct tale tale;
    const char *text = "//> always 5..6 berta: within 1ms of anna\n";
    ck_assert(read_tale(&tale, text));
    ck_assert_str_eq(tale.lines[0].other, "anna");
    tale_look(&tale, "anna", 4, 1, 0, 0);
    tale_look(&tale, "berta", 4, 2, 0, 0);
    tale_look(&tale, "anna", 5, 1, 0, 0);
    tale_look(&tale, "berta", 5, 1.0009, 0, 0);
    tale_look(&tale, "anna", 6, 3, 0, 0); /* berta of a second before is no match */
    ck_assert(holds(&tale));
    tale_look(&tale, "berta", 6, 3.0011, 0, 0);
    ck_assert(!holds(&tale));
}
END_TEST

START_TEST(lines_that_say_nothing_are_refused)
{
    static const char *const texts[] = {
        "//> client says one\n",
        "//> at most client: one\n",
        "//> 0..5 client: {1 ± }\n",
        "//> client: {1, 2}\n",
        "//> client:\n",
        "//> always client: within 1h\n",
        "//> always client: is nice\n",
        "//> always client: within 1ms or so\n",
        "nodes = ( );\n",
    };
    struct tale tale;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!read_tale(&tale, texts[i]), "%s", texts[i]);
    ck_assert(!tale_read(&tale, "/nowhere"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_tale");
    TCase *tcase = tcase_create("tale");
    tcase_add_test(tcase, words_are_found_with_their_numbers);
    tcase_add_test(tcase, what_is_told_must_come_in_order_and_in_time);
    tcase_add_test(tcase, what_must_not_come_is_seen);
    tcase_add_test(tcase, what_comes_too_often_is_seen);
    tcase_add_test(tcase, what_is_true_is_judged);
    tcase_add_test(tcase, two_clocks_are_compared);
    tcase_add_test(tcase, lines_that_say_nothing_are_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
