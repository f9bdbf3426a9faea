/* SPDX-License-Identifier: Apache-2.0 */
#include <base/memory.h>
#include <base/text.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sim/figures.h>
#include <sim/seeds.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that lives one life and writes its figures, as JSON, into a pipe. */
struct child {
    pid_t pid; /* 0: this place is free */
    int fd;
    size_t index;
    struct text figures;
};

struct nursery {
    const struct seeds *seeds;
    struct child *children;
    struct pollfd *polls;
    size_t started, running, failed;
    json_t **lives; /* by index */
};

static uint64_t seed_of(const struct nursery *nursery, size_t index)
{
    return nursery->seeds->setup->seed + index;
}

/* ---------------------------------------------------------------- within the child */

static void tell_finding(void *arg, enum diagnostic_level level, const char *line)
{
    (void)arg, (void)level;
    fprintf(stderr, "%s\n", line);
}

static int live(const struct scene_setup *setup, FILE *pipe)
{
    struct diagnostics findings;
    diagnostics_init(&findings);
    struct scene *scene = scene_create(setup, &findings);
    if (scene == NULL)
        diagnostics_print(&findings, tell_finding, NULL);
    diagnostics_finish(&findings);
    if (scene == NULL || scene_run(scene) < 0)
        return EXIT_FAILURE;
    json_t *figures = figures_of(scene);
    int rc = json_dumpf(figures, pipe, JSON_COMPACT);
    return rc < 0 || fclose(pipe) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

__attribute__((noreturn)) static void be_child(const struct nursery *nursery, size_t index, int fd)
{
    struct scene_setup setup = *nursery->seeds->setup;
    FILE *pipe = fdopen(fd, "w");
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* nobody would read */
    setup.has_seed = true;
    setup.seed = seed_of(nursery, index);
    setup.story = NULL;
    setup.look = NULL;
    _exit(pipe != NULL ? live(&setup, pipe) : EXIT_FAILURE);
}

/* ---------------------------------------------------------------- what went wrong */

/* As a shell takes it for one word. */
static void add_word(struct text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "%+,-./:=@_";
    if (*word != '\0' && strspn(word, plain) == strlen(word)) {
        text_addf(text, " %s", word);
        return;
    }
    text_add(text, " '");
    for (const char *c = word; *c != '\0'; c++)
        if (*c == '\'')
            text_add(text, "'\\''");
        else
            text_add_bytes(text, c, 1);
    text_add(text, "'");
}

static void tell_failed(struct nursery *nursery, size_t index, const char *why)
{
    const struct scene_setup *setup = nursery->seeds->setup;
    struct text command;
    nursery->failed++;
    text_init(&command);
    text_addf(&command, "gnomon-sim --seed %" PRIu64, seed_of(nursery, index));
    if (setup->plugin_dir != NULL) {
        text_add(&command, " --plugin-dir");
        add_word(&command, setup->plugin_dir);
    }
    add_word(&command, setup->path);
    fprintf(stderr, "gnomon-sim: seed %" PRIu64 " failed (%s); again: %s\n",
            seed_of(nursery, index), why, text_string(&command));
    text_finish(&command);
}

/* ---------------------------------------------------------------- children come and go */

/* Errors: negative errno. */
static int start(struct nursery *nursery, struct child *child, size_t index)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    fflush(NULL); /* else the child would print it again */
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        be_child(nursery, index, ends[1]);
    }
    int error = pid < 0 ? -errno : 0;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return error;
    }
    *child = (struct child){.pid = pid, .fd = ends[0], .index = index};
    text_init(&child->figures);
    nursery->running++;
    return 0;
}

static void fill(struct nursery *nursery)
{
    for (size_t i = 0; i < nursery->seeds->jobs; i++) {
        struct child *child = &nursery->children[i];
        if (child->pid != 0 || nursery->started == nursery->seeds->count)
            continue;
        size_t index = nursery->started++;
        int rc = start(nursery, child, index);
        if (rc < 0)
            tell_failed(nursery, index, strerror(-rc));
    }
}

static void end(struct nursery *nursery, struct child *child)
{
    char why[64] = "its figures cannot be read";
    int status = 0;
    close(child->fd);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "signal %d, %s", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        snprintf(why, sizeof why, "exit status %d", WEXITSTATUS(status));
    else
        nursery->lives[child->index] = json_loads(text_string(&child->figures), 0, NULL);
    if (nursery->lives[child->index] == NULL)
        tell_failed(nursery, child->index, why);
    text_finish(&child->figures);
    *child = (struct child){.pid = 0};
    nursery->running--;
}

static void hear(struct nursery *nursery, struct child *child)
{
    char piece[16384];
    ssize_t size = read(child->fd, piece, sizeof piece);
    if (size > 0)
        text_add_bytes(&child->figures, piece, (size_t)size);
    else if (size == 0 || errno != EINTR)
        end(nursery, child);
}

static void attend(struct nursery *nursery)
{
    size_t jobs = nursery->seeds->jobs;
    for (size_t i = 0; i < jobs; i++) {
        const struct child *child = &nursery->children[i];
        nursery->polls[i] = (struct pollfd){child->pid != 0 ? child->fd : -1, POLLIN, 0};
    }
    bool polled = poll(nursery->polls, (nfds_t)jobs, -1) >= 0;
    if (!polled && errno == EINTR)
        return;
    for (size_t i = 0; i < jobs; i++) /* without poll() one after the other */
        if (polled ? nursery->polls[i].revents != 0 : nursery->children[i].pid != 0)
            hear(nursery, &nursery->children[i]);
}

/* ---------------------------------------------------------------- all of them */

static json_t *collect(struct nursery *nursery)
{
    json_t *all = json_array();
    for (size_t i = 0; i < nursery->seeds->count; i++)
        if (nursery->lives[i] != NULL)
            json_array_append_new(all, nursery->lives[i]);
    if (nursery->failed == 0)
        return all;
    fprintf(stderr, "gnomon-sim: %zu of %zu seeds failed\n", nursery->failed,
            nursery->seeds->count);
    json_decref(all);
    return NULL;
}

json_t *seeds_live(const struct seeds *seeds)
{
    struct nursery nursery = {
        .seeds = seeds,
        .children = memory_zeroed(seeds->jobs * sizeof(struct child)),
        .polls = memory_zeroed(seeds->jobs * sizeof(struct pollfd)),
        .lives = memory_zeroed(seeds->count * sizeof(json_t *)),
    };
    while (nursery.started < seeds->count || nursery.running > 0) {
        fill(&nursery);
        if (nursery.running > 0)
            attend(&nursery);
    }
    json_t *all = collect(&nursery);
    free(nursery.children);
    free(nursery.polls);
    free(nursery.lives);
    return all;
}

size_t seeds_processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (size_t)count : 1;
}
