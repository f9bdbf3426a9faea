/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/command.h>
#include <host/daemon.h>
#include <sim/node.h>
#include <sim/vdev.h>
#include <sim/vloop.h>
#include <sim/vmachine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
    struct node_setup setup;
    char *name;
    struct os os;
    struct vhost *host; /* the net's */
    struct logger *logger;
    struct daemon *daemon;
    bool started, asleep, silent;
    gn_utc awake_at;
    struct world_event end; /* the daemon has ended itself */
};

static void tell(void *arg, enum gn_level level, const char *line)
{
    struct node *node = arg;
    if (node->setup.story != NULL && !node->silent)
        node->setup.story(node->setup.arg, node, world_now(node->setup.world), level, line);
}

static bool make_machine(struct node *node)
{
    const struct node_setup *setup = &node->setup;
    struct os *os = &node->os;
    os->clock = vclock_create(setup->world, node->name, &setup->clock);
    if (os->clock == NULL)
        return false;
    os->loop = vloop_create(setup->world, os->clock);
    os->devices = vdev_create(setup->world, node->name, os->loop, os->clock);
    os->store = vstore_create();
    os->entropy = ventropy_create(world_seed(setup->world), node->name);
    node->logger = logger_create(setup->level, tell, node);
    if (os->loop == NULL || os->store == NULL || os->entropy == NULL || node->logger == NULL)
        return false;
    node->host = vnet_add_host(setup->net, node->name, os->loop, os->clock);
    os->net = vhost_net(node->host);
    return true;
}

/* ---------------------------------------------------------------- the daemon */

