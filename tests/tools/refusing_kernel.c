/* SPDX-License-Identifier: Apache-2.0 */

/*
 * LD_PRELOAD: a machine that can do as little as the simulators people run time daemons under.
 * IPv4 datagram sockets without flags, two clocks, no time stamps, no Unix sockets, no /dev.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int socket(int domain, int type, int protocol)
{
    if (domain != AF_INET || type != SOCK_DGRAM) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    if (level == SOL_SOCKET && option == SO_TIMESTAMPING) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_setsockopt, fd, level, option, value, size);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    if (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC && id != CLOCK_REALTIME_COARSE &&
        id != CLOCK_MONOTONIC_COARSE) {
        fprintf(stderr, "refusing_kernel: clock %d was read\n", (int)id);
        abort();
    }
    return (int)syscall(SYS_clock_gettime, id, now);
}
