/* SPDX-License-Identifier: Apache-2.0 */

/* gnomond: arguments, signals, the machine; everything else is the daemon's. */

#include <base/memory.h>
#include <errno.h>
#include <getopt.h>
#include <host/daemon.h>
#include <host/describe.h>
#include <host/linked.h>
#include <os/notify.h>
#include <os/os_linux.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum task { TASK_RUN, TASK_TEST, TASK_LIST, TASK_DESCRIBE, TASK_HELP, TASK_VERSION };

struct arguments {
    enum task task;
    enum daemon_mode mode;
    const char *config, *socket, *plugin_dir, *describe;
    enum gn_level level;
    bool read_only, strict;
};

/* Our part of the machine, and what runs on it. */
struct process {
    struct arguments arguments;
    struct logger_stderr log_style;
    struct logger *logger;
    struct loader *loader;
    struct os os;
    struct daemon *daemon;
    int status;
};

static void usage(FILE *to)
{
    fputs("usage: gnomond [-c FILE] [-s SOCKET] [-x] [-t [--strict]] [-q | -Q]\n"
          "               [-L error|warning|info|debug] [--plugin-dir DIR]\n"
          "       gnomond --list-plugins | --describe PLUGIN | --version | --help\n"
          "\n"
          "  -c FILE           configuration (default " SYSCONFDIR "/gnomon.conf)\n"
          "  -s SOCKET         control socket, instead of the configured one\n"
          "  -x                never touch the clock\n"
          "  -t                check the configuration and exit: 0 clean, 2 errors\n"
          "  --strict          with -t: exit 1 on warnings\n"
          "  -q                set the clock once and exit\n"
          "  -Q                print the clock's offset once and exit\n"
          "  -L LEVEL          log up to this level (default info)\n"
          "  --plugin-dir DIR  plugins (default " PLUGINDIR ")\n"
          "  --list-plugins    list the plugins there\n"
          "  --describe NAME   what a plugin can be configured with\n",
          to);
}

/* ---------------------------------------------------------------- arguments */

static bool parse_level(const char *text, enum gn_level *level)
{
    for (int i = GN_ERROR; i <= (int)GN_DEBUG; i++)
        if (strcmp(text, logger_level_name((enum gn_level)i)) == 0) {
            *level = (enum gn_level)i;
            return true;
        }
    fprintf(stderr, "gnomond: -L %s: no such level; error, warning, info or debug\n", text);
    return false;
}

static bool take_option(int option, struct arguments *arguments)
{
    switch (option) {
    case 'c':
        arguments->config = optarg;
        return true;
    case 's':
        arguments->socket = optarg;
        return true;
    case 'x':
        arguments->read_only = true;
        return true;
    case 't':
        arguments->task = TASK_TEST;
        return true;
    case 'q':
        arguments->mode = DAEMON_SET;
        return true;
    case 'Q':
        arguments->mode = DAEMON_OFFSET;
        return true;
    case 'L':
        return parse_level(optarg, &arguments->level);
    case 'S':
        arguments->strict = true;
        return true;
    case 'P':
        arguments->plugin_dir = optarg;
        return true;
    case 'l':
        arguments->task = TASK_LIST;
        return true;
    case 'd':
        arguments->task = TASK_DESCRIBE;
        arguments->describe = optarg;
        return true;
    case 'V':
        arguments->task = TASK_VERSION;
        return true;
    case 'h':
        arguments->task = TASK_HELP;
        return true;
    default:
        return false;
    }
}

static bool parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"strict", no_argument, NULL, 'S'},
        {"plugin-dir", required_argument, NULL, 'P'},
        {"list-plugins", no_argument, NULL, 'l'},
        {"describe", required_argument, NULL, 'd'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "c:s:xtqQL:h", options, NULL)) != -1)
        if (!take_option(option, arguments))
            return false;
    if (optind < argc) {
        fprintf(stderr, "gnomond: %s: no arguments are taken beside options\n", argv[optind]);
        return false;
    }
    if (arguments->strict && arguments->task != TASK_TEST) {
        fprintf(stderr, "gnomond: --strict goes with -t\n");
        return false;
    }
    return true;
}

/* ---------------------------------------------------------------- log */

static void log_below(void *arg, enum gn_level level, const char *text)
{
    logger_log(arg, level, NULL, "%s", text);
}

