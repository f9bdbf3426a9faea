/* SPDX-License-Identifier: Apache-2.0 */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

struct keyfile {
    LIST_ENTRY(keyfile) link;
    unsigned uses;
    size_t errors; /* it was refused, and said why; kept so that it is said once */
    struct keyring keyring;
    struct stat state; /* of the file when it was read */
    char path[];
};

/* Whom the findings are told to. */
struct teller {
    struct gn_host *host;
    const char *path;
};

/* ---------------------------------------------------------------- reading */

/* The whole file, to be wiped; a pipe or a device is no file of keys, and might never end. */
static int read_all(int fd, const struct stat *state, char **text, size_t *size)
{
    size_t room = (size_t)state->st_size + 1;
    if (!S_ISREG(state->st_mode))
        return S_ISDIR(state->st_mode) ? -EISDIR : -EINVAL;
    if (state->st_size > KEYS_FILE_MAX)
        return -EFBIG;
    *size = 0;
    *text = malloc(room);
    if (*text == NULL)
        return -ENOMEM;
    while (*size < room) {
        ssize_t got = read(fd, *text + *size, room - *size);
        if (got < 0 && errno != EINTR) {
            int error = -errno;
            mac_wipe(*text, *size);
            free(*text);
            return error;
        }
        if (got == 0)
            break;
        *size += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int read_file(const char *path, struct stat *state, char **text, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    int error = fstat(fd, state) == 0 ? read_all(fd, state, text, size) : -errno;
    close(fd);
    return error;
}

/* ---------------------------------------------------------------- findings */

static void tell(void *arg, enum gn_level level, unsigned line, const char *text)
{
    const struct teller *teller = arg;
    gn_finding(teller->host, level, teller->path, line, "%s", text);
}

static const char *why_unprepared(int error)
{
    if (error == -ENOSYS)
        return "this gnomond was built without OpenSSL, so it knows no keys";
    return error == -ENOTSUP ? "the OpenSSL of this machine refuses keys of this type"
                             : strerror(-error);
}

static int take_text(struct keyfile *file, struct gn_host *host, const char *text, size_t size)
{
    struct teller teller = {host, file->path};
    struct keys keys;
    unsigned line = 0;
    int error = keys_parse(&keys, text, size, tell, &teller);
    if (error == -EINVAL) {
        file->errors = keys.errors;
    } else if (error == 0) {
        error = keyring_init(&file->keyring, &keys, &line);
        if (error != 0)
            error =
                gn_fail(host, error, "keys: %s:%u: %s", file->path, line, why_unprepared(error));
    }
    keys_finish(&keys);
    return error;
}

static int load(struct keyfile *file, struct gn_host *host)
{
    char *text = NULL;
    size_t size = 0;
    int error = read_file(file->path, &file->state, &text, &size);
    if (error != 0)
        return gn_fail(host, error, "keys: cannot read %s: %s", file->path,
                       error == -EINVAL ? "not a regular file" : strerror(-error));
    if ((file->state.st_mode & (S_IROTH | S_IWOTH)) != 0)
        gn_finding(host, GN_WARNING, file->path, 0,
                   "everybody on this machine may %s the keys; only gnomond should (chmod o=)",
                   (file->state.st_mode & S_IROTH) != 0 ? "read" : "write");
    error = take_text(file, host, text, size);
    mac_wipe(text, size);
    free(text);
    return error;
}

/* ---------------------------------------------------------------- the files in use */

static bool is_unchanged(const struct keyfile *file)
{
    struct stat now;
    return stat(file->path, &now) == 0 && now.st_dev == file->state.st_dev &&
           now.st_ino == file->state.st_ino && now.st_size == file->state.st_size &&
           now.st_mtim.tv_sec == file->state.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == file->state.st_mtim.tv_nsec;
}

static struct keyfile *find(struct commons *commons, const char *path)
{
    struct keyfile *file = LIST_FIRST(&commons->keyfiles);
    while (file != NULL && (strcmp(file->path, path) != 0 || !is_unchanged(file)))
        file = LIST_NEXT(file, link);
    return file;
}

static struct keyfile *find_or_load(struct commons *commons, struct gn_host *host, const char *path,
                                    int *error)
{
    struct keyfile *file = find(commons, path);
    *error = 0;
    if (file != NULL)
        return file;
    file = calloc(1, sizeof(*file) + strlen(path) + 1);
    if (file == NULL) {
        *error = gn_fail(host, -ENOMEM, "out of memory");
        return NULL;
    }
    strcpy(file->path, path);
    *error = load(file, host);
    if (*error != 0 && file->errors == 0) {
        free(file);
        return NULL;
    }
    LIST_INSERT_HEAD(&commons->keyfiles, file, link);
    return file;
}

int keyfile_get(struct commons *commons, struct gn_host *host, const char *path,
                struct keyfile **result)
{
    int error;
    struct keyfile *file = find_or_load(commons, host, path, &error);
    if (file == NULL)
        return error;
    if (file->errors > 0)
        return gn_fail(host, -EINVAL, "keys: %s has %zu error%s", path, file->errors,
                       file->errors == 1 ? "" : "s");
    file->uses++;
    *result = file;
    return 0;
}

static void forget(struct keyfile *file)
{
    LIST_REMOVE(file, link);
    keyring_finish(&file->keyring);
    free(file);
}

void keyfile_release(struct keyfile *file)
{
    if (file != NULL && --file->uses == 0)
        forget(file);
}

void keyfile_forget_all(struct commons *commons)
{
    while (!LIST_EMPTY(&commons->keyfiles))
        forget(LIST_FIRST(&commons->keyfiles));
}

const struct keyring *keyfile_keys(const struct keyfile *file)
{
    return file != NULL ? &file->keyring : NULL;
}
