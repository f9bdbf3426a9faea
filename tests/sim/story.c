/* SPDX-License-Identifier: Apache-2.0 */

/* Lives through the stories of stories/ (tale.h), or of the files named. */

#include "tests/sim/tale.h"

#include <glob.h>
#include <sim/scene.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIPPED 77

static const char *plugins(void)
{
    const char *folder = getenv("GNOMON_PLUGINS");
    return folder != NULL ? folder : "modules";
}

/* ---------------------------------------------------------------- one story */

struct told {
    struct tale tale;
    struct scene *scene;
};

static void hear(void *arg, const char *node, double at_s, enum gn_level level, const char *line)
{
    (void)level;
    tale_hear(&((struct told *)arg)->tale, node, at_s, line);
}

static void look(void *arg, size_t index, double at_s, const struct node_truth *truth)
{
    struct told *told = arg;
    tale_look(&told->tale, node_name(scene_node(told->scene, index)), at_s,
              gn_seconds(truth->clock_error_ns), gn_seconds(truth->estimate_error_ns),
              truth->synchronised ? truth->error_bound_s : -1);
}

static void print_line(void *arg, enum diagnostic_level level, const char *line)
{
    (void)arg, (void)level;
    printf("    %s\n", line);
}

static bool live(const char *path, struct told *told)
{
    struct scene_setup setup = {.path = path,
                                .plugin_dir = plugins(),
                                .level = GN_DEBUG,
                                .story = hear,
                                .look = look,
                                .arg = told};
    struct diagnostics findings;
    diagnostics_init(&findings);
    told->scene = scene_create(&setup, &findings);
    if (told->scene == NULL)
        diagnostics_print(&findings, print_line, NULL);
    diagnostics_finish(&findings);
    bool lived = told->scene != NULL && scene_run(told->scene) == 0;
    scene_destroy(told->scene);
    return lived;
}

/* A story that is told as not yet so must fail: when it holds, its mark has to go. */
static bool tell(const char *path)
{
    struct told *told = calloc(1, sizeof *told);
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    if (told == NULL)
        return false;
    const struct tale *tale = &told->tale;
    bool lived = tale_read(&told->tale, path) && live(path, told);
    bool expected = tale->not_yet[0] == '\0';
    bool good = lived && tale_holds(tale, expected ? stdout : NULL) == expected;
    printf("%s - %s%s%s\n", good ? "ok" : "not ok", name,
           expected ? "" : ", not yet: ", tale->not_yet);
    if (!good)
        printf("    %s\n    repeat: gnomon-sim --plugin-dir %s %s\n",
               expected ? "it is not as told" : "it holds now: take its mark away", plugins(),
               path);
    free(told);
    return good;
}

/* ---------------------------------------------------------------- all of them */

static bool tell_all(void)
{
    const char *source = getenv("GNOMON_SRC");
    char pattern[4096];
    glob_t found;
    bool good = true;
    snprintf(pattern, sizeof pattern, "%s/tests/sim/stories/*.conf", source != NULL ? source : ".");
    if (glob(pattern, 0, NULL, &found) != 0) {
        printf("not ok - there are no %s\n", pattern);
        return false;
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        good = tell(found.gl_pathv[i]) && good;
    globfree(&found);
    return good;
}

int main(int argc, char **argv)
{
    bool good = true;
    if (access(plugins(), R_OK) < 0) {
        printf("SKIP no plugins in %s\n", plugins());
        return SKIPPED;
    }
    if (argc == 1)
        good = tell_all();
    for (int i = 1; i < argc; i++)
        good = tell(argv[i]) && good;
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
