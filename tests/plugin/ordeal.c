/* SPDX-License-Identifier: Apache-2.0 */
#include "ordeal.h"

#include "faults.h"

#include <base/memory.h>
#include <math.h>
#include <sim/chance.h>
#include <sim/node.h>
#include <sim/vdev.h>
#include <sim/vdev_speech.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define START_S INT64_C(1800000000)
#define STORM_S 2000
/* An upstream that has long been silent is asked about every half an hour. */
#define PATIENCE_S 20000
#define LOOK_S 50
/* Nothing that keeps time holds more; who never closes anything comes to hundreds. */
#define HANDLES_MOST 64
/* As much as it takes to see that it is no old truth. */
#define REPLIES 3

#define SERVER                                                                                     \
    "sources = ( { use = \"refclock-local\"; stratum = 0; } );"                                    \
    "servers = ( { use = \"proto-ntp\"; allow = [ \"192.0.2.0/24\", \"2001:db8::/32\" ]; } );"
#define WITNESS "sources = ( { use = \"proto-ntp\"; server = \"192.0.2.2\"; } );"

struct world_of_one {
    const struct ordeal *ordeal;
    struct ordeal_result *result;
    struct loader *loader;
    bool tell;
    struct chance chance;
    struct world *world;
    struct vnet *net;
    struct law *delay;
    struct vlink *there, *back; /* from the server to the daemon, and back */
    struct faults *faults;
    struct node *server, *witness, *subject;
};

/* ---------------------------------------------------------------- words */

__attribute__((format(printf, 2, 3))) static void wrong(struct world_of_one *self,
                                                        const char *format, ...)
{
    struct ordeal_result *result = self->result;
    va_list args;
    va_start(args, format);
    if (result->why[0] == '\0')
        vsnprintf(result->why, sizeof result->why, format, args);
    va_end(args);
}

static double at_s(const struct world_of_one *self)
{
    return gn_seconds(gn_utc_sub(world_now(self->world), world_start(self->world)));
}

static void hear(void *arg, const struct node *node, gn_utc when, enum gn_level level,
                 const char *line)
{
    struct world_of_one *self = arg;
    (void)when;
    if (self->tell)
        fprintf(stderr, "%12.3f %s %s: %s\n", at_s(self), node_name(node), logger_level_name(level),
                line);
}

