/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* How often it is looked whether the speed is right and the line alive. */
#define LOOK_NS (GN_NS_PER_S / 4)

/* Between two openings, longer after each that failed. */
#define RETRY_NS GN_NS_PER_S
#define RETRY_DOUBLINGS 4

/* A line on which nothing comes is opened anew: its path may be the link to another by now. */
#define SILENCE_NS (30 * GN_NS_PER_S)

/* All speeds have been listened at. */
#define HUNT_NS (30 * GN_NS_PER_S)

/* More bytes in a second come from no receiver; reading them all would cost too much. */
#define FLOOD (4u << 20)

/* Majors of devices whose speed means nothing: pseudo-terminals, USB modems. */
#define MAJOR_PTY 136
#define MAJOR_PTY_LAST 143
#define MAJOR_ACM 166

void line_init(struct line *line, struct gn_host *host, const char *path, unsigned baud,
               const struct line_events *events, void *arg)
{
    *line = (struct line){.host = host, .path = path, .events = events, .arg = arg};
    baud_init(&line->baud, baud, 0);
}

unsigned line_pace(const struct line *line)
{
    return line->paced ? line->speed : 0;
}

/* ---------------------------------------------------------------- words */

static const char *remedy(int error)
{
    switch (error) {
    case -ENOENT:
    case -ENODEV:
    case -ENXIO:
    case -EIO:
        return "; is the receiver plugged in? It is taken when it comes";
    case -EPERM:
        return "; systemd keeps it away: DeviceAllow= in a drop-in, as in gnomond.service";
    case -EACCES:
        return "; who runs gnomond must be allowed to read it: the group dialout, often";
    case -ENOSPC:
        return "; it sends faster than any receiver does";
    default:
        return "";
    }
}

/* Who has it open, or is likely to. */
static void busy_words(const struct line *line, char *words, size_t size)
{
    if (line->holder[0] != '\0')
        snprintf(words, size, "; %.64s has it open: one of the two has to leave it", line->holder);
    else
        snprintf(words, size,
                 "; another program has it for itself, as ModemManager, a getty or gpsd do");
}

static int64_t next_look(const struct line *line)
{
    unsigned doublings = line->failures < RETRY_DOUBLINGS ? line->failures : RETRY_DOUBLINGS;
    return line->device != NULL ? LOOK_NS : RETRY_NS << doublings;
}

static void lose(struct line *line, const char *doing, int error)
{
    char words[256], busy[128] = "";
    if (error == -EBUSY)
        busy_words(line, busy, sizeof busy);
    snprintf(words, sizeof words, "cannot %s %.64s: %.40s%s", doing, line->path,
             error == -ENOSPC ? "too much comes" : strerror(-error),
             busy[0] != '\0' ? busy : remedy(error));
    gn_device_close(line->host, line->device);
    line->device = NULL;
    line->failures++;
    gn_timer_start(line->host, line->timer, next_look(line));
    line->events->lost(line->arg, error, words);
}

bool line_hunts(const struct line *line, gn_local now)
{
    return line->device != NULL && line->holder[0] == '\0' && line->speed != 0 &&
           line->baud.fixed == 0 && line->heard.ns != line->opened.ns &&
           gn_local_sub(now, line->opened) < HUNT_NS;
}

void line_silence(const struct line *line, gn_local now, char *words, size_t size)
{
    bool dumb = !line->speaks || gn_local_sub(now, line->heard) > 3 * GN_NS_PER_S;
    if (line->holder[0] != '\0')
        snprintf(words, size,
                 "%.64s: nothing whole comes; %.64s has it open, too, and takes its part",
                 line->path, line->holder);
    else if (dumb)
        snprintf(words, size, "%.64s: nothing comes; has the receiver power, is it another device?",
                 line->path);
    else if (line->baud.fixed > 0)
        snprintf(words, size,
                 "%.64s: what comes is no NMEA and no UBX; is %u baud right? 0 finds it",
                 line->path, line->speed);
    else
        snprintf(words, size, "%.64s: what comes is no NMEA and no UBX; other speeds are tried",
                 line->path);
}

/* ---------------------------------------------------------------- the speed */

static void load(struct line *line)
{
    char text[16] = "";
    int64_t size = gn_store_read(line->host, "baud", text, sizeof text - 1);
    unsigned long speed = size > 0 ? strtoul(text, NULL, 10) : 0;
    line->saved = speed >= 300 && speed <= 4000000 ? (unsigned)speed : 0;
    baud_init(&line->baud, line->baud.fixed, line->saved);
}

/* The next start tries it first. */
static void save(struct line *line)
{
    char text[16];
    if (!line->baud.found || line->speed == 0 || line->speed == line->saved)
        return;
    int size = snprintf(text, sizeof text, "%u\n", line->speed);
    if (gn_store_write(line->host, "baud", text, (size_t)size) == 0)
        line->saved = line->speed;
}

/* Raw, no handshake, no modem's lines, 8N1; breaks and wrong bits come as bytes, since they tell
 * that the speed is wrong. A device without such settings has no speed. */
