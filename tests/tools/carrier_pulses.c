/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD: a pseudo-terminal is a serial line for the program, and on its carrier-detect pin
 * there is a pulse of 50 ms at each second of the system clock.
 *
 * gpsd takes no pulses from a pseudo-terminal, and tells no clock of what comes through one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#define WIDTH_NS 50000000
#define TTY_MAJOR 4
#define PTS_MAJOR 136

int stat(const char *restrict path, struct stat *restrict status)
{
    int (*next)(const char *, struct stat *) =
        (int (*)(const char *, struct stat *))dlsym(RTLD_NEXT, "stat");
    int rc = next(path, status);
    if (rc == 0 && S_ISCHR(status->st_mode) && major(status->st_rdev) == PTS_MAJOR)
        status->st_rdev = makedev(TTY_MAJOR, 64);
    return rc;
}

/* To the next edge. */
static int wait_for_edge(void)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += at.tv_nsec >= WIDTH_NS;
    at.tv_nsec = at.tv_nsec >= WIDTH_NS ? 0 : WIDTH_NS;
    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
    return 0;
}

static int pins(int *state)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *state = TIOCM_RTS | TIOCM_DTR | (now.tv_nsec < WIDTH_NS ? TIOCM_CAR : 0);
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*next)(int, unsigned long, ...) =
        (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    if (request == TIOCMIWAIT)
        return wait_for_edge();
    if (request == TIOCMGET)
        return pins(arg);
    return next(fd, request, arg);
}
