/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to gpsd: how it is found, made again, given up, and what is told meanwhile. */
#include <check.h>
#include <plugins/refclock-gps/gpsd_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GREETING                                                                                   \
    "{\"class\":\"VERSION\",\"release\":\"3.22\",\"proto_major\":3,\"proto_minor\":14}\n"
#define DEVICES                                                                                    \
    "{\"class\":\"DEVICES\",\"devices\":[{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS0\","           \
    "\"driver\":\"NMEA0183\"}]}\n"
#define TPV                                                                                        \
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"time\":\"2026-11-21T17:30:15Z\"}\n"
#define WATCH "?WATCH={\"enable\":true,\"json\":true,\"pps\":true};\n"
#define ASK "?DEVICES;\n"

/* A host that does nothing by itself. */
struct lab {
    struct gn_host host; /* first */
    gn_local now;
    gn_timer_cb on_timer;
    void *timer_arg;
    int64_t due_ns; /* of the timer; -1 stopped */
    gn_resolve_cb on_resolved;
    void *resolve_arg;
    char name[64];
    uint16_t port;
    struct gn_stream_events stream;
    void *stream_arg;
    struct gn_address to;
    bool far; /* the addresses of names are those of another machine */
    bool open;
    unsigned opened;
    int refuse_at_once; /* what opening a stream gives */
    int write_error;
    char written[512];
    /* what the owner hears */
    unsigned messages, troubles;
    enum gps_kind kind;
    gn_local at;
    enum gn_reason reason;
    char words[256];
};

static struct lab *lab_of(struct gn_host *host)
{
    return (struct lab *)host;
}

static gn_local now(struct gn_host *host)
{
    return lab_of(host)->now;
}

/* The system clock is ten seconds ahead of the local scale. */
static gn_local from_system(struct gn_host *host, gn_utc system_time)
{
    (void)host;
    return (gn_local){system_time.ns - 10 * GN_NS_PER_S};
}

static int timer_open(struct gn_host *host, gn_timer_cb callback, void *arg,
                      struct gn_timer **timer)
{
    lab_of(host)->on_timer = callback;
    lab_of(host)->timer_arg = arg;
    *timer = (struct gn_timer *)host;
    return 0;
}

static int timer_start(struct gn_host *host, struct gn_timer *timer, int64_t delay_ns)
{
    (void)timer;
    lab_of(host)->due_ns = delay_ns;
    return 0;
}

static void timer_stop(struct gn_host *host, struct gn_timer *timer)
{
    (void)timer;
    lab_of(host)->due_ns = -1;
}

static int resolve(struct gn_host *host, const char *name, uint16_t port, gn_resolve_cb callback,
                   void *arg)
{
    struct lab *lab = lab_of(host);
    snprintf(lab->name, sizeof lab->name, "%s", name);
    lab->port = port;
    lab->on_resolved = callback;
    lab->resolve_arg = arg;
    return 0;
}

static int open_tcp(struct gn_host *host, const struct gn_address *to,
                    const struct gn_stream_events *events, void *arg, struct gn_stream **stream)
{
    struct lab *lab = lab_of(host);
    ck_assert(!lab->open);
    lab->opened++;
    lab->to = *to;
    if (lab->refuse_at_once != 0)
        return lab->refuse_at_once;
    lab->open = true;
    lab->stream = *events;
    lab->stream_arg = arg;
    lab->written[0] = '\0';
    *stream = (struct gn_stream *)host;
    return 0;
}

static int stream_write(struct gn_host *host, struct gn_stream *stream, const void *data,
                        size_t size, size_t limit)
{
    struct lab *lab = lab_of(host);
    (void)stream, (void)limit;
    ck_assert(lab->open);
    strncat(lab->written, data, size);
    return lab->write_error;
}

static void stream_close(struct gn_host *host, struct gn_stream *stream)
{
    (void)stream;
    ck_assert(lab_of(host)->open);
    lab_of(host)->open = false;
}

