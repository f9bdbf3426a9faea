/* SPDX-License-Identifier: Apache-2.0 */
#include <ctl/query.h>
#include <ctl/render.h>
#include <ctl/sntp.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define DEFAULT_PORT "123"

/* ---------------------------------------------------------------- target */

static bool copy_host(struct query_target *target, const char *host, size_t size, char *why,
                      size_t why_size)
{
    if (size == 0 || size >= sizeof(target->host)) {
        snprintf(why, why_size, size == 0 ? "the host is missing" : "the host is too long");
        return false;
    }
    memcpy(target->host, host, size);
    target->host[size] = '\0';
    return true;
}

static bool copy_port(struct query_target *target, const char *port, char *why, size_t why_size)
{
    size_t size = strlen(port);
    long value = size > 0 && size <= 5 && strspn(port, "0123456789") == size ? atol(port) : 0;
    if (value < 1 || value > 65535) {
        snprintf(why, why_size, "port \"%s\": a number from 1 to 65535", port);
        return false;
    }
    memcpy(target->port, port, size + 1);
    return true;
}

bool query_parse(const char *words, struct query_target *target, char *why, size_t why_size)
{
    const char *host = words, *end = strrchr(words, ':'), *port = end;
    if (*words == '[') {
        host = words + 1;
        end = strchr(words, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            snprintf(why, why_size, "\"%s\": [IPV6]:PORT", words);
            return false;
        }
        port = end[1] == ':' ? end + 1 : NULL;
    } else if (end != NULL && strchr(words, ':') != end) {
        end = port = NULL; /* more than one colon: an IPv6 address alone */
    }
    size_t size = end != NULL ? (size_t)(end - host) : strlen(host);
    return copy_host(target, host, size, why, why_size) &&
           copy_port(target, port != NULL ? port + 1 : DEFAULT_PORT, why, why_size);
}

static void print_address(const struct addrinfo *address, char *text, size_t size)
{
    char host[64], port[8];
    int error = getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof(host), port,
                            sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(text, size,
             error != 0                       ? "?"
             : address->ai_family == AF_INET6 ? "[%s]:%s"
                                              : "%s:%s",
             host, port);
}

/* ---------------------------------------------------------------- asking */

static void fill(struct query_result *result, const struct sntp_exchange *x)
{
    result->stratum = x->header.stratum;
    result->leap = x->header.leap;
    result->refid = x->header.refid;
    result->offset_s = sntp_offset_s(x);
    result->delay_s = sntp_delay_s(x);
    result->root_delay_s = wire_short_to_seconds(x->header.root_delay);
    result->root_dispersion_s = wire_short_to_seconds(x->header.root_dispersion);
    result->error_s = result->delay_s / 2 + wire_log2_to_seconds(x->header.precision);
    result->server_time = sntp_server_time(x);
}

/* A server that wants to be left alone gives no time. Spec: RFC 5905 §7.4. */
static bool kissed(const struct wire_header *header, char *why, size_t why_size)
{
    enum wire_kiss kiss = wire_kiss(header);
    if (kiss == WIRE_KISS_RATE)
        snprintf(why, why_size, "it says that it is asked too often (kiss code RATE)");
    else if (kiss == WIRE_KISS_DENY || kiss == WIRE_KISS_RSTR)
        snprintf(why, why_size, "it denies us access (kiss code %s)",
                 kiss == WIRE_KISS_DENY ? "DENY" : "RSTR");
    return kiss == WIRE_KISS_RATE || kiss == WIRE_KISS_DENY || kiss == WIRE_KISS_RSTR;
}

