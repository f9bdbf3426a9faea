/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev_internal.h"

#include <asm/termbits.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define BUFFER 4096 /* of Linux's line discipline */
#define DEFAULT_BAUD 9600
#define DEFAULT_FIFO 8
#define BITS 10         /* of a byte on an 8N1 line */
#define SILENCE_BYTES 4 /* after which a UART gives what it has */

struct tty {
    struct vdev vdev; /* first */
    struct vdev_tty_config config;
    struct vdev_receiver *receiver;
    struct chance garbage, damage, theft;
    struct world_event arrive;
    char sent[BUFFER];       /* on its way */
    size_t sent_size, batch; /* of which the first `batch` arrive together */
    char input[BUFFER];      /* to be read */
    size_t input_size;
    struct termios2 settings;
    bool exclusive;
};

static struct tty *self(struct vdev *vdev)
{
    return (struct tty *)vdev;
}

/* ---------------------------------------------------------------- settings */

static const struct {
    tcflag_t code;
    speed_t baud;
} speeds[] = {
    {B0, 0},           {B300, 300},       {B600, 600},       {B1200, 1200},     {B2400, 2400},
    {B4800, 4800},     {B9600, 9600},     {B19200, 19200},   {B38400, 38400},   {B57600, 57600},
    {B115200, 115200}, {B230400, 230400}, {B460800, 460800}, {B921600, 921600},
};

static speed_t speed_of(const struct termios2 *settings)
{
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
        if ((settings->c_cflag & CBAUD) == speeds[i].code)
            return speeds[i].baud;
    return settings->c_ospeed; /* BOTHER */
}

static void set(struct tty *tty, const void *data, size_t size, bool flush)
{
    memcpy(&tty->settings, data, size);
    tty->settings.c_ispeed = tty->settings.c_ospeed = speed_of(&tty->settings);
    if (flush)
        tty->input_size = 0;
    vdev_tell(&tty->vdev);
}

/* As a serial port of Linux begins: it waits for whole lines. */
static void reset(struct tty *tty)
{
    tty->settings = (struct termios2){
        .c_iflag = ICRNL | IXON,
        .c_oflag = OPOST | ONLCR,
        .c_cflag = B9600 | CS8 | CREAD | HUPCL | CLOCAL,
        .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .c_cc = {[VINTR] = 3,
                 [VQUIT] = 28,
                 [VERASE] = 127,
                 [VKILL] = 21,
                 [VEOF] = 4,
                 [VMIN] = 1,
                 [VSTART] = 17,
                 [VSTOP] = 19,
                 [VSUSP] = 26},
        .c_ispeed = DEFAULT_BAUD,
        .c_ospeed = DEFAULT_BAUD,
    };
}

static double trait(const struct tty *tty, enum vdev_trait which)
{
    return vdev_receiver_trait(tty->receiver, which);
}

/* Whether what the receiver sends is understood. */
static bool matches(const struct tty *tty)
{
    return tty->settings.c_ospeed == (speed_t)trait(tty, VDEV_TRAIT_BAUD) &&
           (tty->settings.c_cflag & (CSIZE | PARENB)) == CS8;
}

/* ---------------------------------------------------------------- the line */

static int64_t bytes_ns(const struct tty *tty, size_t bytes)
{
    return (int64_t)bytes * BITS * GN_NS_PER_S / (int64_t)trait(tty, VDEV_TRAIT_BAUD);
}

static void order_batch(struct tty *tty)
{
    bool whole = tty->sent_size >= tty->config.fifo;
    tty->batch = whole ? tty->config.fifo : tty->sent_size;
    world_order_in(tty->vdev.folder->world, &tty->arrive,
                   bytes_ns(tty, tty->batch + (whole ? 0 : SILENCE_BYTES)));
}