static void print_finding(void *arg, enum diagnostic_level level, const char *line)
{
    (void)arg;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

/* ---------------------------------------------------------------- the machine */

static bool make_machine(struct process *process)
{
    struct os *os = &process->os;
    bool read_only = process->arguments.read_only || process->arguments.task == TASK_TEST ||
                     process->arguments.mode == DAEMON_OFFSET;
    os->loop = loop_uv_create();
    if (os->loop == NULL)
        return false;
    os->net = net_uv_create(os->loop, log_below, process->logger);
    os->devices = dev_uv_create(os->loop);
    os->clock =
        read_only ? sysclock_null_create() : sysclock_linux_create(log_below, process->logger);
    os->store = statefile_create();
    os->entropy = entropy_create();
    return os->net != NULL && os->devices != NULL && os->clock != NULL && os->store != NULL &&
           os->entropy != NULL;
}

/* Returns false when a name look-up hangs in a thread that exit() would wait for. */
static bool unmake_machine(struct os *os)
{
    if (os->clock != NULL)
        os->clock->ops->destroy(os->clock);
    statefile_destroy(os->store);
    entropy_destroy(os->entropy);
    dev_uv_destroy(os->devices);
    net_uv_destroy(os->net);
    return loop_uv_destroy(os->loop);
}

/* ---------------------------------------------------------------- running */

static void finished(void *arg, int status)
{
    struct process *process = arg;
    process->status = status;
    process->os.loop->ops->stop(process->os.loop);
}

static void signalled(void *arg, int signum)
{
    struct process *process = arg;
    if (signum == SIGHUP) {
        logger_log(process->logger, GN_WARNING, NULL,
                   "SIGHUP: this version does not reload; restart to take a new configuration");
        return;
    }
    logger_log(process->logger, GN_INFO, NULL, "stopping on %s", strsignal(signum));
    finished(process, process->arguments.mode == DAEMON_RUN ? EXIT_DONE : EXIT_FAILED);
}

static void watch_signals(struct process *process)
{
    struct os_loop *loop = process->os.loop;
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        int rc = loop->ops->signal(loop, signals[i], signalled, process);
        if (rc < 0)
            logger_log(process->logger, GN_WARNING, NULL, "cannot handle %s: %s",
                       strsignal(signals[i]), strerror(-rc));
    }
    signal(SIGPIPE, SIG_IGN);
}

static int run(struct process *process)
{
    const char *manager = getenv("NOTIFY_SOCKET");
    watch_signals(process);
    if (daemon_start(process->daemon) < 0) {
        process->status = EXIT_FAILED;
    } else {
        memory_trim();
        notify_manager(manager, "READY=1");
        process->os.loop->ops->run(process->os.loop);
        notify_manager(manager, "STOPPING=1");
    }
    daemon_stop(process->daemon);
    return process->status;
}

/* Read the configuration and let every instance check its part; all findings at once. */
static int prepare(struct process *process)
{
    struct arguments *arguments = &process->arguments;
    struct diagnostics findings;
    struct config *config;
    int status = EXIT_DONE;
    diagnostics_init(&findings);
    config = config_load(arguments->config, process->loader, &findings);
    if (config != NULL) {
        struct daemon_setup setup = {
            .os = &process->os,
            .config = config,
            .loader = process->loader,
            .logger = process->logger,
            .mode = arguments->mode,
            .read_only = arguments->read_only,
            .control_socket = arguments->socket,
            .finished = finished,
            .arg = process,
        };
        process->daemon = daemon_create(&setup, &findings);
    }
    diagnostics_print(&findings, print_finding, NULL);
    if (arguments->task == TASK_TEST && findings.count == 0)
        printf("%s: no errors\n", arguments->config);
    if (process->daemon == NULL)
        status = EXIT_USAGE;
    else if (arguments->strict && findings.warnings > 0)
        status = EXIT_FAILED;
    diagnostics_finish(&findings);
    return status;
}

static int work(struct process *process)
{
    int status = EXIT_FAILED;
    if (!make_machine(process)) {
        fprintf(stderr, "gnomond: out of memory or file descriptors\n");
    } else {
        status = prepare(process);
        if (process->daemon != NULL && process->arguments.task == TASK_RUN)
            status = run(process);
        daemon_destroy(process->daemon);
    }
    if (!unmake_machine(&process->os))
        _exit(status);
    return status;
}

/* What is linked in is found before any file of its name. */
static bool add_linked(struct loader *loader)
{
    char why[512];
    for (const struct gn_plugin *const *plugin = linked_plugins(); *plugin != NULL; plugin++)
        if (loader_add(loader, *plugin, why, sizeof why) == NULL) {
            fprintf(stderr, "gnomond: plugin %s: %s\n", (*plugin)->name, why);
            return false;
        }
    return true;
}

static int perform(struct process *process)
{
    switch (process->arguments.task) {
    case TASK_HELP:
        usage(stdout);
        return EXIT_DONE;
    case TASK_VERSION:
        printf("gnomond %s (plugin ABI %d.%d)\n", VERSION, GN_ABI_MAJOR, GN_ABI_MINOR);
        return EXIT_DONE;
    case TASK_LIST:
        return describe_list(process->loader, stdout) ? EXIT_DONE : EXIT_FAILED;
    case TASK_DESCRIBE:
        return describe_plugin(process->loader, process->arguments.describe, stdout) ? EXIT_DONE
                                                                                     : EXIT_USAGE;
    default:
        return work(process);
    }
}

int main(int argc, char **argv)
{
    struct process process = {
        .arguments = {.config = SYSCONFDIR "/gnomon.conf",
                      .plugin_dir = PLUGINDIR,
                      .level = GN_INFO},
    };
    int status;
    memory_thrift();
    if (!parse_arguments(argc, argv, &process.arguments)) {
        usage(stderr);
        return EXIT_USAGE;
    }
    process.log_style.journal = getenv("JOURNAL_STREAM") != NULL;
    if (process.arguments.task == TASK_TEST && process.arguments.level > GN_WARNING)
        process.arguments.level =
            GN_WARNING; /* what is found is to be seen, not how the day goes */
    process.logger = logger_create(process.arguments.level, logger_stderr_sink, &process.log_style);
    process.loader = loader_create(process.arguments.plugin_dir);
    if (process.logger == NULL || process.loader == NULL) {
        fprintf(stderr, "gnomond: out of memory\n");
        status = EXIT_FAILED;
    } else {
        status = add_linked(process.loader) ? perform(&process) : EXIT_FAILED;
    }
    loader_destroy(process.loader);
    logger_destroy(process.logger);
    return status;
}