static void on_message(void *arg, const struct gps_message *message, gn_local at)
{
    struct lab *lab = arg;
    lab->messages++;
    lab->kind = message->kind;
    lab->at = at;
}

static void on_trouble(void *arg, enum gn_reason reason, const char *words)
{
    struct lab *lab = arg;
    lab->troubles++;
    lab->reason = reason;
    snprintf(lab->words, sizeof lab->words, "%s", words);
}

static const struct gn_clock_ops clock_ops = {
    .size = sizeof clock_ops, .now = now, .from_system = from_system};
static const struct gn_timer_ops timer_ops = {
    .size = sizeof timer_ops, .open = timer_open, .start = timer_start, .stop = timer_stop};
static const struct gn_resolve_ops resolve_ops = {sizeof resolve_ops, resolve};
static const struct gn_stream_ops stream_ops = {
    .size = sizeof stream_ops, .write = stream_write, .close = stream_close, .open_tcp = open_tcp};
static const struct gpsd_link_events link_events = {on_message, on_trouble};

static struct gpsd_link *link_to(struct lab *lab, const char *place, const char *device)
{
    struct gpsd_link *link;
    *lab = (struct lab){
        .host = {.size = sizeof lab->host,
                 .name = "gps",
                 .clock = &clock_ops,
                 .timer = &timer_ops,
                 .resolve = &resolve_ops,
                 .stream = &stream_ops},
        .now = {1000 * GN_NS_PER_S},
    };
    ck_assert_int_eq(gpsd_link_open(&lab->host, place, device, &link_events, lab, &link), 0);
    ck_assert_int_eq(gpsd_link_start(link), 0);
    return link;
}

static void ring(struct lab *lab)
{
    ck_assert_int_ge(lab->due_ns, 0);
    lab->now.ns += lab->due_ns;
    lab->due_ns = -1;
    lab->on_timer(lab->timer_arg, lab->now);
}

static void answer(struct lab *lab, size_t count)
{
    struct gn_address addresses[3];
    gn_resolve_cb callback = lab->on_resolved;
    memset(addresses, 0, sizeof addresses);
    for (size_t i = 0; i < count; i++) {
        addresses[i].family = GN_FAMILY_IPV4;
        addresses[i].ip[0] = lab->far ? 192 : 127;
        addresses[i].port = (uint16_t)(100 + i); /* to tell them apart */
    }
    ck_assert_ptr_nonnull(callback);
    lab->on_resolved = NULL;
    callback(lab->resolve_arg, count > 0 ? 0 : -ENOENT, "unknown name", addresses, count);
}

static void hear(struct lab *lab, const char *text)
{
    ck_assert(lab->open);
    lab->stream.received(lab->stream_arg, text, strlen(text));
}

static void end(struct lab *lab, int error)
{
    ck_assert(lab->open);
    lab->stream.closed(lab->stream_arg, error);
}

/* A connection that stands. */
static void attach(struct lab *lab)
{
    ring(lab);
    answer(lab, 1);
    hear(lab, GREETING DEVICES);
}

static void told(const struct lab *lab, enum gn_reason reason, const char *words)
{
    ck_assert_msg(strstr(lab->words, words) != NULL, "told: %s", lab->words);
    ck_assert_int_eq(lab->reason, reason);
}

/* ---------------------------------------------------------------- places */

static const struct {
    const char *text, *host;
    unsigned port; /* 0: refused */
} places[] = {
    {"localhost", "localhost", 2947},
    {"localhost:1234", "localhost", 1234},
    {"192.0.2.1:1", "192.0.2.1", 1},
    {"[::1]", "::1", 2947},
    {"[2001:db8::1]:65535", "2001:db8::1", 65535},
    {"::1", "::1", 2947},
    {"", NULL, 0},
    {":2947", NULL, 0},
    {"[]:2947", NULL, 0},
    {"[::1", NULL, 0},
    {"[::1]2947", NULL, 0},
    {"host:", NULL, 0},
    {"host:0", NULL, 0},
    {"host:65536", NULL, 0},
    {"host:-1", NULL, 0},
    {"host:29 47", NULL, 0},
    {"host:+1", NULL, 0},
    {"host:99999999999999999999", NULL, 0},
};

