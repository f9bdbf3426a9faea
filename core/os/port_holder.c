/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <os/port_holder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The inode of a socket bound to the port: `sl local:port remote:port st … inode` in /proc/net/udp.
 */
static unsigned long socket_inode(const char *table, uint16_t wanted)
{
    char line[512];
    unsigned long inode = 0;
    FILE *file = fopen(table, "re");
    if (file == NULL)
        return 0;
    while (inode == 0 && fgets(line, sizeof line, file) != NULL) {
        unsigned port;
        unsigned long found;
        if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %*s %*s %*s %*s %*s %*s %lu", &port, &found) ==
                2 &&
            port == wanted)
            inode = found;
    }
    fclose(file);
    return inode;
}

static bool has_socket(const char *pid, unsigned long inode)
{
    char folder[64], path[352], wanted[64], target[64];
    const struct dirent *entry;
    bool found = false;
    DIR *dir;
    snprintf(folder, sizeof folder, "/proc/%.20s/fd", pid);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    dir = opendir(folder);
    while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
        ssize_t size;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        size = readlink(path, target, sizeof target - 1);
        target[size > 0 ? size : 0] = '\0';
        found = strcmp(target, wanted) == 0;
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

static void name_process(const char *pid, char *words, size_t size)
{
    char path[64], name[64] = "?";
    FILE *file;
    snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
    file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(name, sizeof name, file) != NULL)
            name[strcspn(name, "\n")] = '\0';
        fclose(file);
    }
    snprintf(words, size, "%s (pid %s)", name, pid);
}

int port_holder(const struct gn_address *bind, char *words, size_t size)
{
    unsigned long inode = socket_inode("/proc/net/udp", bind->port);
    const struct dirent *entry;
    int rc = -ENOENT;
    DIR *proc;
    if (inode == 0)
        inode = socket_inode("/proc/net/udp6", bind->port);
    proc = inode != 0 ? opendir("/proc") : NULL;
    while (proc != NULL && rc != 0 && (entry = readdir(proc)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]) && has_socket(entry->d_name, inode)) {
            name_process(entry->d_name, words, size);
            rc = 0;
        }
    if (proc != NULL)
        closedir(proc);
    return rc;
}