/* One byte through the input flags into the buffer; where that is full it is lost. */
static void take(struct tty *tty, char c)
{
    tcflag_t flags = tty->settings.c_iflag;
    if (flags & ISTRIP)
        c = (char)(c & 0x7f);
    if (c == '\r' && (flags & IGNCR))
        return;
    if (c == '\r' && (flags & ICRNL))
        c = '\n';
    else if (c == '\n' && (flags & INLCR))
        c = '\r';
    if (tty->input_size < sizeof tty->input)
        tty->input[tty->input_size++] = c;
}

static bool hears(const struct tty *tty)
{
    return tty->vdev.handles > 0 && vdev_awake(&tty->vdev) &&
           (tty->settings.c_cflag & CREAD) != 0 && tty->settings.c_ospeed > 0;
}

/* Whether that happens to what is at hand; nothing is drawn where it never does. */
static bool happens(struct tty *tty, enum vdev_trait share, struct chance *chance)
{
    return trait(tty, share) > 0 && chance_uniform(chance) < trait(tty, share);
}

static char as_heard(struct tty *tty, char c)
{
    if (!matches(tty) || happens(tty, VDEV_TRAIT_DAMAGE, &tty->damage))
        return (char)(chance_bits(&tty->garbage) >> 56);
    return c;
}

static void arrive(void *arg)
{
    struct tty *tty = arg;
    bool heard = hears(tty) && !happens(tty, VDEV_TRAIT_STOLEN, &tty->theft);
    for (size_t i = 0; i < tty->batch && heard; i++)
        take(tty, as_heard(tty, tty->sent[i]));
    tty->sent_size -= tty->batch;
    memmove(tty->sent, tty->sent + tty->batch, tty->sent_size);
    if (heard)
        vdev_tell(&tty->vdev);
    if (tty->sent_size > 0)
        order_batch(tty);
}

/* What does not fit on a line that is too slow for it is not said. */
static void send_bytes(struct vdev *vdev, const char *bytes, size_t count)
{
    struct tty *tty = self(vdev);
    bool idle = tty->sent_size == 0;
    if (count == 0 || count > sizeof tty->sent - tty->sent_size)
        return;
    memcpy(tty->sent + tty->sent_size, bytes, count);
    tty->sent_size += count;
    if (idle)
        order_batch(tty);
}

/* ---------------------------------------------------------------- the slots */

static bool by_lines(const struct tty *tty)
{
    return (tty->settings.c_lflag & ICANON) != 0;
}

static size_t up_to(const struct tty *tty, const char *end)
{
    return end != NULL ? (size_t)(end - tty->input) + 1 : 0;
}

/* How much one read may give, a line or all there is; 0: nothing yet. */
static size_t available(const struct tty *tty)
{
    return by_lines(tty) ? up_to(tty, memchr(tty->input, '\n', tty->input_size)) : tty->input_size;
}

/* How much all reads may give. */
static int waiting(const struct tty *tty)
{
    return (int)(by_lines(tty) ? up_to(tty, memrchr(tty->input, '\n', tty->input_size))
                               : tty->input_size);
}

/* With VMIN and VTIME 0 nothing looks like the end of a file, as on Linux. */
static ssize_t read_line(struct vdev *vdev, void *data, size_t size)
{
    struct tty *tty = self(vdev);
    const cc_t *cc = tty->settings.c_cc;
    size_t n = available(tty);
    if (n == 0)
        return by_lines(tty) || cc[VMIN] > 0 || cc[VTIME] > 0 ? -EAGAIN : 0;
    if (n > size)
        n = size;
    memcpy(data, tty->input, n);
    tty->input_size -= n;
    memmove(tty->input, tty->input + n, tty->input_size);
    return (ssize_t)n;
}

static ssize_t write_line(struct vdev *vdev, const void *data, size_t size)
{
    (void)vdev, (void)data;
    return (ssize_t)size;
}

