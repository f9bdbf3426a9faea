/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/daemon.h>
#include <sim/node.h>
#include <sim/vloop.h>
#include <sim/vmachine.h>
#include <stdlib.h>
#include <string.h>

struct node {
    struct node_setup setup;
    char *name;
    struct os os;
    struct vhost *host; /* the net's */
    struct logger *logger;
    struct daemon *daemon;
    bool started;
};

static void tell(void *arg, enum gn_level level, const char *line)
{
    struct node *node = arg;
    if (node->setup.story != NULL)
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
    os->devices = vdev_create();
    os->store = vstore_create();
    os->entropy = ventropy_create(world_seed(setup->world), node->name);
    node->logger = logger_create(setup->level, tell, node);
    if (os->loop == NULL || os->devices == NULL || os->store == NULL || os->entropy == NULL ||
        node->logger == NULL)
        return false;
    node->host = vnet_add_host(setup->net, node->name, os->loop, os->clock);
    os->net = vhost_net(node->host);
    return true;
}

static void open_daemon(struct node *node, struct diagnostics *findings)
{
    struct daemon_setup setup = {
        .os = &node->os,
        .config = config_load(node->setup.config, node->setup.loader, findings),
        .loader = node->setup.loader,
        .logger = node->logger,
        .mode = DAEMON_RUN,
        .read_only = node->setup.clock.read_only,
        .control_socket = "", /* nobody could reach it */
    };
    if (node->setup.wrap != NULL)
        setup.os = node->setup.wrap(node->setup.arg, &node->os);
    if (setup.config != NULL)
        node->daemon = daemon_create(&setup, findings);
}

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

int node_start(struct node *node)
{
    node->started = true;
    return daemon_start(node->daemon);
}

void node_stop(struct node *node)
{
    if (node->started)
        daemon_stop(node->daemon);
    node->started = false;
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
    struct gn_tracking tracking;
    daemon_tracking(node->daemon, &tracking);
    *truth = (struct node_truth){
        .clock_error_ns = -vclock_offset_ns(node->os.clock),
        .clock_frequency = -vclock_frequency_error(node->os.clock),
        .local = tracking.now,
        .synchronised = tracking.state.synchronised,
    };
    if (!truth->synchronised)
        return;
    truth->estimate_error_ns =
        gn_state_utc(&tracking.state, tracking.now).ns - world_now(node->setup.world).ns;
    truth->error_bound_s = gn_state_error_bound_s(&tracking.state, tracking.now);
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
