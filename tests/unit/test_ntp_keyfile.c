/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <plugins/proto-ntp/keyfile.h>
#include <plugins/proto-ntp/service.h>
#include <plugins/proto-ntp/upstream.h>
#include <plugins/proto-ntp/wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tests/plugin/fake_host.h>
#include <unistd.h>

/* Key files on a real file system, and the glue of both roles with keys on a daemon that is none.
 */

#define GOOD "7 SHA256 a-good-key-of-mine\n"

static struct fake_world world;
static struct fake_host host, plugin;
static void *commons;
static char path[64];

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void set_up(void)
{
    fake_world_init(&world, 1);
    fake_host_init(&host, &world, "ntp", 0);
    fake_host_init(&plugin, &world, "proto-ntp", 0);
    ck_assert_int_eq(commons_open(&plugin.host, &commons), 0);
    strcpy(path, "/tmp/test_ntp_keyfile.XXXXXX");
    int fd = mkstemp(path); /* for us alone */
    ck_assert_int_ge(fd, 0);
    close(fd);
    write_file(GOOD);
}

static void tear_down(void)
{
    commons_close(commons);
    unlink(path);
    fake_host_close_all(&host);
    ck_assert_msg(world.misuse == NULL, "%s", world.misuse);
    fake_world_finish(&world);
}

static int get(struct keyfile **file)
{
    return keyfile_get(commons, &host.host, path, file);
}

/* ---------------------------------------------------------------- files */

START_TEST(a_file_is_read_once)
{
    struct keyfile *one, *two;
    ck_assert_int_eq(get(&one), 0);
    ck_assert_int_eq(get(&two), 0);
    ck_assert_ptr_eq(one, two);
    keyfile_release(one);
    ck_assert_ptr_nonnull(keyring_find(keyfile_keys(two), 7));
    ck_assert_ptr_null(keyring_find(keyfile_keys(two), 8));
    keyfile_release(two);
    keyfile_release(NULL);
    ck_assert_ptr_null(keyfile_keys(NULL));
}
END_TEST

START_TEST(a_changed_file_is_read_again)
{
    struct keyfile *one, *two;
    ck_assert_int_eq(get(&one), 0);
    write_file("7 SHA256 a-good-key-of-mine\n8 SHA256 another-key-of-mine\n");
    ck_assert_int_eq(get(&two), 0);
    ck_assert_ptr_null(keyring_find(keyfile_keys(one), 8));
    ck_assert_ptr_nonnull(keyring_find(keyfile_keys(two), 8));
    keyfile_release(one);
    keyfile_release(two);
}
END_TEST

START_TEST(what_is_wrong_is_told_once)
{
    struct keyfile *file;
    write_file("0 SHA256 a-good-key-of-mine\n7 FOO a-good-key-of-mine\n");
    for (int i = 0; i < 3; i++) {
        host.words[0] = '\0';
        ck_assert_int_eq(get(&file), -EINVAL);
        ck_assert_msg(strstr(host.words, "has 2 errors") != NULL, "%s", host.words);
        ck_assert_uint_eq(world.notes.logs[GN_ERROR], 2);
    }
    write_file(GOOD);
    ck_assert_int_eq(get(&file), 0);
    keyfile_release(file);
}
END_TEST

START_TEST(who_else_may_read_it_is_warned_of)
{
    struct keyfile *file;
    ck_assert_int_eq(get(&file), 0);
    ck_assert_uint_eq(world.notes.logs[GN_WARNING], 0);
    keyfile_release(file);
    chmod(path, 0604);
    ck_assert_int_eq(get(&file), 0);
    ck_assert_uint_eq(world.notes.logs[GN_WARNING], 1);
    ck_assert_ptr_nonnull(strstr(world.notes.last_log, "may read the keys"));
    keyfile_release(file);
}
END_TEST

START_TEST(what_is_no_file_is_not_read)
{
    struct keyfile *file;
    unlink(path);
    ck_assert_int_eq(get(&file), -ENOENT);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(get(&file), -EINVAL);
    ck_assert_msg(strstr(host.words, "not a regular file") != NULL, "%s", host.words);
    ck_assert_int_eq(truncate(path, 0), -1);
    unlink(path);
    write_file("");
    ck_assert_int_eq(truncate(path, KEYS_FILE_MAX + 1), 0);
    ck_assert_int_eq(get(&file), -EFBIG);
}
END_TEST

/* ---------------------------------------------------------------- roles */

static int open_source(struct upstream_config *config, int64_t key, void **source)
{
    *config = (struct upstream_config){.server = "192.0.2.1",
                                       .max_sources = 4,
                                       .port = 123,
                                       .version = 4,
                                       .key = key,
                                       .keys = path};
    return upstream_open(&host.host, commons, config, source);
}