static bool readable(const struct vdev *vdev)
{
    const struct tty *tty = (const struct tty *)vdev;
    const cc_t *cc = tty->settings.c_cc;
    bool together = !by_lines(tty) && cc[VTIME] == 0 && cc[VMIN] > 0;
    return available(tty) >= (together ? cc[VMIN] : 1U);
}

/* Requests that have no argument, or one that is no pointer. */
static int control_simple(struct tty *tty, unsigned long request, uintptr_t value)
{
    switch (request) {
    case TCFLSH:
        if (value > TCIOFLUSH)
            return -EINVAL;
        if (value != TCOFLUSH)
            tty->input_size = 0;
        return 0;
    case TCSBRK: /* nothing waits to be sent */
        return 0;
    case TIOCEXCL:
    case TIOCNXCL:
        tty->exclusive = request == TIOCEXCL;
        return 0;
    default:
        return -ENOTTY;
    }
}

static int control(struct vdev *vdev, unsigned long request, void *data)
{
    struct tty *tty = self(vdev);
    int bytes = waiting(tty);
    bool two =
        request == TCGETS2 || request == TCSETS2 || request == TCSETSW2 || request == TCSETSF2;
    size_t size = two ? sizeof(struct termios2) : sizeof(struct termios);
    switch (request) {
    case TCGETS:
    case TCGETS2:
        if (data == NULL)
            return -EFAULT;
        memcpy(data, &tty->settings, size); /* a struct termios is the beginning of a termios2 */
        return 0;
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        if (data == NULL)
            return -EFAULT;
        set(tty, data, size, request == TCSETSF || request == TCSETSF2);
        return 0;
    case FIONREAD:
        if (data == NULL)
            return -EFAULT;
        memcpy(data, &bytes, sizeof bytes);
        return 0;
    default:
        return control_simple(tty, request, (uintptr_t)data);
    }
}

/* Only the superuser passes by TIOCEXCL. */
static int open_line(struct vdev *vdev)
{
    return self(vdev)->exclusive ? -EBUSY : 0;
}

static void close_line(struct vdev *vdev)
{
    self(vdev)->input_size = 0;
    self(vdev)->exclusive = false;
}

static void plug(struct vdev *vdev, bool there)
{
    if (there)
        reset(self(vdev));
}

static void destroy(struct vdev *vdev)
{
    world_cancel(vdev->folder->world, &self(vdev)->arrive);
    vdev_receiver_destroy(self(vdev)->receiver);
}

static const struct vdev_ops tty_ops = {
    .gone = -EIO,
    .read = read_line,
    .write = write_line,
    .control = control,
    .readable = readable,
    .open = open_line,
    .close = close_line,
    .plug = plug,
    .destroy = destroy,
};

struct vdev_receiver *vdev_tty_receiver(struct vdev *vdev)
{
    return vdev->ops == &tty_ops ? self(vdev)->receiver : NULL;
}

static void forget(const struct vdev_receiver_config *config)
{
    for (size_t i = 0; i < config->burst_count; i++)
        free(config->bursts[i].arg);
}

int vdev_add_tty(struct os_devices *devices, const struct vdev_tty_config *config)
{
    struct tty *tty = vdev_add(devices, sizeof *tty, &tty_ops, &config->place);
    if (tty == NULL) {
        forget(&config->receiver);
        return -EEXIST;
    }
    tty->config = *config;
    if (tty->config.fifo == 0)
        tty->config.fifo = DEFAULT_FIFO;
    tty->vdev.hangup = config->hangup;
    vdev_chance(&tty->vdev, "garbage", &tty->garbage);
    vdev_chance(&tty->vdev, "damage", &tty->damage);
    vdev_chance(&tty->vdev, "theft", &tty->theft);
    tty->arrive = (struct world_event){.happen = arrive, .arg = tty};
    reset(tty);
    tty->receiver = vdev_receiver_create(&tty->vdev, &config->receiver, send_bytes);
    return 0;
}
