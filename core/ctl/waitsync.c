/* SPDX-License-Identifier: Apache-2.0 */
#include <ctl/human.h>
#include <ctl/render.h>
#include <ctl/waitsync.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct waitsync {
    struct cli *cli;
    long tries;         /* 0: for ever */
    double max_error_s; /* 0: any */
    double interval_s;
    double deadline_s; /* on CLOCK_MONOTONIC; INFINITY: none */
    long tried;
    json_t *tracking; /* of the last try; NULL: none came */
    int error;        /* errno of the last try, if there was no daemon */
    char why[CLI_WHY_MAX];
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void sleep_s(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* ---------------------------------------------------------------- arguments */

static bool read_number(struct waitsync *w, const char *name, const char *text, double least,
                        double *value)
{
    char *end;
    *value = strtod(text, &end);
    if (end != text && *end == '\0' && *value >= least && *value <= 1e9)
        return true;
    cli_usage(w->cli, "waitsync: %s %s: a number from %g to 1e9", name, text, least);
    return false;
}

static bool read_arguments(struct waitsync *w)
{
    char **arguments = w->cli->arguments;
    double tries = 0;
    if (arguments[0] == NULL)
        return true;
    if (!read_number(w, "TRIES", arguments[0], 0, &tries))
        return false;
    if (tries != floor(tries)) {
        cli_usage(w->cli, "waitsync: TRIES %s: a whole number", arguments[0]);
        return false;
    }
    w->tries = (long)tries;
    if (arguments[1] == NULL)
        return true;
    if (!read_number(w, "MAX_ERROR_S", arguments[1], 0, &w->max_error_s))
        return false;
    return arguments[2] == NULL || read_number(w, "INTERVAL_S", arguments[2], 0.01, &w->interval_s);
}

/* ---------------------------------------------------------------- waiting */

/* One try. Returns whether the clock is good; else `why` says why not. */
static bool try(struct waitsync *w)
{
    json_decref(w->tracking);
    w->tried++;
    w->tracking = cli_try(w->cli, "tracking", &w->error, w->why, sizeof(w->why));
    if (w->tracking == NULL)
        return false;
    double bound_s = render_number(w->tracking, "error_bound_s");
    if (!json_is_true(json_object_get(w->tracking, "synchronised"))) {
        snprintf(w->why, sizeof(w->why), "not synchronised, state %.40s",
                 render_text(w->tracking, "state"));
        return false;
    }
    if (w->max_error_s > 0 && !(bound_s <= w->max_error_s)) {
        snprintf(w->why, sizeof(w->why), "synchronised, but the error bound %.9f s is above %.9g s",
                 bound_s, w->max_error_s);
        return false;
    }
    return true;
}

/* Whether another try makes sense. */
static bool again(const struct waitsync *w)
{
    bool bounded = w->tries > 0 || isfinite(w->deadline_s);
    if (w->error == EACCES || w->error == EPERM || w->error == ENAMETOOLONG)
        return false; /* waiting cures none of these */
    if (w->tracking == NULL && !bounded)
        return false;
    if (w->tries > 0 && w->tried >= w->tries)
        return false;
    return now_s() < w->deadline_s;
}

static void tell_try(struct waitsync *w, bool good)
{
    if (!w->cli->verbose || w->cli->json)
        return;
    fprintf(w->cli->out, "try %ld: ", w->tried);
    if (good)
        render_summary(w->tracking, w->cli->out, "\n");
    else
        fprintf(w->cli->out, "%s\n", w->why);
    fflush(w->cli->out);
}

static int tell_end(struct waitsync *w, bool good)
{
    struct cli *cli = w->cli;
    if (cli->json && w->tracking != NULL)
        cli_print_json(cli, w->tracking);
    if (good) {
        if (!cli->json)
            render_summary(w->tracking, cli->out, "\n");
        return CLI_DONE;
    }
    if (w->tracking == NULL)
        return cli_fail(cli, w->why);
    fprintf(cli->err, "gnomonctl: after %ld %s: %s; gnomonctl sources tells more\n", w->tried,
            w->tried == 1 ? "try" : "tries", w->why);
    return CLI_NO;
}

int waitsync_run(struct cli *cli)
{
    struct waitsync w = {.cli = cli, .interval_s = 1, .deadline_s = INFINITY};
    if (!read_arguments(&w))
        return CLI_USAGE;
    if (cli->timeout_s > 0)
        w.deadline_s = now_s() + cli->timeout_s;
    bool good = try(&w);
    tell_try(&w, good);
    while (!good && again(&w)) {
        double left_s = w.deadline_s - now_s();
        sleep_s(fmax(0, fmin(w.interval_s, left_s)));
        good = try(&w);
        tell_try(&w, good);
    }
    int status = tell_end(&w, good);
    json_decref(w.tracking);
    return status;
}
