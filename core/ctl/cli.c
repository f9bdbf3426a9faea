/* SPDX-License-Identifier: Apache-2.0 */
#include <base/text.h>
#include <ctl/add.h>
#include <ctl/cli.h>
#include <ctl/client.h>
#include <ctl/gps.h>
#include <ctl/human.h>
#include <ctl/query.h>
#include <ctl/render.h>
#include <ctl/rtc.h>
#include <ctl/waitsync.h>
#include <ctl/watch.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define USAGE "usage: gnomonctl [-s SOCKET] [--json] COMMAND, see gnomonctl --help\n"

/* ---------------------------------------------------------------- telling */

int cli_fail(struct cli *cli, const char *why)
{
    fputs("gnomonctl: ", cli->err);
    human_put(cli->err, why);
    fputc('\n', cli->err);
    if (cli->json) {
        json_t *value = json_pack("{sbss}", "ok", 0, "error", why);
        cli_print_json(cli, value);
        json_decref(value);
    }
    return CLI_NO;
}

int cli_usage(struct cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("gnomonctl: ", cli->err);
    vfprintf(cli->err, format, args);
    fputs("\n" USAGE, cli->err);
    va_end(args);
    return CLI_USAGE;
}

void cli_print_json(struct cli *cli, const json_t *value)
{
    json_dumpf(value, cli->out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    fputc('\n', cli->out);
}

/* ---------------------------------------------------------------- asking */

json_t *cli_try(struct cli *cli, const char *command, int *error, char *why, size_t why_size)
{
    struct client *client = client_open(cli->socket, error, why, why_size);
    if (client == NULL)
        return NULL;
    json_t *result = client_ask_source(client, command, cli->source, why, why_size);
    client_close(client);
    return result;
}

json_t *cli_ask(struct cli *cli, const char *command)
{
    char why[CLI_WHY_MAX];
    int error;
    json_t *result = cli_try(cli, command, &error, why, sizeof(why));
    if (result == NULL)
        cli_fail(cli, why);
    return result;
}

json_t *cli_request(struct cli *cli, const json_t *request)
{
    char why[CLI_WHY_MAX];
    int error;
    struct client *client = client_open(cli->socket, &error, why, sizeof(why));
    json_t *result = client != NULL ? client_request(client, request, why, sizeof(why)) : NULL;
    if (client != NULL)
        client_close(client);
    if (result == NULL)
        cli_fail(cli, why);
    return result;
}

/* ---------------------------------------------------------------- the commands */

static void sources(const json_t *value, bool verbose, FILE *out)
{
    render_sources(value, verbose, out, "\n");
}

static int report(struct cli *cli, const char *command, void (*render)(const json_t *, FILE *))
{
    json_t *value = cli_ask(cli, command);
    if (value == NULL)
        return CLI_NO;
    if (cli->json)
        cli_print_json(cli, value);
    else
        render(value, cli->out);
    json_decref(value);
    return CLI_DONE;
}

static void terse_sources(const json_t *value, FILE *out)
{
    sources(value, false, out);
}

static void verbose_sources(const json_t *value, FILE *out)
{
    sources(value, true, out);
}

static int run_tracking(struct cli *cli)
{
    return report(cli, "tracking", render_tracking);
}

static int run_sources(struct cli *cli)
{
    return report(cli, "sources", cli->verbose ? verbose_sources : terse_sources);
}

static int run_sourcestats(struct cli *cli)
{
    return report(cli, "sourcestats", render_sourcestats);
}

static int run_plugins(struct cli *cli)
{
    return report(cli, "plugins", render_plugins);
}

/* A command that does something and has nothing to report. */
static int act(struct cli *cli, const char *command, const char *done)
{
    json_t *value = cli_ask(cli, command);
    if (value == NULL)
        return CLI_NO;
    json_decref(value);
    fputs(cli->json ? "{\"ok\": true}\n" : done, cli->out);
    return CLI_DONE;
}

static int run_makestep(struct cli *cli)
{
    return act(cli, "makestep", "the clock has been stepped\n");
}

static int run_burst(struct cli *cli)
{
    cli->source = cli->arguments[0];
    return act(cli, "burst", "the next seconds bring up to four measurements of each\n");
}

static int run_online(struct cli *cli)
{
    cli->source = cli->arguments[0];
    return act(cli, "online", "asked again from now on\n");
}

static int run_offline(struct cli *cli)
{
    cli->source = cli->arguments[0];
    return act(cli, "offline", "not asked any more, until it is put online\n");
}

static int run_refresh(struct cli *cli)
{
    return act(cli, "refresh", "all names are resolved anew\n");
}

static int run_delete(struct cli *cli)
{
    cli->source = cli->arguments[0];
    return act(cli, "delete", "deleted, but not from the configuration file\n");
}

static int run_activity(struct cli *cli)
{
    return report(cli, "activity", render_activity);
}

static int run_shutdown(struct cli *cli)
{
    return act(cli, "shutdown", "gnomond ends\n");
}

/* ---------------------------------------------------------------- command line */

enum takes {
    TAKES_VERBOSE = 1,
    TAKES_TIMEOUT = 2,
};

struct command {
    const char *name;
    int (*run)(struct cli *);
    unsigned takes;  /* enum takes */
    int least, most; /* arguments */
    const char *arguments;
    const char *help;
};

static const struct command commands[] = {
    {"tracking", run_tracking, 0, 0, 0, "", "how well the clock is known"},
    {"sources", run_sources, TAKES_VERBOSE, 0, 0, "[-v]",
     "the sources, and why each is used or not"},
    {"sourcestats", run_sourcestats, 0, 0, 0, "", "each source's own estimate"},
    {"plugins", run_plugins, 0, 0, 0, "", "the loaded plugins"},
    {"watch", watch_run, 0, 0, 0, "", "tracking and sources, once a second until Ctrl-C"},
    {"waitsync", waitsync_run, TAKES_VERBOSE | TAKES_TIMEOUT, 0, 3,
     "[-v] [--timeout SECONDS] [TRIES [MAX_ERROR_S [INTERVAL_S]]]", "wait until synchronised"},
    {"activity", run_activity, 0, 0, 0, "", "how many sources are online, offline, unresolved"},
    {"burst", run_burst, 0, 0, 1, "[SOURCE]", "measure some times in quick succession now"},
    {"online", run_online, 0, 0, 1, "[SOURCE]", "ask a source, or all, again"},
    {"offline", run_offline, 0, 0, 1, "[SOURCE]", "let a source, or all, rest"},
    {"refresh", run_refresh, 0, 0, 0, "", "resolve all names anew, now"},
    {"add", add_run, 0, 2, 66, "server|pool|peer HOST [KEY=VALUE ...]",
     "add a source until it is deleted or the daemon ends"},
    {"delete", run_delete, 0, 1, 1, "SOURCE", "delete a source, or a pool as a whole"},
    {"makestep", run_makestep, 0, 0, 0, "", "step the clock to the estimate now"},
    {"query", query_run, 0, 1, 1, "HOST[:PORT]",
     "ask an NTP server once; needs no daemon, sets no clock"},
    {"gps", gps_run, 0, 0, 1, "[SOURCE]", "what the satellite receivers say"},
    {"rtcdata", rtc_data_run, 0, 0, 1, "[SOURCE]", "what is known of the hardware clock"},
    {"rtc", rtc_run, 0, 1, 2, "write [SOURCE]", "write the time into the hardware clock now"},
    {"shutdown", run_shutdown, 0, 0, 0, "", "end the daemon"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static int help(FILE *out)
{
    fputs("usage: gnomonctl [-s SOCKET] [--json] COMMAND\n"
          "\n"
          "  -s, --socket SOCKET  of the daemon [" RUNDIR "/gnomon.sock]\n"
          "      --json           print one JSON value\n"
          "  -h, --help           this\n"
          "      --version        the version\n"
          "\n"
          "commands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *c = &commands[i];
        int used =
            fprintf(out, "  %s%s%s", c->name, *c->arguments != '\0' ? " " : "", c->arguments);
        if (used > 22)
            used = fprintf(out, "\n") - 1;
        fprintf(out, "%*s %s\n", 22 - used, "", c->help);
    }
    fputs("\n"
          "exit status: 0 done, 1 the daemon said no or is not there, 2 wrong usage\n",
          out);
    return CLI_DONE;
}

static const struct command *find(struct cli *cli, const char *name)
{
    struct text_guess guess;
    text_guess_init(&guess, name);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
        text_guess_try(&guess, commands[i].name);
    }
    if (guess.best != NULL)
        cli_usage(cli, "there is no command \"%s\", did you mean \"%s\"?", name, guess.best);
    else
        cli_usage(cli, "there is no command \"%s\"", name);
    return NULL;
}

static int run(struct cli *cli, int count)
{
    const char *name = cli->arguments[0];
    const struct command *command = find(cli, name);
    if (command == NULL)
        return CLI_USAGE;
    if (cli->verbose && (command->takes & TAKES_VERBOSE) == 0)
        return cli_usage(cli, "%s takes no -v", name);
    if (cli->timeout_s > 0 && (command->takes & TAKES_TIMEOUT) == 0)
        return cli_usage(cli, "%s takes no --timeout", name);
    if (count - 1 < command->least)
        return cli_usage(cli, "%s needs %s", name, command->arguments);
    if (count - 1 > command->most)
        return cli_usage(cli, "%s: too many arguments, at \"%s\"", name,
                         cli->arguments[command->most + 1]);
    cli->arguments++;
    return command->run(cli);
}

static bool read_timeout(struct cli *cli, const char *text)
{
    char *end;
    cli->timeout_s = strtod(text, &end);
    if (end != text && *end == '\0' && isfinite(cli->timeout_s) && cli->timeout_s > 0)
        return true;
    cli_usage(cli, "--timeout %s: a number of seconds above 0", text);
    return false;
}

/* What getopt_long did not like. `optopt` is 0 for a long option that does not exist. */
static int bad_option(struct cli *cli, const char *word)
{
    if (strncmp(word, "--", 2) != 0)
        return cli_usage(cli, "there is no option -%c", optopt);
    return cli_usage(cli, optopt == 0 ? "there is no option %s" : "%s: the option takes no value",
                     word);
}

/* Returns −1 to go on with the command, or an exit status. */
static int read_options(struct cli *cli, int argc, char **argv)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"verbose", no_argument, NULL, 'v'},
        {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option;
    opterr = 0;
    optind = 0; /* start anew: tests call this more than once */
    while ((option = getopt_long(argc, argv, ":s:vh", options, NULL)) != -1) {
        switch (option) {
        case 's':
            cli->socket = optarg;
            break;
        case 'j':
            cli->json = true;
            break;
        case 'v':
            cli->verbose = true;
            break;
        case 't':
            if (!read_timeout(cli, optarg))
                return CLI_USAGE;
            break;
        case 'h':
            return help(cli->out);
        case 'V':
            fputs("gnomonctl " VERSION "\n", cli->out);
            return CLI_DONE;
        case ':':
            return cli_usage(cli, "%s needs a value", argv[optind - 1]);
        default:
            return bad_option(cli, argv[optind - 1]);
        }
    }
    return -1;
}

int cli_main(int argc, char **argv, FILE *out, FILE *err)
{
    struct cli cli = {.socket = RUNDIR "/gnomon.sock", .out = out, .err = err};
    int status = read_options(&cli, argc, argv);
    if (status < 0) {
        cli.arguments = argv + optind;
        status = optind < argc ? run(&cli, argc - optind) : cli_usage(&cli, "no command");
    }
    if (fflush(out) != 0 || ferror(out)) {
        fputs("gnomonctl: cannot write the output\n", err);
        return CLI_NO;
    }
    return status;
}
