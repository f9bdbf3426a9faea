/* SPDX-License-Identifier: Apache-2.0 */
/* Names of core/os. The names that would need a name service are answered by this program. */
#include "os_fixture.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

/* ---------------------------------------------------------------- the name service */

static const struct {
    const char *name;
    int error;
} unknown[] = {
    {"nowhere.test", EAI_NONAME},
    {"later.test", EAI_AGAIN},
    {"broken.test", EAI_FAIL},
};

#define MANY 60 /* of which every third is new */

static struct addrinfo *many_addresses(void)
{
    struct addrinfo *list = NULL;
    for (unsigned i = 0; i < MANY; i++) {
        struct addrinfo *info = calloc(1, sizeof *info + sizeof(struct sockaddr_in));
        struct sockaddr_in *address = (struct sockaddr_in *)(info + 1);
        address->sin_family = AF_INET;
        address->sin_addr.s_addr = htonl(0xc0000200u + i / 3);
        info->ai_family = AF_INET;
        info->ai_addrlen = sizeof *address;
        info->ai_addr = (struct sockaddr *)address;
        info->ai_next = list;
        list = info;
    }
    return list;
}

static struct addrinfo *distinct_addresses(void)
{
    struct addrinfo *list = many_addresses();
    unsigned i = 0;
    for (struct addrinfo *info = list; info != NULL; info = info->ai_next)
        ((struct sockaddr_in *)info->ai_addr)->sin_addr.s_addr = htonl(0x0a000000u + i++);
    return list;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (strcmp(name, unknown[i].name) == 0)
            return unknown[i].error;
    if (strcmp(name, "hanging.test") == 0)
        return sleep(60) == 0 ? EAI_AGAIN : EAI_FAIL;
    bool many = strcmp(name, "many.test") == 0;
    if (!many && strcmp(name, "distinct.test") != 0 && strcmp(name, "slow.test") != 0)
        return next(name, service, hints, result); /* localhost: from a file */
    if (strcmp(name, "slow.test") == 0)
        usleep(50000);
    ck_assert_int_eq(hints->ai_socktype, SOCK_DGRAM);
    *result = many ? many_addresses() : distinct_addresses();
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    /* One allocation each, ours as libc's. */
    while (info != NULL) {
        struct addrinfo *following = info->ai_next;
        free(info->ai_canonname);
        free(info);
        info = following;
    }
}

/* ---------------------------------------------------------------- an asker */

struct answer {
    struct os_fixture fixture;
    unsigned calls;
    int status;
    char text[128];
    struct gn_address addresses[64];
    size_t count;
};

static void on_answer(void *arg, int status, const char *text, const struct gn_address *addresses,
                      size_t count)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->status = status;
    snprintf(answer->text, sizeof answer->text, "%s", text);
    ck_assert_uint_le(count, 64);
    if (count > 0)
        memcpy(answer->addresses, addresses, count * sizeof *addresses);
    answer->count = count;
    fixture_stop(&answer->fixture);
}

static void *ask(struct answer *answer, const char *name)
{
    void *request = NULL;
    struct os_net *net = answer->fixture.net;
    answer->calls = 0;
    ck_assert_int_eq(net->ops->resolve(net, name, 123, on_answer, answer, &request), 0);
    ck_assert_ptr_nonnull(request);
    ck_assert_uint_eq(answer->calls, 0); /* later, never from within the call */
    return request;
}

static void ask_and_wait(struct answer *answer, const char *name)
{
    ask(answer, name);
    fixture_run(&answer->fixture);
    ck_assert_uint_eq(answer->calls, 1);
}

/* ---------------------------------------------------------------- numeric */

static const struct {
    const char *text, *ip;
    bool scoped;
} numeric[] = {
    {"192.0.2.7", "192.0.2.7", false}, {"2001:db8::7", "2001:db8::7", false}, {"::", "::", false},
    {"fe80::1%lo", "fe80::1", true},   {"fe80::1%1", "fe80::1", true},
};

START_TEST(numeric_addresses)
{
    static struct answer answer;
    fixture_open(&answer.fixture);
    ask_and_wait(&answer, numeric[_i].text);
    ck_assert_int_eq(answer.status, 0);
    ck_assert_uint_eq(answer.count, 1);
    const struct gn_address *address = &answer.addresses[0];
    char ip[INET6_ADDRSTRLEN];
    bool ipv6 = address->family == GN_FAMILY_IPV6;
    inet_ntop(ipv6 ? AF_INET6 : AF_INET, address->ip, ip, sizeof ip);
    ck_assert_str_eq(ip, numeric[_i].ip);
    ck_assert_uint_eq(address->port, 123);
    ck_assert_uint_eq(address->scope, numeric[_i].scoped ? if_nametoindex("lo") : 0);
    fixture_close(&answer.fixture);
}
END_TEST

/* ---------------------------------------------------------------- names */

