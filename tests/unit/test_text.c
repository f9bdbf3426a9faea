/* SPDX-License-Identifier: Apache-2.0 */
/* base/text and base/arena. */
#include <base/arena.h>
#include <base/text.h>
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_text_grows)
{
    struct text text;
    text_init(&text);
    ck_assert_str_eq(text_string(&text), "");
    text_add(&text, "");
    ck_assert_str_eq(text_string(&text), "");
    for (int i = 0; i < 1000; i++)
        text_addf(&text, "%03d,", i);
    text_add_bytes(&text, "endless", 3);
    ck_assert_uint_eq(text.size, 4003);
    ck_assert_uint_eq(strlen(text_string(&text)), 4003);
    ck_assert_str_eq(text_string(&text) + 3996, "999,end");
    text_finish(&text);
    ck_assert_str_eq(text_string(&text), "");
    text_finish(&text);
}
END_TEST

START_TEST(distances)
{
    ck_assert_uint_eq(text_distance("", ""), 0);
    ck_assert_uint_eq(text_distance("", "abc"), 3);
    ck_assert_uint_eq(text_distance("device", "device"), 0);
    ck_assert_uint_eq(text_distance("devise", "device"), 1); /* changed */
    ck_assert_uint_eq(text_distance("devce", "device"), 1);  /* left out */
    ck_assert_uint_eq(text_distance("devicee", "device"), 1);
    ck_assert_uint_eq(text_distance("ibrust", "iburst"), 1); /* swapped */
    ck_assert_uint_eq(text_distance("ecived", "device"), 4);
    ck_assert_uint_eq(text_distance("abc", "xyz"), 3);
}
END_TEST

START_TEST(a_distance_is_the_same_both_ways)
{
    static const char *const words[] = {"", "a", "ab", "ba", "minpoll", "maxpoll", "pollmin"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
            ck_assert_uint_eq(text_distance(words[i], words[j]), text_distance(words[j], words[i]));
}
END_TEST

START_TEST(long_words_are_not_compared)
{
    char fits[64] = "", too_long[65] = "";
    memset(fits, 'x', 63);
    memset(too_long, 'x', 64);
    ck_assert_uint_eq(text_distance(fits, fits), 0);
    ck_assert_uint_eq(text_distance(fits, ""), 63);
    ck_assert_uint_eq(text_distance(too_long, fits), SIZE_MAX);
    ck_assert_uint_eq(text_distance(fits, too_long), SIZE_MAX);
}
END_TEST

static const char *guess(const char *word)
{
    static const char *const known[] = {"minpoll", "maxpoll", "use", "offset", "prefer"};
    struct text_guess search;
    text_guess_init(&search, word);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        text_guess_try(&search, known[i]);
    return search.best != NULL ? search.best : "none";
}

START_TEST(guesses)
{
    ck_assert_str_eq(guess("minpol"), "minpoll");
    ck_assert_str_eq(guess("manpoll"), "minpoll"); /* one letter from the first */
    ck_assert_str_eq(guess("ofset"), "offset");
    ck_assert_str_eq(guess("perfer"), "prefer");
    ck_assert_str_eq(guess("ues"), "use");
    ck_assert_str_eq(guess("preferrred"), "none"); /* three letters off */
    ck_assert_str_eq(guess("u"), "none");          /* nothing of it would be left */
    ck_assert_str_eq(guess(""), "none");
}
END_TEST

START_TEST(an_arena_hands_out_zeroed_aligned_blocks)
{
    struct arena *arena = arena_create();
    for (size_t size = 0; size < 9000; size = size * 2 + 1) {
        unsigned char *block = arena_alloc(arena, size);
        ck_assert_uint_eq((uintptr_t)block % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(block[i], 0);
        memset(block, 0xff, size); /* ASan sees it if blocks overlap with others' ends */
    }
    ck_assert_str_eq(arena_copy(arena, "abcdef", 3), "abc");
    ck_assert_str_eq(arena_format(arena, "%s-%d", "x", 5), "x-5");
    arena_destroy(arena);
    arena_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, a_text_grows);
    tcase_add_test(tcase, distances);
    tcase_add_test(tcase, a_distance_is_the_same_both_ways);
    tcase_add_test(tcase, long_words_are_not_compared);
    tcase_add_test(tcase, guesses);
    tcase_add_test(tcase, an_arena_hands_out_zeroed_aligned_blocks);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
