/* SPDX-License-Identifier: Apache-2.0 */
#include <ctl/client.h>
#include <ctl/human.h>
#include <ctl/render.h>
#include <ctl/watch.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Cursor home, erase below. Spec: ECMA-48. */
#define REPAINT "\033[H\033[J"

/* What the daemon said last. */
struct view {
    json_t *tracking, *sources;
    char why[CLI_WHY_MAX]; /* if there is no tracking */
};

static void forget(struct view *view)
{
    json_decref(view->tracking);
    json_decref(view->sources);
    view->tracking = view->sources = NULL;
}

/* Both reports over one connection. */
static bool look(struct cli *cli, struct view *view)
{
    int error;
    forget(view);
    struct client *client = client_open(cli->socket, &error, view->why, sizeof(view->why));
    if (client == NULL)
        return false;
    view->tracking = client_ask(client, "tracking", view->why, sizeof(view->why));
    if (view->tracking != NULL)
        view->sources = client_ask(client, "sources", view->why, sizeof(view->why));
    client_close(client);
    return view->sources != NULL;
}

static void clock_line(FILE *out)
{
    time_t now = time(NULL);
    struct tm tm;
    char text[64] = "";
    if (gmtime_r(&now, &tm) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
    fputs(text, out);
}

static void draw(struct cli *cli, const struct view *view, FILE *out)
{
    clock_line(out);
    if (view->sources == NULL) {
        fputs("  ", out);
        human_put(out, view->why);
        fputc('\n', out);
        return;
    }
    fprintf(out, "  %s\n", cli->socket);
    render_summary(view->tracking, out, "\n");
    fputc('\n', out);
    render_sources(view->sources, false, out, "\n");
}

/* A frame goes out in one piece, so that the terminal never shows half of it. */
static void paint(struct cli *cli, const struct view *view, bool terminal)
{
    char *frame = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&frame, &size);
    if (out == NULL)
        return;
    if (terminal)
        fputs(REPAINT, out);
    draw(cli, view, out);
    fputs(terminal ? "\nCtrl-C ends\n" : "\n", out);
    if (fclose(out) == 0)
        fwrite(frame, 1, size, cli->out);
    free(frame);
    fflush(cli->out);
}

static void print_object(struct cli *cli, const struct view *view)
{
    json_t *both = json_pack("{sOsO}", "tracking", view->tracking, "sources", view->sources);
    cli_print_json(cli, both);
    json_decref(both);
    fflush(cli->out);
}

/* Wait a second. Returns false when a signal has asked to end. */
static bool wait_second(const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};
    return sigtimedwait(signals, NULL, &second) < 0 && (errno == EAGAIN || errno == EINTR);
}

static int watch(struct cli *cli, const sigset_t *signals)
{
    struct view view = {0};
    bool terminal = !cli->json && isatty(fileno(cli->out)) == 1;
    bool there = look(cli, &view);
    int status = CLI_DONE;
    if (!there)
        status = cli_fail(cli, view.why);
    while (there || (terminal && status == CLI_DONE)) {
        if (cli->json)
            print_object(cli, &view);
        else
            paint(cli, &view, terminal);
        if (ferror(cli->out) || !wait_second(signals))
            break;
        there = look(cli, &view);
        if (!there && !terminal)
            status = cli_fail(cli, view.why);
    }
    forget(&view);
    return status;
}

int watch_run(struct cli *cli)
{
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, &before);
    int status = watch(cli, &signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}
