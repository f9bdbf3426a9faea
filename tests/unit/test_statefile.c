/* SPDX-License-Identifier: Apache-2.0 */
/* State files of core/os/statefile.c: whole or not at all; and core/os/entropy.c. */
#include "os_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define KILLS 50
#define LONG_SIZE 20000

static char buffer[LONG_SIZE + 1];

static void fill_version(char *data, size_t *size, unsigned version)
{
    /* Versions differ in length too, so that a torn one cannot look whole. */
    *size = version % 2 == 0 ? LONG_SIZE : 100;
    memset(data, version % 2 == 0 ? 'e' : 'o', *size);
}

static unsigned count_files(const char *folder)
{
    unsigned count = 0;
    DIR *listing = opendir(folder);
    ck_assert_ptr_nonnull(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count++;
    closedir(listing);
    return count;
}

START_TEST(what_is_written_is_read)
{
    struct os_fixture fixture;
    char path[256];
    struct stat status;
    fixture_open(&fixture);
    fixture_path(&fixture, path, sizeof path, "drift");
    struct os_store *store = statefile_create();
    umask(077);
    ck_assert_int_eq(store->ops->write(store, path, "1.5\n", 4), 0);
    ck_assert_int_eq(store->ops->read(store, path, buffer, sizeof buffer), 4);
    ck_assert_mem_eq(buffer, "1.5\n", 4);
    ck_assert_int_eq(store->ops->write(store, path, "", 0), 0);
    ck_assert_int_eq(store->ops->read(store, path, buffer, sizeof buffer), 0);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0644);
    ck_assert_uint_eq(count_files(fixture.folder), 1);
    unlink(path);
    statefile_destroy(store);
    fixture_close(&fixture);
}
END_TEST

START_TEST(errors_are_exact)
{
    struct os_fixture fixture;
    char path[256], deep[400];
    fixture_open(&fixture);
    fixture_path(&fixture, path, sizeof path, "drift");
    struct os_store *store = statefile_create();
    ck_assert_int_eq(store->ops->read(store, path, buffer, 10), -ENOENT);
    ck_assert_int_eq(store->ops->read(store, fixture.folder, buffer, 10), -EISDIR);
    ck_assert_int_eq(store->ops->write(store, path, "12345", 5), 0);
    ck_assert_int_eq(store->ops->read(store, path, buffer, 5), 5);
    ck_assert_int_eq(store->ops->read(store, path, buffer, 4), -EFBIG);
    snprintf(deep, sizeof deep, "%s/none/drift", fixture.folder);
    ck_assert_int_eq(store->ops->write(store, deep, "1", 1), -ENOENT);
    snprintf(deep, sizeof deep, "%s/drift", path);
    ck_assert_int_eq(store->ops->write(store, deep, "1", 1), -ENOTDIR);
    snprintf(deep, sizeof deep, "%s/", fixture.folder);
    ck_assert_int_eq(store->ops->write(store, deep, "1", 1), -EISDIR);
    snprintf(deep, sizeof deep, "%s/%0260d", fixture.folder, 0);
    ck_assert_int_eq(store->ops->write(store, deep, "1", 1), -ENAMETOOLONG);
    ck_assert_uint_eq(count_files(fixture.folder), 1);
    unlink(path);
    statefile_destroy(store);
    fixture_close(&fixture);
}
END_TEST

START_TEST(odd_files_neither_hang_nor_redirect)
{
    struct os_fixture fixture;
    char fifo[256], target[256], aside[256], path[256];
    fixture_open(&fixture);
    fixture_path(&fixture, fifo, sizeof fifo, "fifo");
    fixture_path(&fixture, target, sizeof target, "target");
    fixture_path(&fixture, aside, sizeof aside, ".drift.new");
    fixture_path(&fixture, path, sizeof path, "drift");
    struct os_store *store = statefile_create();
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    ck_assert_int_eq(store->ops->read(store, fifo, buffer, 10), -EINVAL);
    ck_assert_int_eq(store->ops->write(store, target, "kept", 4), 0);
    ck_assert_int_eq(symlink(target, aside), 0);
    ck_assert_int_eq(store->ops->write(store, path, "new", 3), 0);
    ck_assert_int_eq(store->ops->read(store, target, buffer, 10), 4);
    ck_assert_int_eq(store->ops->read(store, path, buffer, 10), 3);
    ck_assert_uint_eq(count_files(fixture.folder), 3);
    unlink(fifo), unlink(target), unlink(path);
    statefile_destroy(store);
    fixture_close(&fixture);
}
END_TEST

static void write_for_ever(struct os_store *store, const char *path)
{
    size_t size;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned version = 0;; version++) {
        fill_version(buffer, &size, version);
        if (store->ops->write(store, path, buffer, size) != 0)
            _exit(1);
    }
}

static void check_whole(struct os_store *store, const char *path)
{
    static char version[LONG_SIZE];
    ssize_t n = store->ops->read(store, path, buffer, sizeof buffer);
    ck_assert_int_gt(n, 0);
    size_t size;
    fill_version(version, &size, buffer[0] == 'e' ? 0 : 1);
    ck_assert_int_eq(n, (ssize_t)size);
    ck_assert_mem_eq(buffer, version, size);
}

START_TEST(killed_at_any_time_the_file_is_whole)
{
    struct os_fixture fixture;
    char path[256];
    fixture_open(&fixture);
    fixture_path(&fixture, path, sizeof path, "drift");
    struct os_store *store = statefile_create();
    ck_assert_int_eq(store->ops->write(store, path, "", 0), 0);
    size_t size;
    fill_version(buffer, &size, 1);
    ck_assert_int_eq(store->ops->write(store, path, buffer, size), 0);
    unsigned seed = (unsigned)time(NULL);
    printf("seed %u\n", seed);
    for (int i = 0; i < KILLS; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0)
            write_for_ever(store, path);
        usleep((useconds_t)rand_r(&seed) % 5000);
        int status;
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status));
        check_whole(store, path);
        ck_assert_uint_le(count_files(fixture.folder), 2);
    }
    ck_assert_int_eq(store->ops->write(store, path, "o", 1), 0);
    ck_assert_uint_eq(count_files(fixture.folder), 1);
    unlink(path);
    statefile_destroy(store);
    fixture_close(&fixture);
}
END_TEST

START_TEST(entropy_differs)
{
    struct os_entropy *entropy = entropy_create();
    unsigned char a[600] = {0}, b[600] = {0};
    ck_assert_int_eq(entropy->ops->fill(entropy, a, sizeof a), 0);
    ck_assert_int_eq(entropy->ops->fill(entropy, b, sizeof b), 0);
    ck_assert_mem_ne(a, b, sizeof a);
    ck_assert_mem_ne(a + 500, b + 500, 100);
    entropy_destroy(entropy);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("statefile");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_test(tests, errors_are_exact);
    tcase_add_test(tests, odd_files_neither_hang_nor_redirect);
    tcase_add_test(tests, killed_at_any_time_the_file_is_whole);
    tcase_add_test(tests, entropy_differs);
    return fixture_main("statefile", tests);
}
