/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <host/archive.h>
#include <sim/vmachine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRIFT "/state/drift"
#define PATH DRIFT ".statistics"
#define SECOND GN_NS_PER_S

struct room {
    struct os_store *store;
    struct logger *logger;
    struct archive archive;
    struct pipeline *pipeline;
    char name[8], address[16];
    struct gn_source source;
    struct source_list list;
    char line[LOGGER_LINE_MAX];
    unsigned lines;
    enum gn_level level;
};

static void hear(void *arg, enum gn_level level, const char *line)
{
    struct room *room = arg;
    snprintf(room->line, sizeof room->line, "%s", line);
    room->level = level;
    room->lines++;
}

static void open_pipeline(struct room *room)
{
    struct pipeline_config config;
    strcpy(room->name, "s");
    strcpy(room->address, "192.0.2.1");
    struct pipeline_source_config source = {.name = "s", .stratum = -1, .max_poll_log2s = 10};
    pipeline_config_init(&config);
    room->pipeline = pipeline_create(&config, (gn_local){SECOND}, 0, -1);
    room->source = (struct gn_source){.name = room->name, .address = room->address};
    room->source.in_pipeline = pipeline_source_add(room->pipeline, &source);
    room->list.first = &room->source;
}

static void enter(struct room *room)
{
    memset(room, 0, sizeof *room);
    room->store = vstore_create();
    room->logger = logger_create(GN_INFO, hear, room);
    open_pipeline(room);
    ck_assert_int_eq(archive_open(&room->archive, room->store, room->logger, DRIFT), 0);
    ck_assert_uint_eq(room->lines, 0); /* that there is no file yet is no news */
}

static void leave(struct room *room)
{
    archive_close(&room->archive);
    pipeline_destroy(room->pipeline);
    logger_destroy(room->logger);
    vstore_destroy(room->store);
}

static void live(struct room *room)
{
    struct pipeline_actions actions;
    for (int i = 1; i <= 20; i++) {
        gn_local now = {(10 + 16 * (int64_t)i) * SECOND};
        struct gn_sample sample = {.size = sizeof sample,
                                   .kind = GN_SAMPLE_ONE_WAY,
                                   .stratum = 1,
                                   .local = now,
                                   .utc = {now.ns + i % 3 * 1000},
                                   .dispersion_s = 1e-6};
        ck_assert_int_eq(pipeline_submit(room->pipeline, room->source.in_pipeline, &sample), 0);
        pipeline_run(room->pipeline, now, now.ns, 0, &actions);
    }
}

static void open_again(struct room *room)
{
    archive_close(&room->archive);
    room->lines = 0;
    ck_assert_int_eq(archive_open(&room->archive, room->store, room->logger, DRIFT), 0);
}

static const struct source_statistics *known(struct room *room, const char *name)
{
    const struct statistics_entry *entry = statistics_find(&room->archive.kept, name, "192.0.2.1");
    return entry != NULL ? &entry->source : NULL;
}

START_TEST(what_was_learnt_is_there_again)
{
    struct room room;
    struct source_statistics again;
    enter(&room);
    archive_save(&room.archive, room.pipeline, &room.list); /* nothing is known yet */
    ck_assert_int_eq(room.store->ops->read(room.store, PATH, room.line, 1), -ENOENT);
    live(&room);
    archive_save(&room.archive, room.pipeline, &room.list);
    open_again(&room);
    ck_assert_uint_eq(room.lines, 0);
    ck_assert_ptr_nonnull(known(&room, "s"));
    archive_recall(&room.archive, room.pipeline);
    ck_assert_uint_eq(room.lines, 1);
    ck_assert_ptr_nonnull(strstr(room.line, PATH ": the oscillator's wander, and the noise of 1"));
    pipeline_destroy(room.pipeline);
    open_pipeline(&room);
    archive_recall_source(&room.archive, &room.source);
    ck_assert(!pipeline_source_statistics(room.source.in_pipeline, &again)); /* not heard yet */
    leave(&room);
}
END_TEST

START_TEST(who_is_not_here_is_remembered)
{
    struct room room;
    enter(&room);
    live(&room);
    archive_save(&room.archive, room.pipeline, &room.list);
    strcpy(room.name, "other");
    archive_save(&room.archive, room.pipeline, &room.list);
    open_again(&room);
    ck_assert_ptr_nonnull(known(&room, "s"));
    ck_assert_ptr_nonnull(known(&room, "other"));
    leave(&room);
}
END_TEST

START_TEST(a_bad_file_is_named_once_and_replaced)
{
    static const char torn[] = "gnomon-statistics 1\nwander 1 0 0";
    struct room room;
    enter(&room);
    ck_assert_int_eq(room.store->ops->write(room.store, PATH, torn, sizeof torn - 1), 0);
    open_again(&room);
    ck_assert_uint_eq(room.lines, 1);
    ck_assert_int_eq(room.level, GN_WARNING);
    ck_assert_str_eq(room.line, "statistics file " PATH
                                ":2: the file is torn: it does not end in a checksum; starting "
                                "without it");
    archive_recall(&room.archive, room.pipeline);
    archive_recall_source(&room.archive, &room.source);
    ck_assert_uint_eq(room.lines, 1);
    live(&room);
    archive_save(&room.archive, room.pipeline, &room.list);
    open_again(&room);
    ck_assert_ptr_nonnull(known(&room, "s"));
    ck_assert_uint_eq(room.lines, 0);
    leave(&room);
}
END_TEST

START_TEST(a_file_too_large_is_refused)
{
    struct room room;
    size_t size = 600 * 1024;
    char *large = calloc(1, size);
    enter(&room);
    ck_assert_int_eq(room.store->ops->write(room.store, PATH, large, size), 0);
    open_again(&room);
    ck_assert_uint_eq(room.lines, 1);
    ck_assert_ptr_nonnull(strstr(room.line, PATH ": File too large; starting without it"));
    free(large);
    leave(&room);
}
END_TEST

START_TEST(what_cannot_be_saved_is_told_once)
{
    struct room room;
    enter(&room);
    live(&room);
    room.lines = 0;
    vstore_refuse(room.store, true);
    archive_save(&room.archive, room.pipeline, &room.list);
    archive_save(&room.archive, room.pipeline, &room.list);
    ck_assert_uint_eq(room.lines, 1);
    ck_assert_ptr_nonnull(strstr(room.line, "cannot save what was learnt in " PATH));
    leave(&room);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("archive");
    TCase *tcase = tcase_create("archive");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, what_was_learnt_is_there_again);
    tcase_add_test(tcase, who_is_not_here_is_remembered);
    tcase_add_test(tcase, a_bad_file_is_named_once_and_replaced);
    tcase_add_test(tcase, a_file_too_large_is_refused);
    tcase_add_test(tcase, what_cannot_be_saved_is_told_once);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