static int set(struct line *line, unsigned speed)
{
    struct termios2 settings = {0};
    int rc = gn_device_ioctl(line->host, line->device, TCGETS2, &settings);
    if (rc == -ENOTTY || rc == -EINVAL) {
        line->speed = 0;
        return 0;
    }
    if (rc < 0)
        return rc;
    settings.c_iflag = 0;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = CS8 | CREAD | CLOCAL | BOTHER;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    settings.c_ispeed = settings.c_ospeed = speed;
    rc = gn_device_ioctl(line->host, line->device, TCSETSF2, &settings);
    line->speed = rc < 0 ? 0 : speed;
    return rc;
}

/* USB adapters hand over at once what they have, if asked to. */
static void hurry(struct line *line)
{
    struct serial_struct serial = {0};
    if (gn_device_ioctl(line->host, line->device, TIOCGSERIAL, &serial) < 0 ||
        (serial.flags & (int)ASYNC_LOW_LATENCY) != 0)
        return;
    serial.flags |= (int)ASYNC_LOW_LATENCY;
    (void)gn_device_ioctl(line->host, line->device, TIOCSSERIAL, &serial);
}

static bool is_paced(struct line *line)
{
    unsigned number = 0;
    if (line->speed == 0)
        return false;
    if (gn_device_ioctl(line->host, line->device, TIOCGDEV, &number) < 0)
        return true;
    unsigned major = number >> 8 & 0xfff;
    return major != MAJOR_ACM && (major < MAJOR_PTY || major > MAJOR_PTY_LAST);
}

/* ---------------------------------------------------------------- reading */

static void on_readable(void *arg, gn_local now)
{
    struct line *line = arg;
    char bytes[LINE_BYTES];
    int64_t n = gn_device_read(line->host, line->device, bytes, sizeof bytes);
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        lose(line, "read", n < 0 ? (int)n : -EIO);
        return;
    }
    line->heard = now;
    line->speaks = true;
    line->flood += (uint64_t)n;
    uint64_t messages = line->events->received(line->arg, now, bytes, (size_t)n);
    baud_heard(&line->baud, now, (size_t)n, messages);
    if (messages > 0)
        line->failures = 0;
    save(line);
}

/* ---------------------------------------------------------------- life */

static void look_for_others(struct line *line)
{
    char before[sizeof line->holder];
    memcpy(before, line->holder, sizeof before);
    if (gn_device_holder(line->host, line->path, line->holder, sizeof line->holder) < 0)
        line->holder[0] = '\0';
    if (line->holder[0] != '\0' && strcmp(before, line->holder) != 0)
        gn_log(line->host, GN_WARNING,
               "%s: %s has it open, too: each gets only a part of what comes", line->path,
               line->holder);
}

static void take_hold(struct line *line, gn_local now)
{
    int rc = gn_device_open(line->host, line->path, O_RDONLY | O_NOCTTY, on_readable, line,
                            &line->device);
    if (rc < 0) {
        line->device = NULL;
        if (rc == -EBUSY)
            (void)gn_device_holder(line->host, line->path, line->holder, sizeof line->holder);
        lose(line, "open", rc);
        return;
    }
    rc = set(line, baud_now(&line->baud));
    if (rc < 0) {
        lose(line, "set", rc);
        return;
    }
    look_for_others(line);
    (void)gn_device_ioctl(line->host, line->device, TIOCEXCL, NULL);
    hurry(line);
    line->paced = is_paced(line);
    line->opened = line->heard = line->counted = now;
    line->speaks = false;
    line->flood = 0;
    baud_listen(&line->baud, now);
    line->events->begun(line->arg);
}

/* Another speed, where this one gives nothing. */
static void turn(struct line *line, gn_local now)
{
    if (line->speed == 0 || !baud_turn(&line->baud, now))
        return;
    int rc = set(line, baud_now(&line->baud));
    if (rc < 0)
        lose(line, "set", rc);
    else
        line->events->begun(line->arg);
}

static void look_after(struct line *line, gn_local now)
{
    if (gn_local_sub(now, line->counted) >= GN_NS_PER_S) {
        line->counted = now;
        line->flood = 0;
    }
    if (line->flood > FLOOD) {
        lose(line, "follow", -ENOSPC);
    } else if (gn_local_sub(now, line->heard) > SILENCE_NS) {
        gn_device_close(line->host, line->device);
        line->device = NULL;
        take_hold(line, now);
    } else {
        turn(line, now);
    }
}

static void on_timer(void *arg, gn_local now)
{
    struct line *line = arg;
    now = gn_now(line->host); /* the timer says when it was due */
    if (line->device != NULL)
        look_after(line, now);
    else
        take_hold(line, now);
    gn_timer_start(line->host, line->timer, next_look(line));
}

int line_start(struct line *line)
{
    load(line);
    int error = gn_timer_open(line->host, on_timer, line, &line->timer);
    if (error == 0)
        error = gn_timer_start(line->host, line->timer, 0);
    return error;
}
