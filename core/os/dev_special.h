/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_DEV_SPECIAL_H
#define OS_DEV_SPECIAL_H

/** Devices that are no files of /dev: sockets of ours, memory of others. See GN_DEVICE_…. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** A Unix datagram socket of ours, with its file. */
struct dev_socket {
    int fd;
    char *path;
    dev_t device; /* of the file: another may have put its own there meanwhile */
    ino_t inode;
};

/** Bind it. Errors: -EADDRINUSE another listens there, -EEXIST the file is no socket, … */
int dev_socket_open(struct dev_socket *, const char *path);

/** Close it and remove its file. */
void dev_socket_close(struct dev_socket *);

/** A segment of System V shared memory. */
struct dev_segment {
    const volatile unsigned char *at;
    size_t size;
};

/** Attach to /sysv/KEY, to read. Errors: -EINVAL the path, -ENOENT, -EACCES, … */
int dev_segment_attach(struct dev_segment *, const char *path);

/** Copy its bytes. Returns how many. */
ssize_t dev_segment_read(const struct dev_segment *, void *data, size_t size);

void dev_segment_detach(struct dev_segment *);

#endif
