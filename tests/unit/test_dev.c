/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of core/os: a terminal pair, a file, and one that goes away. */
#include "os_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

struct reader {
    struct os_fixture fixture;
    struct os_devices *devices;
    struct os_device *device;
    bool close; /* in the callback */
    unsigned calls;
    ssize_t last;
    char text[64];
};

static void on_readable(void *arg)
{
    struct reader *reader = arg;
    ck_assert_ptr_nonnull(reader->device);
    reader->calls++;
    reader->last = reader->devices->ops->read(reader->device, reader->text, sizeof reader->text);
    if (reader->close) {
        reader->devices->ops->close(reader->device);
        reader->device = NULL;
    }
    fixture_stop(&reader->fixture);
}

static void begin(struct reader *reader)
{
    memset(reader, 0, sizeof *reader);
    fixture_open(&reader->fixture);
    reader->devices = dev_uv_create(reader->fixture.loop);
    ck_assert_ptr_nonnull(reader->devices);
}

static void finish(struct reader *reader)
{
    dev_uv_destroy(reader->devices);
    fixture_close(&reader->fixture);
}

/* Returns the other side of a terminal that the reader has opened. */
static int open_terminal(struct reader *reader)
{
    int master, slave;
    char path[64];
    ck_assert_int_eq(openpty(&master, &slave, path, NULL, NULL), 0);
    const struct os_device_ops *ops = reader->devices->ops;
    ck_assert_int_eq(ops->open(reader->devices, path, O_RDWR, on_readable, reader, &reader->device),
                     0);
    close(slave);
    return master;
}

/* A process of our own has a terminal open until it is told to end. */
static pid_t hold(const char *path, int *until)
{
    int ready[2], end[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(end), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(end[1]);
        int fd = open(path, O_RDONLY | O_NOCTTY);
        if (fd >= 0 && write(ready[1], "", 1) == 1)
            (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    close(ready[1]);
    close(end[0]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *until = end[1];
    return pid;
}

START_TEST(who_else_has_a_terminal_open_is_named)
{
    static struct reader reader;
    char path[64], words[96] = "", pid_words[32];
    int until, master, slave;
    begin(&reader);
    ck_assert_int_eq(openpty(&master, &slave, path, NULL, NULL), 0);
    const struct os_device_ops *ops = reader.devices->ops;
    ck_assert_int_eq(ops->holder(reader.devices, path, words, sizeof words), -ENOENT);
    pid_t pid = hold(path, &until);
    ck_assert_int_eq(ops->holder(reader.devices, path, words, sizeof words), 0);
    snprintf(pid_words, sizeof pid_words, " (pid %ld)", (long)pid);
    ck_assert_ptr_nonnull(strstr(words, pid_words));
    close(until);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_int_eq(ops->holder(reader.devices, path, words, sizeof words), -ENOENT);
    ck_assert_int_eq(ops->holder(reader.devices, "/nothing", words, sizeof words), -ENOENT);
    close(slave);
    close(master);
    finish(&reader);
}
END_TEST

START_TEST(a_terminal_is_read_written_and_asked)
{
    static struct reader reader;
    struct winsize size = {0};
    char text[16];
    begin(&reader);
    int master = open_terminal(&reader);
    const struct os_device_ops *ops = reader.devices->ops;
    ck_assert_int_eq(ops->read(reader.device, text, sizeof text), -EAGAIN);
    ck_assert_int_eq(write(master, "$GPZDA\n", 7), 7);
    fixture_run(&reader.fixture);
    ck_assert_int_eq(reader.last, 7);
    ck_assert_mem_eq(reader.text, "$GPZDA\n", 7);
    ck_assert_int_eq(ops->write(reader.device, "ok", 2), 2);
    ck_assert_int_ge(ops->ioctl(reader.device, TIOCGWINSZ, &size), 0);
    ck_assert_int_eq(ops->ioctl(reader.device, 0x7fffffff, NULL), -ENOTTY);
    close(master);
    finish(&reader); /* closes the device too */
}
END_TEST

START_TEST(a_device_that_has_gone_is_told_and_not_spun_on)
{
    static struct reader reader;
    begin(&reader);
    close(open_terminal(&reader));
    fixture_run(&reader.fixture);
    ck_assert_int_le(reader.last, 0);
    unsigned calls = reader.calls;
    fixture_pause(&reader.fixture, GN_NS_PER_S / 20);
    ck_assert_uint_le(reader.calls, calls + 1);
    finish(&reader);
}
END_TEST

START_TEST(a_pipe_without_a_writer_is_not_spun_on)
{
    static struct reader reader;
    char path[200];
    begin(&reader);
    fixture_path(&reader.fixture, path, sizeof path, "fifo");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(reader.devices->ops->open(reader.devices, path, O_RDONLY, on_readable, &reader,
                                               &reader.device),
                     0);
    close(open(path, O_WRONLY));
    fixture_run(&reader.fixture);
    ck_assert_int_eq(reader.last, 0);
    fixture_pause(&reader.fixture, GN_NS_PER_S / 20);
    ck_assert_uint_eq(reader.calls, 1);
    unlink(path);
    finish(&reader);
}
END_TEST

START_TEST(a_callback_may_close_its_device)
{
    static struct reader reader;
    begin(&reader);
    reader.close = true;
    int master = open_terminal(&reader);
    ck_assert_int_eq(write(master, "a\nb\n", 4), 4);
    fixture_run(&reader.fixture);
    ck_assert_uint_eq(reader.calls, 1);
    ck_assert_ptr_null(reader.device);
    close(master);
    finish(&reader);
}
END_TEST

START_TEST(a_file_has_no_readiness_but_reads)
{
    static struct reader reader;
    char path[200], text[8];
    begin(&reader);
    fixture_path(&reader.fixture, path, sizeof path, "file");
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_eq(write(fd, "abc", 3), 3);
    close(fd);
    const struct os_device_ops *ops = reader.devices->ops;
    ck_assert_int_eq(
        ops->open(reader.devices, path, O_RDONLY, on_readable, &reader, &reader.device), 0);
    fixture_pause(&reader.fixture, GN_NS_PER_S / 50);
    ck_assert_uint_eq(reader.calls, 0);
    ck_assert_int_eq(ops->read(reader.device, text, sizeof text), 3);
    ck_assert_int_eq(ops->read(reader.device, text, sizeof text), 0);
    ck_assert_int_eq(ops->write(reader.device, "x", 1), -EBADF);
    ops->close(reader.device);
    ops->close(NULL);
    unlink(path);
    ck_assert_int_eq(ops->open(reader.devices, path, O_RDONLY, NULL, NULL, &reader.device),
                     -ENOENT);
    finish(&reader);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("dev");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_terminal_is_read_written_and_asked);
    tcase_add_test(tests, who_else_has_a_terminal_open_is_named);
    tcase_add_test(tests, a_device_that_has_gone_is_told_and_not_spun_on);
    tcase_add_test(tests, a_pipe_without_a_writer_is_not_spun_on);
    tcase_add_test(tests, a_callback_may_close_its_device);
    tcase_add_test(tests, a_file_has_no_readiness_but_reads);
    return fixture_main("dev", tests);
}
