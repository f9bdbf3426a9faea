/* SPDX-License-Identifier: Apache-2.0 */
#include <base/memory.h>
#include <ctl/client.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536

struct client {
    int fd;
    bool broken;
    char *data; /* what came after the last reply */
    size_t used, capacity;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------- connecting */

static const char *advice(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return "; try sudo, or another socket with -s";
    case ENOENT:
    case ECONNREFUSED:
    case ENOTDIR:
        return "; is gnomond running? another socket: -s SOCKET";
    case EAGAIN:
        return "; gnomond does not answer";
    default:
        return "";
    }
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0)
        return -EINVAL;
    if (length >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* Bounds connect and send too: a stopped daemon's queue may be full. */
    struct timeval limit = {.tv_sec = CLIENT_TIMEOUT_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

struct client *client_open(const char *path, int *error, char *why, size_t why_size)
{
    int fd = connect_to(path);
    *error = fd < 0 ? -fd : 0;
    if (fd < 0) {
        snprintf(why, why_size, "cannot reach gnomond at %s: %s%s", path, strerror(*error),
                 advice(*error));
        return NULL;
    }
    struct client *client = memory_zeroed(sizeof(*client));
    client->fd = fd;
    return client;
}

void client_close(struct client *client)
{
    if (client == NULL)
        return;
    close(client->fd);
    free(client->data);
    free(client);
}

bool client_broken(const struct client *client)
{
    return client->broken;
}

/* ---------------------------------------------------------------- bytes */

static int send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Wait for bytes and append them. Returns bytes, 0 at the end, or a negative errno. */
static ssize_t receive(struct client *client, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - now_ms();
    struct pollfd waiting = {.fd = client->fd, .events = POLLIN};
    int ready = left_ms > 0 ? poll(&waiting, 1, (int)left_ms) : 0;
    if (ready < 0)
        return -errno;
    if (ready == 0)
        return -ETIMEDOUT;
    if (client->capacity - client->used < CHUNK) {
        client->capacity = client->capacity * 2 + CHUNK;
        client->data = memory_resize(client->data, client->capacity, 1);
    }
    ssize_t n = recv(client->fd, client->data + client->used, CHUNK, MSG_DONTWAIT);
    if (n < 0)
        return -errno;
    client->used += (size_t)n;
    return n;
}

/* Wait until `data` holds a whole line of `*length` bytes. Errors: -ECONNRESET: closed before. */
static int receive_line(struct client *client, size_t *length)
{
    int64_t deadline_ms = now_ms() + CLIENT_TIMEOUT_MS;
    size_t searched = 0;
    for (;;) {
        const char *at = client->used > searched ? client->data + searched : NULL;
        const char *end = at != NULL ? memchr(at, '\n', client->used - searched) : NULL;
        if (end != NULL) {
            *length = (size_t)(end - client->data);
            return 0;
        }
        searched = client->used;
        if (client->used > CLIENT_REPLY_MAX)
            return -EMSGSIZE;
        ssize_t n = receive(client, deadline_ms);
        if (n == 0)
            return -ECONNRESET;
        if (n < 0 && n != -EINTR && n != -EAGAIN)
            return (int)n;
    }
}

/* ---------------------------------------------------------------- requests */

static const char *failure(int error)
{
    switch (error) {
    case -ETIMEDOUT:
        return "gnomond does not answer within 5 s";
    case -ECONNRESET:
    case -EPIPE:
        return "gnomond closed the connection";
    case -EMSGSIZE:
        return "gnomond's reply is too long";
    default:
        return strerror(-error);
    }
}

static json_t *take_result(json_t *reply, char *why, size_t why_size)
{
    const json_t *ok = json_object_get(reply, "ok");
    json_t *result = json_object_get(reply, "result");
    const char *error = json_string_value(json_object_get(reply, "error"));
    if (json_is_true(ok) && result != NULL)
        return json_incref(result);
    if (json_is_false(ok) && error != NULL)
        snprintf(why, why_size, "%s", error);
    else
        snprintf(why, why_size, "gnomond's reply has neither result nor error");
    return NULL;
}

static int exchange(struct client *client, const json_t *request, size_t *length)
{
    char *text = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    if (text == NULL)
        return -ENOMEM;
    int error = send_all(client->fd, text, strlen(text));
    free(text);
    if (error == 0)
        error = send_all(client->fd, "\n", 1);
    /* A daemon that turned us away has said why before it closed. */
    int received = receive_line(client, length);
    return received == 0 ? 0 : error != 0 ? error : received;
}

json_t *client_ask(struct client *client, const char *command, char *why, size_t why_size)
{
    return client_ask_source(client, command, NULL, why, why_size);
}

json_t *client_ask_source(struct client *client, const char *command, const char *source, char *why,
                          size_t why_size)
{
    json_t *request = json_pack("{ssss*}", "command", command, "source", source);
    json_t *result = client_request(client, request, why, why_size);
    json_decref(request);
    return result;
}

json_t *client_request(struct client *client, const json_t *request, char *why, size_t why_size)
{
    size_t length = 0;
    int error = exchange(client, request, &length);
    if (error != 0) {
        client->broken = true;
        snprintf(why, why_size, "%s", failure(error));
        return NULL;
    }
    json_error_t words;
    json_t *reply = json_loadb(client->data, length, JSON_REJECT_DUPLICATES, &words);
    client->used -= length + 1;
    memmove(client->data, client->data + length + 1, client->used);
    if (!json_is_object(reply)) {
        client->broken = true;
        snprintf(why, why_size, "what answers is not gnomond: its reply is no JSON object");
        json_decref(reply);
        return NULL;
    }
    json_t *result = take_result(reply, why, why_size);
    json_decref(reply);
    return result;
}