/* What a server with the same file would answer, with `mac` bytes of its MAC. */
static void deliver_reply(size_t mac)
{
    struct keyfile *file;
    struct wire_header header;
    struct wire_packet packet = {.size = WIRE_HEADER_SIZE};
    gn_utc now = {world.now_ns + FAKE_SYSTEM_NS};
    ck_assert_int_eq(wire_unpack(world.notes.sent_data, world.notes.sent_size, &header), 0);
    header.mode = WIRE_MODE_SERVER;
    header.stratum = 2;
    header.precision = -20;
    header.origin = header.transmit;
    header.receive = header.transmit = wire_stamp_from_utc(now);
    wire_pack(&header, packet.bytes);
    ck_assert_int_eq(get(&file), 0);
    authenticator_protect(keyring_find(keyfile_keys(file), 7), &packet, 100);
    fake_world_deliver(&world, packet.bytes, WIRE_HEADER_SIZE + mac);
    keyfile_release(file);
}

START_TEST(a_source_uses_its_key)
{
    struct upstream_config config;
    void *source;
    ck_assert_int_eq(open_source(&config, 7, &source), 0);
    ck_assert_int_eq(upstream_start(source), 0);
    fake_world_run(&world, 1000);
    ck_assert_uint_eq(world.notes.sent_size, WIRE_HEADER_SIZE + 24);
    deliver_reply(0);
    deliver_reply(20);
    ck_assert_uint_eq(world.notes.samples, 0);
    deliver_reply(24);
    ck_assert_uint_eq(world.notes.samples, 1);
    upstream_stop(source);
    fake_host_close_all(&host);
    upstream_close(source);
}
END_TEST

START_TEST(a_source_without_its_key_does_not_open)
{
    struct upstream_config config;
    void *source;
    ck_assert_int_eq(open_source(&config, 8, &source), -EINVAL);
    ck_assert_msg(strstr(host.words, "no key 8 in") != NULL, "%s", host.words);
    ck_assert_int_eq(open_source(&config, 0, &source), -EINVAL);
    ck_assert_msg(strstr(host.words, "go together") != NULL, "%s", host.words);
}
END_TEST

static void deliver_request(const struct keyring *keys)
{
    struct wire_header header = {.version = 4, .mode = WIRE_MODE_CLIENT, .transmit = {1}};
    struct wire_packet packet = {.size = WIRE_HEADER_SIZE};
    wire_pack(&header, packet.bytes);
    authenticator_protect(keyring_find(keys, 7), &packet, 100);
    fake_world_deliver(&world, packet.bytes, packet.size);
}

START_TEST(a_server_answers_with_the_key)
{
    static const char *const any[] = {"0.0.0.0"}, *const all[] = {"all"};
    struct service_config config = {
        .listen = {any, 1}, .port = 123, .allow = {all, 1}, .keys = path};
    struct keyfile *file;
    void *server;
    ck_assert_int_eq(service_open(&host.host, commons, &config, &server), 0);
    ck_assert_int_eq(service_start(server), 0);
    ck_assert_int_eq(get(&file), 0);
    deliver_request(keyfile_keys(file));
    ck_assert_uint_eq(world.notes.sent, 1);
    ck_assert_uint_eq(world.notes.sent_size, WIRE_HEADER_SIZE + 24);
    const struct keyring *keys = keyfile_keys(file);
    struct extension_part last =
        extension_last(world.notes.sent_data, world.notes.sent_size, 4, NULL);
    ck_assert_int_eq(authenticator_verify(keyring_find(keys, 7), world.notes.sent_data,
                                          world.notes.sent_size, &last),
                     PROOF_GOOD); /* with the transmit time in it */
    struct service_config other = config;
    other.keys = NULL;
    ck_assert_int_eq(service_reload(server, &config), 0);
    ck_assert_int_eq(service_reload(server, &other), -ENOTSUP);
    keyfile_release(file);
    service_stop(server);
    fake_host_close_all(&host);
    service_close(server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_keyfile");
    TCase *tests = tcase_create("keyfile");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_file_is_read_once);
    tcase_add_test(tests, a_changed_file_is_read_again);
    tcase_add_test(tests, what_is_wrong_is_told_once);
    tcase_add_test(tests, who_else_may_read_it_is_warned_of);
    tcase_add_test(tests, what_is_no_file_is_not_read);
    tcase_add_test(tests, a_source_uses_its_key);
    tcase_add_test(tests, a_source_without_its_key_does_not_open);
    tcase_add_test(tests, a_server_answers_with_the_key);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
