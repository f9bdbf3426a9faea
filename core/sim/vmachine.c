/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sim/chance.h>
#include <sim/vmachine.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* ---------------------------------------------------------------- state files */

struct file {
    char *path;
    void *data;
    size_t size;
    SLIST_ENTRY(file) link;
};

struct vstore {
    struct os_store base; /* first: callers hold this */
    SLIST_HEAD(, file) files;
    bool refuses;
};

static struct file *find(struct vstore *store, const char *path)
{
    struct file *file;
    SLIST_FOREACH(file, &store->files, link)
    if (strcmp(file->path, path) == 0)
        break;
    return file;
}

static ssize_t read_file(struct os_store *base, const char *path, void *data, size_t size)
{
    const struct file *file = find((struct vstore *)base, path);
    if (file == NULL)
        return -ENOENT;
    if (file->size > size)
        return -EFBIG;
    if (file->size > 0)
        memcpy(data, file->data, file->size);
    return (ssize_t)file->size;
}

static struct file *add(struct vstore *store, const char *path)
{
    struct file *file = calloc(1, sizeof *file);
    char *copy = strdup(path);
    if (file == NULL || copy == NULL) {
        free(file);
        free(copy);
        return NULL;
    }
    file->path = copy;
    SLIST_INSERT_HEAD(&store->files, file, link);
    return file;
}

static int write_file(struct os_store *base, const char *path, const void *data, size_t size)
{
    struct vstore *store = (struct vstore *)base;
    struct file *file = find(store, path);
    if (store->refuses)
        return -EROFS;
    void *copy = malloc(size + 1);
    if (copy == NULL)
        return -ENOMEM;
    if (file == NULL)
        file = add(store, path);
    if (file == NULL) {
        free(copy);
        return -ENOMEM;
    }
    if (size > 0)
        memcpy(copy, data, size);
    free(file->data);
    file->data = copy;
    file->size = size;
    return 0;
}

static const struct os_store_ops store_ops = {.read = read_file, .write = write_file};

struct os_store *vstore_create(void)
{
    struct vstore *store = calloc(1, sizeof *store);
    if (store == NULL)
        return NULL;
    store->base.ops = &store_ops;
    SLIST_INIT(&store->files);
    return &store->base;
}

void vstore_destroy(struct os_store *base)
{
    struct vstore *store = (struct vstore *)base;
    if (store == NULL)
        return;
    while (!SLIST_EMPTY(&store->files)) {
        struct file *file = SLIST_FIRST(&store->files);
        SLIST_REMOVE_HEAD(&store->files, link);
        free(file->path);
        free(file->data);
        free(file);
    }
    free(store);
}

void vstore_refuse(struct os_store *base, bool refuse)
{
    ((struct vstore *)base)->refuses = refuse;
}

/* ---------------------------------------------------------------- chance */

struct ventropy {
    struct os_entropy base; /* first: callers hold this */
    struct chance chance;
};

static int fill(struct os_entropy *base, void *data, size_t size)
{
    struct ventropy *entropy = (struct ventropy *)base;
    unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(chance_bits(&entropy->chance) >> 56);
    return 0;
}

static const struct os_entropy_ops entropy_ops = {.fill = fill};

struct os_entropy *ventropy_create(uint64_t seed, const char *name)
{
    struct ventropy *entropy = calloc(1, sizeof *entropy);
    if (entropy == NULL)
        return NULL;
    entropy->base.ops = &entropy_ops;
    chance_init(&entropy->chance, seed, "entropy", name);
    return &entropy->base;
}

void ventropy_destroy(struct os_entropy *entropy)
{
    free(entropy);
}