START_TEST(places_are_read)
{
    char host[16];
    uint16_t port = 2947;
    int rc = gpsd_place(places[_i].text, host, sizeof host, &port);
    ck_assert_int_eq(rc, places[_i].host != NULL ? 0 : -EINVAL);
    if (places[_i].host == NULL)
        return;
    ck_assert_str_eq(host, places[_i].host);
    ck_assert_uint_eq(port, places[_i].port);
    ck_assert_int_eq(gpsd_place("a-name-of-sixteen:1", host, sizeof host, &port), -ENAMETOOLONG);
}
END_TEST

/* ---------------------------------------------------------------- how it goes */

START_TEST(it_watches_and_passes_on)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "gps.example:2000", "");
    ck_assert_int_eq(lab.due_ns, 0);
    ring(&lab);
    ck_assert_str_eq(lab.name, "gps.example");
    ck_assert_uint_eq(lab.port, 2000);
    answer(&lab, 1);
    ck_assert_str_eq(lab.written, WATCH);
    hear(&lab, GREETING DEVICES);
    ck_assert_str_eq(lab.written, WATCH); /* its devices were listed unasked */
    lab.now.ns += 5;
    hear(&lab, TPV);
    ck_assert_uint_eq(lab.messages, 3);
    ck_assert_int_eq(lab.kind, GPSD_TPV);
    ck_assert_int_eq(lab.at.ns, lab.now.ns);
    ck_assert_uint_eq(lab.troubles, 0);
    gpsd_link_close(link);
    gpsd_link_close(NULL);
}
END_TEST

START_TEST(gpsd_tells_when_a_message_came)
{
    struct lab lab;
    char line[256];
    struct gpsd_link *link = link_to(&lab, "localhost", "");
    attach(&lab);
    for (int64_t late_s = -1; late_s <= 5; late_s++) {
        long long heard_s = (long long)(lab.now.ns / GN_NS_PER_S + 10 - late_s);
        snprintf(line, sizeof line,
                 "{\"class\":\"TOFF\",\"device\":\"/dev/ttyS0\",\"real_sec\":1000,\"real_nsec\":0,"
                 "\"clock_sec\":%lld,\"clock_nsec\":0}\n",
                 heard_s);
        hear(&lab, line);
        bool believed = late_s >= 0 && late_s < 3; /* else the clock has been set since */
        ck_assert_int_eq(lab.at.ns, lab.now.ns - (believed ? late_s * GN_NS_PER_S : 0));
    }
    gpsd_link_close(link);
}
END_TEST

START_TEST(stamps_of_another_machine_are_of_another_clock)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "elsewhere", "");
    lab.far = true;
    attach(&lab);
    lab.messages = 0;
    hear(&lab, "{\"class\":\"TOFF\",\"device\":\"/dev/ttyS0\",\"real_sec\":1000,"
               "\"real_nsec\":0,\"clock_sec\":1009,\"clock_nsec\":0}\n");
    ck_assert_uint_eq(lab.messages, 1);
    ck_assert_int_eq(lab.at.ns, lab.now.ns);
    hear(&lab, "{\"class\":\"PPS\",\"device\":\"/dev/ttyS0\",\"real_sec\":1000,"
               "\"real_nsec\":0,\"clock_sec\":1009,\"clock_nsec\":0}\n");
    ck_assert_uint_eq(lab.messages, 1);
    gpsd_link_close(link);
}
END_TEST