static int ask_address(const struct addrinfo *address, int timeout_ms, struct query_result *result,
                       char *why, size_t why_size)
{
    struct sntp_exchange x;
    char words[160];
    print_address(address, result->address, sizeof(result->address));
    int error = sntp_ask(address, timeout_ms, &x, words, sizeof(words));
    if (error == 0 && kissed(&x.header, words, sizeof(words)))
        error = -EACCES;
    if (error == 0)
        fill(result, &x);
    else
        snprintf(why, why_size, "%s: %s", result->address, words);
    return error;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Go round the addresses. One that fails at once (no route) costs no try while others are left. */
static int ask_addresses(const struct addrinfo *list, struct query_result *result, char *why,
                         size_t why_size)
{
    int64_t deadline_ms = now_ms() + QUERY_TIMEOUT_MS;
    const struct addrinfo *address = list;
    int error = -ETIMEDOUT, tries = 0;
    while (tries < QUERY_TRIES) {
        int64_t left_ms = deadline_ms - now_ms(), timeout_ms = (int64_t)QUERY_TRY_MS << tries;
        if (left_ms <= 0)
            break;
        error = ask_address(address, (int)(left_ms < timeout_ms ? left_ms : timeout_ms), result,
                            why, why_size);
        if (error == 0 || error == -EACCES)
            return error;
        bool slow = error == -ETIMEDOUT || error == -EBADMSG;
        if (slow || address->ai_next == NULL)
            tries++;
        address = address->ai_next != NULL ? address->ai_next : list;
    }
    return error;
}

int query_ask(const struct query_target *target, struct query_result *result, char *why,
              size_t why_size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV}, *list;
    *result = (struct query_result){.address = ""};
    int code = getaddrinfo(target->host, target->port, &hints, &list);
    if (code != 0) {
        snprintf(why, why_size, "%s: %s", target->host,
                 code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
        return -EHOSTUNREACH;
    }
    int error = ask_addresses(list, result, why, why_size);
    freeaddrinfo(list);
    return error;
}

/* ---------------------------------------------------------------- telling */

static const char *leap_code(uint8_t leap)
{
    static const char *const codes[] = {"normal", "insert", "delete", "unsynchronised"};
    return codes[leap & 3];
}

static void print_instant(gn_utc instant, char *text, size_t size)
{
    int64_t ns = instant.ns % GN_NS_PER_S;
    time_t seconds = (time_t)(instant.ns / GN_NS_PER_S);
    if (ns < 0) {
        ns += GN_NS_PER_S;
        seconds--;
    }
    struct tm tm;
    char date[32] = "";
    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, size, "%s.%09" PRId64 "Z", date, ns);
}

json_t *query_json(const struct query_result *r)
{
    char refid[16], time[64];
    snprintf(refid, sizeof(refid), "%08" PRIX32, r->refid);
    print_instant(r->server_time, time, sizeof(time));
    return json_pack("{sssisssssfsfsfsfsfss}", "address", r->address, "stratum", (int)r->stratum,
                     "leap", leap_code(r->leap), "reference_id", refid, "offset_s", r->offset_s,
                     "delay_s", r->delay_s, "root_delay_s", r->root_delay_s, "root_dispersion_s",
                     r->root_dispersion_s, "error_s", r->error_s, "server_time", time);
}

void query_render(const struct query_result *r, FILE *out)
{
    char refid[16], time[64];
    print_instant(r->server_time, time, sizeof(time));
    fprintf(out, "Server          : %s\n", r->address);
    fprintf(out, "Stratum         : %u\n", r->stratum);
    fprintf(out, "Reference ID    : %08" PRIX32 " (%s)\n", r->refid,
            wire_refid_text(r->stratum, r->refid, refid));
    fprintf(out, "Leap status     : %s\n", render_leap(leap_code(r->leap)));
    fprintf(out, "Server time     : %s\n", time);
    fprintf(out, "Offset          : %+.9f s ± %.9f s (this clock is %s)\n", r->offset_s, r->error_s,
            r->offset_s > 0 ? "behind" : "ahead");
    fprintf(out, "Delay           : %.9f s\n", r->delay_s);
    fprintf(out, "Root delay      : %.9f s\n", r->root_delay_s);
    fprintf(out, "Root dispersion : %.9f s\n", r->root_dispersion_s);
    fprintf(out, "Root distance   : %.9f s\n",
            (r->root_delay_s + r->delay_s) / 2 + r->root_dispersion_s);
}

int query_run(struct cli *cli)
{
    struct query_target target;
    struct query_result result;
    char why[CLI_WHY_MAX];
    if (!query_parse(cli->arguments[0], &target, why, sizeof(why)))
        return cli_usage(cli, "query: %s", why);
    if (query_ask(&target, &result, why, sizeof(why)) != 0)
        return cli_fail(cli, why);
    if (cli->json) {
        json_t *value = query_json(&result);
        cli_print_json(cli, value);
        json_decref(value);
    } else {
        query_render(&result, cli->out);
    }
    if (result.leap == WIRE_LEAP_UNSYNCHRONISED)
        fprintf(cli->err, "gnomonctl: %s says that it is not synchronised itself\n",
                result.address);
    return CLI_DONE;
}