START_TEST(localhost)
{
    static struct answer answer;
    fixture_open(&answer.fixture);
    ask_and_wait(&answer, "localhost");
    ck_assert_msg(answer.status == 0, "%s", answer.text);
    ck_assert_uint_ge(answer.count, 1);
    for (size_t i = 0; i < answer.count; i++) {
        bool ipv4 = answer.addresses[i].family == GN_FAMILY_IPV4;
        ck_assert_uint_eq(answer.addresses[i].ip[ipv4 ? 0 : 15], ipv4 ? 127 : 1);
        ck_assert_uint_eq(answer.addresses[i].port, 123);
        for (size_t j = 0; j < i; j++)
            ck_assert_mem_ne(&answer.addresses[i], &answer.addresses[j],
                             sizeof answer.addresses[i]);
    }
    fixture_close(&answer.fixture);
}
END_TEST

START_TEST(unknown_names_fail_in_words)
{
    static const int errors[] = {-ENOENT, -EAGAIN, -EIO};
    static struct answer answer;
    fixture_open(&answer.fixture);
    ask_and_wait(&answer, unknown[_i].name);
    ck_assert_int_eq(answer.status, errors[_i]);
    ck_assert_str_eq(answer.text, gai_strerror(unknown[_i].error));
    ck_assert_uint_eq(answer.count, 0);
    fixture_close(&answer.fixture);
}
END_TEST

START_TEST(a_name_no_service_is_asked_for)
{
    static struct answer answer;
    char label[80];
    fixture_open(&answer.fixture);
    memset(label, 'a', 70); /* a label has 63 bytes at most: nothing can be sent */
    snprintf(label + 70, sizeof label - 70, ".test");
    void *request;
    struct os_net *net = answer.fixture.net;
    int rc = net->ops->resolve(net, label, 123, on_answer, &answer, &request);
    if (rc == 0) {
        fixture_run(&answer.fixture);
        ck_assert_int_lt(answer.status, 0);
        ck_assert_str_ne(answer.text, "");
    }
    ck_assert(rc <= 0);
    fixture_close(&answer.fixture);
}
END_TEST

START_TEST(every_address_once_and_not_too_many)
{
    static struct answer answer;
    fixture_open(&answer.fixture);
    ask_and_wait(&answer, "many.test");
    ck_assert_uint_eq(answer.count, MANY / 3);
    ask_and_wait(&answer, "distinct.test");
    ck_assert_uint_eq(answer.count, 32);
    fixture_close(&answer.fixture);
}
END_TEST

/* ---------------------------------------------------------------- cancel */

START_TEST(cancelled_requests_stay_silent)
{
    static struct answer answer;
    fixture_open(&answer.fixture);
    struct os_net *net = answer.fixture.net;
    net->ops->resolve_cancel(net, ask(&answer, "192.0.2.7"));
    for (int i = 0; i < 10; i++) /* more than libuv has threads: some wait, some run */
        net->ops->resolve_cancel(net, ask(&answer, "slow.test"));
    net->ops->resolve_cancel(net, NULL);
    fixture_pause(&answer.fixture, GN_NS_PER_S / 5);
    ck_assert_uint_eq(answer.calls, 0);
    fixture_close(&answer.fixture);
}
END_TEST

START_TEST(the_net_may_go_with_requests_on_their_way)
{
    static struct answer answer;
    fixture_open(&answer.fixture);
    ask(&answer, "192.0.2.7");
    for (int i = 0; i < 6; i++)
        ask(&answer, "slow.test");
    fixture_close(&answer.fixture);
    ck_assert_uint_eq(answer.calls, 0);
}
END_TEST

START_TEST(a_hanging_name_service_does_not_hold_up_the_end)
{
    static struct answer answer;
    fixture_open(&answer.fixture);
    ask(&answer, "hanging.test");
    fixture_pause(&answer.fixture, GN_NS_PER_S / 50); /* now it runs */
    net_uv_destroy(answer.fixture.net);
    bool whole = loop_uv_destroy(answer.fixture.loop);
    rmdir(answer.fixture.folder);
    ck_assert(!whole);
    mark_point();
    _exit(0); /* as the daemon does then */
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("resolver");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, numeric_addresses, 0, sizeof numeric / sizeof *numeric);
    tcase_add_test(tests, localhost);
    tcase_add_loop_test(tests, unknown_names_fail_in_words, 0, sizeof unknown / sizeof *unknown);
    tcase_add_test(tests, a_name_no_service_is_asked_for);
    tcase_add_test(tests, every_address_once_and_not_too_many);
    tcase_add_test(tests, cancelled_requests_stay_silent);
    tcase_add_test(tests, the_net_may_go_with_requests_on_their_way);
    tcase_add_test(tests, a_hanging_name_service_does_not_hold_up_the_end);
    return fixture_main("resolver", tests);
}