START_TEST(nobody_listens)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "localhost", "");
    int64_t pause_ns = GN_NS_PER_S;
    for (int i = 0; i < 10; i++) {
        ring(&lab);
        answer(&lab, 2);
        end(&lab, -ECONNREFUSED); /* the first address; the second is tried at once */
        ck_assert_uint_eq(lab.to.port, 101);
        ck_assert_str_eq(lab.written, WATCH);
        end(&lab, -ECONNREFUSED);
        ck_assert(!lab.open);
        ck_assert_int_eq(lab.due_ns, pause_ns);
        pause_ns = pause_ns < 64 * GN_NS_PER_S ? 2 * pause_ns : pause_ns;
    }
    told(&lab, GN_REASON_REFUSED, "connection refused: is gpsd running, and on port 2947?");
    ck_assert_uint_eq(lab.troubles, 1); /* the same is not told again and again */
    ck_assert_uint_eq(lab.opened, 20);
    attach(&lab);
    hear(&lab, TPV);
    end(&lab, 0);
    told(&lab, GN_REASON_NO_REPLY, "gpsd has ended the connection; it is tried again");
    ck_assert_int_eq(lab.due_ns, GN_NS_PER_S); /* soon: it was there */
    gpsd_link_close(link);
}
END_TEST

START_TEST(it_comes_back_and_goes_again)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "localhost", "");
    for (unsigned life = 1; life <= 3; life++) {
        attach(&lab);
        hear(&lab, TPV);
        end(&lab, life == 3 ? -ECONNRESET : 0);
        ck_assert_uint_eq(lab.troubles, life); /* each time: it was fine between */
    }
    ck_assert_int_eq(lab.due_ns, GN_NS_PER_S);
    gpsd_link_close(link);
}
END_TEST

START_TEST(names_may_have_no_address)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "no.such.example", "");
    ring(&lab);
    answer(&lab, 0);
    told(&lab, GN_REASON_RESOLVING, "no.such.example has no address: unknown name");
    ck_assert_int_eq(lab.due_ns, GN_NS_PER_S);
    ring(&lab);
    answer(&lab, 1);
    ck_assert(lab.open);
    gpsd_link_close(link);
}
END_TEST

START_TEST(what_fails_at_once_is_told_too)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "localhost", "");
    lab.refuse_at_once = -ENOSYS;
    ring(&lab);
    answer(&lab, 2);
    told(&lab, GN_REASON_SEND_FAILED, "this daemon cannot connect by TCP");
    ck_assert_uint_eq(lab.opened, 2);
    lab.refuse_at_once = 0;
    lab.write_error = -ENETUNREACH;
    ring(&lab);
    answer(&lab, 1);
    told(&lab, GN_REASON_NO_REPLY, "no connection to gpsd: Network is unreachable");
    ck_assert(!lab.open);
    gpsd_link_close(link);
}
END_TEST

START_TEST(who_swallows_all_is_given_up)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "localhost", "");
    ring(&lab);
    answer(&lab, 1);
    ck_assert_int_eq(lab.due_ns, 10 * GN_NS_PER_S);
    ring(&lab);
    told(&lab, GN_REASON_NO_REPLY, "no answer: is gpsd running there?");
    ck_assert(!lab.open);
    gpsd_link_close(link);
}
END_TEST

START_TEST(a_silent_gpsd_is_asked_before_it_is_given_up)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "localhost", "");
    attach(&lab);
    hear(&lab, TPV);
    ck_assert_int_eq(lab.due_ns, 30 * GN_NS_PER_S);
    ring(&lab);
    ck_assert_str_eq(lab.written, WATCH ASK);
    hear(&lab, DEVICES); /* its receiver is silent, that is all */
    ck_assert_uint_eq(lab.troubles, 0);
    ring(&lab);
    ck_assert_str_eq(lab.written, WATCH ASK ASK);
    ring(&lab);
    told(&lab, GN_REASON_NO_REPLY, "gpsd has ended the connection: Connection timed out");
    ck_assert(!lab.open);
    gpsd_link_close(link);
}
END_TEST

