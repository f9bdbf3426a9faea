/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration of random bytes: it is read or refused with findings, nothing else. What our
 * grammar lets pass, libconfig must take too: then our words explain every syntax error.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <tests/unit/fake_plugins.h>

#include <host/config.h>
#include <host/describe.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INCLUDE "@include"

/* Included files would be any of this machine; the word is kept, the file is not opened. */
static void spoil_includes(char *content, size_t size)
{
    char *at = content;
    while ((at = memmem(at, size - (size_t)(at - content), INCLUDE, strlen(INCLUDE))) != NULL)
        *at = '#';
}

/* A file in memory. Returns its descriptor. */
static int make_file(const uint8_t *data, size_t size)
{
    char *content = malloc(size + 1);
    int fd = memfd_create("gnomon.conf", MFD_CLOEXEC);
    if (content == NULL || fd < 0)
        abort();
    memcpy(content, data, size);
    spoil_includes(content, size);
    if (write(fd, content, size) != (ssize_t)size)
        abort();
    free(content);
    return fd;
}

static void check_line(void *arg, enum diagnostic_level level, const char *line)
{
    (void)arg, (void)level;
    for (const char *at = line; *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            abort();
}

/* Whether these are the words of libconfig. */
static bool is_unexplained(const char *finding)
{
    return strcmp(finding, "syntax error") == 0 || strcmp(finding, "memory exhausted") == 0 ||
           strcmp(finding, "mismatched element type in array") == 0;
}

static void check_findings(const struct diagnostics *diagnostics, const struct config *config)
{
    if ((diagnostics->errors == 0) != (config != NULL))
        abort();
    for (size_t i = 0; i < diagnostics->count; i++)
        if (is_unexplained(diagnostics->items[i].text))
            abort();
    diagnostics_print(diagnostics, check_line, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct diagnostics diagnostics;
    struct loader *loader = loader_create("/nonexistent");
    int fd = make_file(data, size);
    for (size_t i = 0; i < FAKE_PLUGIN_COUNT; i++)
        if (loader_add(loader, &fake_plugins[i], NULL, 0) == NULL)
            abort();
    diagnostics_init(&diagnostics);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct config *config = config_load(path, loader, &diagnostics);
    check_findings(&diagnostics, config);
    config_free(config);
    diagnostics_finish(&diagnostics);
    loader_destroy(loader);
    close(fd);
    return 0;
}
