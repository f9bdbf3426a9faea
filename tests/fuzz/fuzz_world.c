/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world of gnomon-sim in any bytes: it is read or refused with findings that name a file. A
 * small one that is taken lives twice for its time, and both lives are the same. There are no
 * plugins, so its daemons have little to do.
 */
#include <sys/mman.h>

#include <sim/scene.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig forgets the string that it was reading when a syntax error comes. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

/* Longer or larger worlds only take time. */
#define LONGEST_S 200
#define MOST_NODES 8

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Other files would be any of this machine: what opens them loses a letter. */
static void spoil(char *content, size_t size, const char *word)
{
    char *at = content;
    while ((at = memmem(at, size - (size_t)(at - content), word, strlen(word))) != NULL)
        *at = '#';
}

/* A file in memory. Returns its descriptor. */
static int make_file(const uint8_t *data, size_t size)
{
    char *content = malloc(size + 1);
    int fd = memfd_create("world.conf", MFD_CLOEXEC);
    require(content != NULL && fd >= 0);
    memcpy(content, data, size);
    spoil(content, size, "@include");
    spoil(content, size, "_file");
    require(write(fd, content, size) == (ssize_t)size);
    free(content);
    return fd;
}

static void check_findings(const struct diagnostics *findings, const struct scene *scene)
{
    require((findings->errors == 0) == (scene != NULL));
    for (size_t i = 0; i < findings->count; i++)
        require(findings->items[i].file != NULL && findings->items[i].text[0] != '\0');
}

/* Live through a world. Returns what follows from all that happened, 0: it is none. */
static uint64_t live(int fd)
{
    char path[64];
    struct scene_setup setup = {.path = path, .plugin_dir = "/nonexistent", .level = GN_INFO};
    struct diagnostics findings;
    uint64_t hash = 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    diagnostics_init(&findings);
    struct scene *scene = scene_create(&setup, &findings);
    check_findings(&findings, scene);
    if (scene != NULL && scene_nodes(scene) <= MOST_NODES && scene_duration_s(scene) <= LONGEST_S) {
        require(scene_run(scene) == 0);
        hash = scene_hash(scene);
        for (size_t i = 0; i < scene_nodes(scene); i++)
            require(scene_stats(scene, i)->max_s >= 0);
    }
    scene_destroy(scene);
    diagnostics_finish(&findings);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = make_file(data, size);
    uint64_t first = live(fd);
    if (first != 0)
        require(live(fd) == first);
    close(fd);
    return 0;
}