static const struct {
    const char *line, *words;
} strangers[] = {
    {"SSH-2.0-OpenSSH_9.2p1\r\n", "what answers there is not gpsd: not an object in JSON"},
    {"{\"class\":\"VERSION\",\"release\":\"2.94\",\"proto_major\":2,\"proto_minor\":7}\n",
     "gpsd 2.94 speaks protocol 2.7, which is too old: 3 is needed"},
};

START_TEST(somebody_else_answers)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "localhost", "");
    ring(&lab);
    answer(&lab, 1);
    hear(&lab, strangers[_i].line);
    told(&lab, GN_REASON_BAD_REPLY, strangers[_i].words);
    ck_assert(!lab.open);
    ck_assert_int_gt(lab.due_ns, 0);
    gpsd_link_close(link);
}
END_TEST

/* ---------------------------------------------------------------- devices */

START_TEST(a_gpsd_without_a_receiver)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "localhost", "");
    ring(&lab);
    answer(&lab, 1);
    hear(&lab, GREETING "{\"class\":\"DEVICES\",\"devices\":[]}\n");
    told(&lab, GN_REASON_ABSENT, "gpsd has no receiver: name it in DEVICES of /etc/default/gpsd");
    ck_assert(lab.open);
    hear(&lab, "{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS0\",\"activated\":\"2026\"}\n");
    ck_assert_str_eq(lab.written, WATCH ASK); /* plugged in: what has it now? */
    hear(&lab, DEVICES TPV);
    ck_assert_uint_eq(lab.troubles, 1);
    ck_assert_int_eq(lab.kind, GPSD_TPV);
    gpsd_link_close(link);
}
END_TEST

START_TEST(a_gpsd_without_the_wanted_receiver)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "localhost", "/dev/ttyS9");
    attach(&lab);
    hear(&lab, TPV);
    told(&lab, GN_REASON_ABSENT, "gpsd has no /dev/ttyS9, but /dev/ttyS0 (NMEA0183)");
    ck_assert_uint_eq(lab.messages, 2);
    ck_assert_uint_eq(gpsd_link_gpsd(link)->counts.foreign, 1);
    gpsd_link_close(link);
}
END_TEST

START_TEST(an_unplugged_receiver_is_told)
{
    struct lab lab;
    struct gpsd_link *link = link_to(&lab, "localhost", "");
    attach(&lab);
    hear(&lab, TPV "{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS0\",\"activated\":0}\n");
    told(&lab, GN_REASON_DEVICE, "gpsd has lost /dev/ttyS0: is the receiver unplugged?");
    hear(&lab, DEVICES);
    hear(&lab, TPV);
    ck_assert_uint_eq(lab.troubles, 1);
    ck_assert(!gpsd_link_gpsd(link)->lost);
    gpsd_link_close(link);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

int main(void)
{
    Suite *suite = suite_create("gpsd_link");
    TCase *tests = tcase_create("gpsd_link");
    tcase_add_loop_test(tests, places_are_read, 0, COUNT(places));
    tcase_add_test(tests, it_watches_and_passes_on);
    tcase_add_test(tests, gpsd_tells_when_a_message_came);
    tcase_add_test(tests, stamps_of_another_machine_are_of_another_clock);
    tcase_add_test(tests, nobody_listens);
    tcase_add_test(tests, it_comes_back_and_goes_again);
    tcase_add_test(tests, names_may_have_no_address);
    tcase_add_test(tests, what_fails_at_once_is_told_too);
    tcase_add_test(tests, who_swallows_all_is_given_up);
    tcase_add_test(tests, a_silent_gpsd_is_asked_before_it_is_given_up);
    tcase_add_loop_test(tests, somebody_else_answers, 0, COUNT(strangers));
    tcase_add_test(tests, a_gpsd_without_a_receiver);
    tcase_add_test(tests, a_gpsd_without_the_wanted_receiver);
    tcase_add_test(tests, an_unplugged_receiver_is_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