/* The daemon reads a file, so its text becomes one for the moment. Returns false: it could not. */
static bool write_text(const char *text, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return false;
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

static struct config *load_text(const struct node *node, struct diagnostics *findings)
{
    char folder[] = "/tmp/gnomon-sim.XXXXXX", path[256];
    struct config *config = NULL;
    if (mkdtemp(folder) == NULL) {
        diagnostics_add(findings, DIAGNOSTIC_ERROR, NULL, 0, "%s: %s", folder, strerror(errno));
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%.128s.conf", folder, node->name);
    if (write_text(node->setup.text, path))
        config = config_load(path, node->setup.loader, findings);
    else
        diagnostics_add(findings, DIAGNOSTIC_ERROR, NULL, 0, "%s: %s", path, strerror(errno));
    unlink(path);
    rmdir(folder);
    return config;
}

static void ended(void *arg)
{
    node_stop(arg);
}

/* Not within its own turn. */
static void finished(void *arg, int status)
{
    struct node *node = arg;
    (void)status; /* the story has told it */
    node->end = (struct world_event){.happen = ended, .arg = node};
    world_order_in(node->setup.world, &node->end, 0);
}

static void open_daemon(struct node *node, struct diagnostics *findings)
{
    struct daemon_setup setup = {
        .os = &node->os,
        .config = node->setup.text != NULL
                      ? load_text(node, findings)
                      : config_load(node->setup.config, node->setup.loader, findings),
        .loader = node->setup.loader,
        .logger = node->logger,
        .mode = DAEMON_RUN,
        .read_only = node->setup.clock.read_only,
        .control_socket = "", /* nobody could reach it */
        .finished = finished,
        .arg = node,
    };
    if (node->setup.wrap != NULL)
        setup.os = node->setup.wrap(node->setup.arg, &node->os);
    if (setup.config != NULL)
        node->daemon = daemon_create(&setup, findings);
}

static void print_finding(void *arg, enum diagnostic_level level, const char *line)
{
    if (level == DIAGNOSTIC_ERROR) /* the rest was told at first, and names a file of the moment */
        tell(arg, GN_ERROR, line);
}

/* The configuration may have become wrong since. */
static int open_again(struct node *node)
{
    struct diagnostics findings;
    diagnostics_init(&findings);
    open_daemon(node, &findings);
    diagnostics_print(&findings, print_finding, node);
    diagnostics_finish(&findings);
    return node->daemon != NULL ? 0 : -EINVAL;
}

int node_write(struct node *node, const char *path, const char *text)
{
    return node->os.store->ops->write(node->os.store, path, text, strlen(text));
}

int node_start(struct node *node)
{
    int rc = 0;
    if (node->started)
        return 0;
    if (node->daemon == NULL)
        rc = open_again(node);
    node->started = rc == 0;
    return rc == 0 ? daemon_start(node->daemon) : rc;
}

void node_stop(struct node *node)
{
    if (!node->started)
        return;
    node->started = false;
    world_cancel(node->setup.world, &node->end);
    daemon_stop(node->daemon);
    daemon_destroy(node->daemon);
    node->daemon = NULL;
}

/* What it does at its end reaches nobody. */
static void cut_off(struct node *node, bool off)
{
    gn_utc until = {off ? INT64_MAX : 0};
    node->silent = off;
    vclock_refuse(node->os.clock, off);
    vstore_refuse(node->os.store, off);
    vhost_sleep(node->host, until);
}

void node_kill(struct node *node)
{
    cut_off(node, true);
    node_stop(node);
    cut_off(node, false);
}

/* ---------------------------------------------------------------- sleep */

void node_sleep(struct node *node, int64_t for_ns)
{
    node->asleep = true;
    node->awake_at = gn_utc_add(world_now(node->setup.world), for_ns);
    vclock_sleep(node->os.clock);
    vloop_sleep(node->os.loop, for_ns);
    vhost_sleep(node->host, node->awake_at);
    vdev_sleep(node->os.devices, node->awake_at);
}

void node_wake(struct node *node, int64_t error_ns)
{
    node->asleep = false;
    vclock_wake(node->os.clock, error_ns);
}

bool node_asleep(const struct node *node, gn_utc *until)
{
    *until = node->awake_at;
    return node->asleep;
}

/* ---------------------------------------------------------------- commands */

int node_command(struct node *node, const char *request, gn_command_cb reply, void *arg)
{
    if (!node->started)
        return -ENOTCONN;
    command_run(node->daemon, request, reply, arg);
    vloop_end_turn(node->os.loop);
    return 0;
}

/* ---------------------------------------------------------------- life */

struct node *node_create(const struct node_setup *setup, struct diagnostics *findings)
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->setup = *setup;
    node->name = strdup(setup->name);
    if (node->name != NULL && make_machine(node))
        open_daemon(node, findings);
    if (node->daemon == NULL) {
        node_destroy(node);
        return NULL;
    }
    return node;
}

/* The net keeps its host, which has no sockets and requests any more, until its own end. */
void node_destroy(struct node *node)
{
    if (node == NULL)
        return;
    node_stop(node);
    daemon_destroy(node->daemon);
    logger_destroy(node->logger);
    ventropy_destroy(node->os.entropy);
    vstore_destroy(node->os.store);
    vdev_destroy(node->os.devices);
    vloop_destroy(node->os.loop);
    if (node->os.clock != NULL)
        node->os.clock->ops->destroy(node->os.clock);
    free(node->name);
    free(node);
}

void node_truth(struct node *node, struct node_truth *truth)
{
    gn_local now = {0};
    const struct gn_state *state = node->daemon != NULL ? daemon_state(node->daemon, &now) : NULL;
    gn_utc utc = world_utc(node->setup.world), smeared = world_smeared(node->setup.world);
    enum node_time time = node->setup.time;
    int64_t smear_ns = time != NODE_UTC ? gn_utc_sub(smeared, utc) : 0;
    *truth = (struct node_truth){
        .clock_error_ns = -vclock_offset_ns(node->os.clock) - smear_ns,
        .clock_frequency = -vclock_frequency_error(node->os.clock),
        .local = now,
        .synchronised = state != NULL && state->synchronised,
        .steps = vclock_steps(node->os.clock),
        .bounded =
            state != NULL && (state->synchronised || state->clock_state == GN_CLOCK_HOLDOVER),
    };
    if (!truth->bounded)
        return;
    truth->estimate_error_ns =
        gn_state_utc(state, now).ns - (time == NODE_ALL_SMEARED ? smeared : utc).ns;
    truth->error_bound_s = gn_state_error_bound_s(state, now);
}

void node_tracking(struct node *node, struct gn_tracking *tracking)
{
    memset(tracking, 0, sizeof *tracking);
    if (node->daemon != NULL)
        daemon_tracking(node->daemon, tracking);
}

void node_sources(struct node *node, gn_source_report_cb callback, void *arg)
{
    if (node->daemon != NULL)
        daemon_sources(node->daemon, callback, arg);
}

const char *node_name(const struct node *node)
{
    return node->name;
}

struct vhost *node_host(struct node *node)
{
    return node->host;
}

struct os_clock *node_clock(struct node *node)
{
    return node->os.clock;
}

struct os_devices *node_devices(struct node *node)
{
    return node->os.devices;
}