__attribute__((format(printf, 2, 3))) static void tell(struct world_of_one *self,
                                                       const char *format, ...)
{
    va_list args;
    if (!self->tell)
        return;
    va_start(args, format);
    fprintf(stderr, "%12.3f -- ", at_s(self));
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static unsigned below(struct world_of_one *self, unsigned limit)
{
    return (unsigned)(chance_bits(&self->chance) % limit);
}

/* ---------------------------------------------------------------- making the world */

static struct os *wrap(void *arg, struct os *machine)
{
    struct world_of_one *self = arg;
    return faults_wrap(self->faults, machine);
}

static void add_address(struct world_of_one *self, const struct node *node, struct vhost *host,
                        const char *text)
{
    struct gn_address address;
    if (vnet_address(text, 0, &address) < 0 || vhost_add_address(host, &address) < 0)
        wrong(self, "%s: no address %s", node_name(node), text);
}

static void tell_findings(void *arg, enum diagnostic_level level, const char *line)
{
    (void)level;
    tell(arg, "%s", line);
}

/* The daemon reads a file, so its text becomes one for the moment. */
static struct node *make_node(struct world_of_one *self, const char *name, const char *config,
                              bool is_subject, bool is_true)
{
    char path[64];
    struct diagnostics findings;
    int fd = memfd_create("gnomon.conf", MFD_CLOEXEC);
    struct node_setup setup = {
        .name = name,
        .config = path,
        .world = self->world,
        .net = self->net,
        .loader = self->loader,
        .clock = {.offset_s = is_true ? 0 : 0.3 * (chance_uniform(&self->chance) - 0.5),
                  .frequency = is_true ? 0 : 1e-5 * (chance_uniform(&self->chance) - 0.5),
                  .wander = is_true ? 0 : 1e-9,
                  .read_only = is_true},
        .level = GN_INFO,
        .story = hear,
        .wrap = is_subject ? wrap : NULL,
        .arg = self,
    };
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    diagnostics_init(&findings);
    bool written = fd >= 0 && write(fd, config, strlen(config)) == (ssize_t)strlen(config);
    struct node *node = written ? node_create(&setup, &findings) : NULL;
    diagnostics_print(&findings, tell_findings, self);
    if (node == NULL && !is_subject)
        wrong(self, "%s cannot be made: %s", name,
              findings.count > 0 ? findings.items[0].text : "no findings");
    diagnostics_finish(&findings);
    close(fd);
    return node;
}

static void add_links(struct world_of_one *self)
{
    struct vlink_config all = {.delay = self->delay};
    struct vlink_config there = {.from = node_host(self->server), .delay = self->delay};
    struct vlink_config back = {.to = node_host(self->server), .delay = self->delay};
    vnet_add_link(self->net, &all);
    self->there = vnet_add_link(self->net, &there);
    self->back = vnet_add_link(self->net, &back);
}

static bool make_world(struct world_of_one *self)
{
    char why[128];
    self->net = vnet_create(self->world);
    self->delay = law_parse("200us + 50us*exp", why, sizeof why);
    self->server = make_node(self, "time.example.net", SERVER, false, true);
    if (self->server == NULL)
        return false;
    add_address(self, self->server, node_host(self->server), "192.0.2.1");
    add_address(self, self->server, node_host(self->server), "2001:db8::1");
    add_links(self);
    if (self->ordeal->aim == ORDEAL_ANSWER)
        self->witness = make_node(self, "witness", WITNESS, false, false);
    if (self->witness != NULL)
        add_address(self, self->witness, node_host(self->witness), "192.0.2.3");
    return node_start(self->server) == 0 &&
           (self->ordeal->aim != ORDEAL_ANSWER ||
            (self->witness != NULL && node_start(self->witness) == 0));
}

static void end_world(struct world_of_one *self)
{
    node_destroy(self->subject);
    node_destroy(self->witness);
    node_destroy(self->server);
    vnet_destroy(self->net);
    world_destroy(self->world);
    law_destroy(self->delay);
    faults_destroy(self->faults);
}

/* ---------------------------------------------------------------- the storm */

/* One call alone, one and all after it, or each by chance; of some kinds or of all. */
static void make_plan(struct world_of_one *self)
{
    struct faults_plan plan = {.kinds = FAULTS_ALL & ~(1u << FAULTS_CLOCK_SET)};
    if (below(self, 2) == 0)
        plan.kinds = (unsigned)chance_bits(&self->chance) & plan.kinds;
    if (below(self, 16) == 0)
        plan.kinds |= 1u << FAULTS_CLOCK_SET;
    switch (below(self, 3)) {
    case 0:
        plan.at = 1 + below(self, 40);
        break;
    case 1:
        plan.at = 1 + below(self, 40);
        plan.and_after = true;
        break;
    default:
        plan.chance = chance_uniform(&self->chance);
    }
    faults_plan(self->faults, &plan);
    tell(self, "now fail: kinds 0x%05x, by chance %.2f, call %u%s", plan.kinds, plan.chance,
         plan.at, plan.and_after ? " and all after it" : "");
}

static void cut_links(struct world_of_one *self, bool there, bool back)
{
    tell(self, "links: there %s, back %s", there ? "cut" : "open", back ? "cut" : "open");
    vlink_cut(self->there, there);
    vlink_cut(self->back, back);
}

static void set_clock(struct world_of_one *self, bool sleeps)
{
    double by_s = (sleeps ? 60 : 2) * chance_uniform(&self->chance);
    if (!sleeps && below(self, 2) == 0)
        by_s = -by_s;
    tell(self, sleeps ? "sleeps for %.3f s" : "somebody moves the clock by %+.3f s", by_s);
    vclock_move(node_clock(self->subject), gn_nanoseconds(by_s));
    if (sleeps)
        faults_sleep(self->faults, gn_nanoseconds(by_s));
}

static void do_something(struct world_of_one *self)
{
    switch (below(self, 6)) {
    case 0:
    case 1:
        make_plan(self);
        break;
    case 2:
        cut_links(self, below(self, 2) == 0, below(self, 2) == 0);
        break;
    case 3:
        set_clock(self, false);
        break;
    case 4:
        set_clock(self, true);
        break;
    default:
        break;
    }
}

static void pass(struct world_of_one *self, double time_s)
{
    world_run(self->world, gn_utc_add(world_now(self->world), gn_nanoseconds(time_s)));
}

static void storm(struct world_of_one *self)
{
    double end_s = at_s(self) + STORM_S * (0.2 + chance_uniform(&self->chance));
    make_plan(self);
    while (at_s(self) < end_s) {
        pass(self, 200 * chance_uniform(&self->chance));
        do_something(self);
    }
}

/* ---------------------------------------------------------------- afterwards */

/* What the daemon can be seen to do. */
struct seen {
    uint64_t received, asked;
    unsigned written;
};

static struct seen look(const struct world_of_one *self)
{
    return (struct seen){
        .received = vhost_count(node_host(self->subject)).received,
        .asked = self->witness != NULL ? vhost_count(node_host(self->witness)).received : 0,
        .written = faults_written(self->faults),
    };
}

static bool knows_time(struct node *node)
{
    struct node_truth truth;
    node_truth(node, &truth);
    return truth.synchronised &&
           fabs((double)truth.estimate_error_ns) * 1e-9 <= truth.error_bound_s;
}

/* A clock of its own has no packets to count. */
static bool has_recovered(const struct world_of_one *self, const struct seen *before)
{
    struct seen now = look(self);
    bool asks = strncmp(self->ordeal->plugin, "proto-", 6) == 0;
    switch (self->ordeal->aim) {
    case ORDEAL_SYNCHRONISE:
        return knows_time(self->subject) && (!asks || now.received >= before->received + REPLIES);
    case ORDEAL_ANSWER:
        return knows_time(self->witness) && now.asked >= before->asked + REPLIES;
    case ORDEAL_WRITE:
        return now.written > before->written;
    default:
        return true;
    }
}

static void recover(struct world_of_one *self)
{
    static const struct faults_plan none = {.kinds = 0};
    char words[128];
    double end_s = at_s(self) + PATIENCE_S;
    tell(self, "all is well again");
    faults_plan(self->faults, &none);
    cut_links(self, false, false);
    struct seen before = look(self);
    if (self->ordeal->aim == ORDEAL_WRITE) {
        pass(self, 100);
        set_clock(self, false); /* something to write about */
    }
    do
        pass(self, LOOK_S);
    while (!has_recovered(self, &before) && at_s(self) < end_s);
    if (!has_recovered(self, &before))
        wrong(self, "%d s after the last fault it does not work again", PATIENCE_S);
    if (faults_open(self->faults, words, sizeof words) > HANDLES_MOST)
        wrong(self, "it opens and does not close: %s", words);
}

/* The machine has everything back, and nothing more happens on it. */
static void check_stopped(struct world_of_one *self)
{
    char words[128];
    uint64_t sent = vhost_count(node_host(self->subject)).sent;
    unsigned calls = faults_calls(self->faults);
    if (faults_open(self->faults, words, sizeof words) > 0)
        wrong(self, "stopped, and open are %s", words);
    pass(self, 3000);
    if (faults_calls(self->faults) != calls || vhost_count(node_host(self->subject)).sent != sent)
        wrong(self, "stopped, and still it does something");
}

/* ---------------------------------------------------------------- a whole life */

static void check_never_begun(struct world_of_one *self)
{
    char words[128];
    node_destroy(self->subject);
    self->subject = NULL;
    if (faults_failed(self->faults) == 0 && self->ordeal->aim != ORDEAL_LIVE)
        wrong(self, "it does not start, though nothing failed");
    if (faults_open(self->faults, words, sizeof words) > 0)
        wrong(self, "it did not start, and open are %s", words);
}

/* A receiver that says two sentences a second. */
static void add_receiver(struct node *node)
{
    struct vdev_tty_config config = {.place.path = "/dev/gps0", .receiver.burst_count = 1};
    struct vdev_speech *speech = memory_zeroed(sizeof *speech);
    *speech = (struct vdev_speech){.talker = "GP"};
    vdev_speech_read(speech, "RMC GGA");
    vdev_traits_init(config.receiver.traits);
    config.receiver.traits[VDEV_TRAIT_LATER] = 0.2;
    config.receiver.bursts[0] = (struct vdev_burst){.text = vdev_speech_text, .arg = speech};
    vdev_add_tty(node_devices(node), &config);
}

static void live(struct world_of_one *self)
{
    static const struct vdev_pps_config pulses = {.place.path = "/dev/pps0", .width_s = 0.1};
    static const struct vdev_phc_config host = {.place.path = "/dev/ptp_kvm"};
    static const struct vdev_phc_config card = {
        .place.path = "/dev/ptp0", .channels = 1, .frequency = 1e-6};
    static const struct vdev_rtc_config chip = {
        .place.path = "/dev/rtc0", .offset_s = 0.2, .frequency = 1e-6};
    bool from_birth = below(self, 3) == 0;
    if (from_birth)
        make_plan(self);
    self->subject = make_node(self, "subject", self->ordeal->config, true, false);
    if (self->subject != NULL) {
        add_address(self, self->subject, node_host(self->subject), "192.0.2.2");
        add_address(self, self->subject, node_host(self->subject), "2001:db8::2");
        vdev_add_pps(node_devices(self->subject), &pulses);
        vdev_add_rtc(node_devices(self->subject), &chip);
        if (strcmp(self->ordeal->plugin, "refclock-gps") == 0)
            add_receiver(self->subject);
        vdev_add_phc(node_devices(self->subject), &host);
        vdev_add_phc(node_devices(self->subject), &card);
    }
    if (self->subject == NULL || node_start(self->subject) < 0) {
        check_never_begun(self);
        return;
    }
    self->result->begun = true;
    if (!from_birth)
        pass(self, 300 * chance_uniform(&self->chance));
    storm(self);
    if (below(self, 4) > 0) /* one in four is stopped in the middle of it */
        recover(self);
    node_stop(self->subject);
    check_stopped(self);
}

void ordeal_run(const struct ordeal *ordeal, struct loader *loader, uint64_t seed, bool aloud,
                struct ordeal_result *result)
{
    struct world_of_one self = {
        .ordeal = ordeal, .result = result, .loader = loader, .tell = aloud};
    *result = (struct ordeal_result){.begun = false};
    chance_init(&self.chance, seed, "ordeal", ordeal->name);
    self.world = world_create(seed, (gn_utc){START_S * GN_NS_PER_S});
    self.faults = faults_create(seed);
    if (make_world(&self))
        live(&self);
    else
        wrong(&self, "the world around it cannot be made");
    result->calls = faults_calls(self.faults);
    result->failed = faults_failed(self.faults);
    end_world(&self);
}
