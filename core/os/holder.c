/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <os/holder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* What is looked for among the descriptors of a process. */
struct wanted {
    const char *link; /* what the descriptor is called; NULL: … */
    dev_t device;     /* … it is this device */
    const char *not_pid;
};

static bool is_wanted(const char *path, const struct wanted *wanted)
{
    char target[64];
    struct stat status;
    if (wanted->link == NULL)
        return stat(path, &status) == 0 && S_ISCHR(status.st_mode) &&
               status.st_rdev == wanted->device;
    ssize_t size = readlink(path, target, sizeof target - 1);
    target[size > 0 ? size : 0] = '\0';
    return strcmp(target, wanted->link) == 0;
}

static bool has(const char *pid, const struct wanted *wanted)
{
    char folder[64], path[352];
    const struct dirent *entry;
    bool found = false;
    DIR *dir;
    snprintf(folder, sizeof folder, "/proc/%.20s/fd", pid);
    dir = opendir(folder);
    while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        found = entry->d_name[0] != '.' && is_wanted(path, wanted);
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

static int find(const struct wanted *wanted, char *words, size_t size)
{
    const struct dirent *entry;
    int rc = -ENOENT;
    DIR *proc = opendir("/proc");
    while (proc != NULL && rc != 0 && (entry = readdir(proc)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]) &&
            (wanted->not_pid == NULL || strcmp(entry->d_name, wanted->not_pid) != 0) &&
            has(entry->d_name, wanted)) {
            name_process(entry->d_name, words, size);
            rc = 0;
        }
    if (proc != NULL)
        closedir(proc);
    return rc;
}

int holder_of_port(const struct gn_address *bind, char *words, size_t size)
{
    char link[64];
    unsigned long inode = socket_inode("/proc/net/udp", bind->port);
    if (inode == 0)
        inode = socket_inode("/proc/net/udp6", bind->port);
    if (inode == 0)
        return -ENOENT;
    snprintf(link, sizeof link, "socket:[%lu]", inode);
    const struct wanted wanted = {.link = link};
    return find(&wanted, words, size);
}

int holder_of_device(const char *path, char *words, size_t size)
{
    char self[24];
    struct stat status;
    if (stat(path, &status) < 0 || !S_ISCHR(status.st_mode))
        return -ENOENT;
    snprintf(self, sizeof self, "%ld", (long)getpid());
    const struct wanted wanted = {.device = status.st_rdev, .not_pid = self};
    return find(&wanted, words, size);
}
