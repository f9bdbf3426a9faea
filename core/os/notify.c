/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <os/notify.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int notify_manager(const char *path, const char *state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t length;
    int rc = 0, fd;
    if (path == NULL || (path[0] != '/' && path[0] != '@'))
        return 0;
    length = strlen(path);
    if (length >= sizeof to.sun_path)
        return -ENAMETOOLONG;
    memcpy(to.sun_path, path, length);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; /* an abstract address */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
        rc = -errno;
    close(fd);
    return rc;
}
