/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONFIG_FIXTURE_H
#define TESTS_CONFIG_FIXTURE_H

/** A folder for configuration files, and config_load() on it with the plugins of fake_plugins.h. */

#include <base/text.h>
#include <check.h>
#include <ftw.h>
#include <host/config.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tests/unit/fake_plugins.h>
#include <unistd.h>

struct config_fixture {
    char folder[PATH_MAX];
    struct loader *loader;
    struct diagnostics diagnostics;
    struct config *config;
    struct text findings; /* one a line, the folder taken out */
};

static inline void fixture_init(struct config_fixture *fixture)
{
    const char *base = getenv("TMPDIR");
    memset(fixture, 0, sizeof(*fixture));
    snprintf(fixture->folder, sizeof(fixture->folder), "%s/gnomon-config-XXXXXX",
             base != NULL ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(fixture->folder));
    fixture->loader = loader_create("/nonexistent/plugins");
    for (size_t i = 0; i < FAKE_PLUGIN_COUNT; i++)
        ck_assert_ptr_nonnull(loader_add(fixture->loader, &fake_plugins[i], NULL, 0));
    diagnostics_init(&fixture->diagnostics);
    text_init(&fixture->findings);
}

static inline int fixture_remove(const char *path, const struct stat *status, int type,
                                 struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline void fixture_finish(struct config_fixture *fixture)
{
    config_free(fixture->config);
    loader_destroy(fixture->loader);
    diagnostics_finish(&fixture->diagnostics);
    text_finish(&fixture->findings);
    nftw(fixture->folder, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/** Write `size` bytes to a file; its folder is made. */
static inline void fixture_write_bytes(struct config_fixture *fixture, const char *name,
                                       const void *data, size_t size)
{
    char path[PATH_MAX * 2];
    snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    mkdir(path, 0777);
    *slash = '/';
    FILE *stream = fopen(path, "w");
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(fwrite(data, 1, size, stream), size);
    ck_assert_int_eq(fclose(stream), 0);
}

static inline void fixture_write(struct config_fixture *fixture, const char *name,
                                 const char *content)
{
    fixture_write_bytes(fixture, name, content, strlen(content));
}

static inline void fixture_add_line(void *arg, enum diagnostic_level level, const char *line)
{
    struct config_fixture *fixture = arg;
    size_t size = strlen(fixture->folder);
    (void)level;
    for (const char *at; (at = strstr(line, fixture->folder)) != NULL; line = at + size + 1)
        text_add_bytes(&fixture->findings, line, (size_t)(at - line));
    text_addf(&fixture->findings, "%s\n", line);
}

/** Load gnomon.conf of the folder. Returns whether it is good. */
static inline bool fixture_load(struct config_fixture *fixture)
{
    char path[PATH_MAX * 2];
    snprintf(path, sizeof(path), "%s/gnomon.conf", fixture->folder);
    fixture->config = config_load(path, fixture->loader, &fixture->diagnostics);
    diagnostics_print(&fixture->diagnostics, fixture_add_line, fixture);
    return fixture->config != NULL;
}

#endif
