/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For the kernel test: a satellite receiver. Its truth is CLOCK_MONOTONIC_RAW, made faster, plus a
 * constant, which nobody steers. At each true second it makes the parallel port interrupt, and
 * prints by how much CLOCK_REALTIME is off from the truth, in ns, and what adjtimex(2) tells:
 * whether it is unsynchronised, maxerror and esterror in us. Some 120 ms later, never quite the
 * same, it speaks NMEA.
 *
 *     gps_receiver LINE AHEAD_S FASTER_PPM SECONDS [TROUBLE=FROM-TO]...
 *
 * LINE is a serial line of this machine. It speaks on that itself and lets the chip lead it back
 * (TIOCM_LOOP), so who reads the line hears the receiver through the real driver, and nothing
 * leaves the machine and its time. The chip does not mind the speed, so this program does: who has
 * set another one hears noise. Eight bytes go at once, when the last of them would have come: the
 * chip interrupts no earlier.
 *
 * The troubles, in seconds since the start. lost: no antenna; it has no fix and does not pulse, and
 * goes on telling the time by a bad crystal. unplugged: the driver is taken from the line.
 */

#define _GNU_SOURCE
#include <asm/termbits.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* Of the parallel port: its control register, and bits of that. */
#define CONTROL 0x37a
#define INTERRUPTS 0x1c /* and initialised, selected: else nothing listens */

/* Of <asm/termios.h>, which does not go with <sys/ioctl.h>. */
#define TIOCM_LOOP 0x8000

#define NS_PER_S INT64_C(1000000000)

#define SPEED 9600
#define BYTE_NS (NS_PER_S * 10 / SPEED)
#define BYTES_AT_ONCE 8
#define FIRST_SPEED B115200 /* as others have left the line */

/* When a message begins, after the second it speaks of. */
#define LATE_S 0.120
#define JITTER_S 0.004 /* either way */

/* A sleep takes some 50 us longer than it ought to. */
#define WAITED_OUT_NS 300000

/* Without satellites its seconds are so much shorter. */
#define CRYSTAL 1e-3

enum trouble_kind { LOST, UNPLUGGED };

#define TROUBLES 8

struct trouble {
    enum trouble_kind kind;
    int from, to;
};

struct receiver {
    const char *path;
    int line;               /* -1: unplugged */
    int64_t raw_ns, utc_ns; /* at the start */
    double faster;          /* than the oscillator, s/s */
    int64_t first_s;        /* UTC; second 0 */
    uint64_t chance;
    struct trouble troubles[TROUBLES];
    size_t trouble_count;
    char words[1024]; /* of one second */
    size_t length;
};

/* ---------------------------------------------------------------- the truth */

static int64_t read_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int64_t true_ns(const struct receiver *self, int64_t raw_ns)
{
    int64_t elapsed_ns = raw_ns - self->raw_ns;
    return self->utc_ns + elapsed_ns + llround((double)elapsed_ns * self->faster);
}

static int64_t now_ns(const struct receiver *self)
{
    return true_ns(self, read_ns(CLOCK_MONOTONIC_RAW));
}

static void sleep_until(const struct receiver *self, int64_t utc_ns)
{
    int64_t left_ns = utc_ns - now_ns(self);
    if (left_ns > 0)
        usleep((useconds_t)(left_ns / 1000));
}

/* Most of the way is slept, the rest waited out. */
static void wait_until(const struct receiver *self, int64_t utc_ns)
{
    sleep_until(self, utc_ns - WAITED_OUT_NS);
    while (now_ns(self) < utc_ns)
        continue;
}

static void print_second(const struct receiver *self, int second)
{
    struct timex told = {0};
    int64_t before = read_ns(CLOCK_MONOTONIC_RAW);
    int64_t system = read_ns(CLOCK_REALTIME);
    int64_t after = read_ns(CLOCK_MONOTONIC_RAW);
    adjtimex(&told);
    printf("error %d %lld\n", second,
           (long long)(system - true_ns(self, before + (after - before) / 2)));
    printf("timex %d %d %ld %ld\n", second, (told.status & STA_UNSYNC) != 0, told.maxerror,
           told.esterror);
    fflush(stdout);
}

/* QEMU interrupts when the strobe ends, and when it is not there at all. */
static void give_pulse(void)
{
    outb(INTERRUPTS, CONTROL);
}

/* Uniform, -1 … 1. Spec: Knuth's MMIX generator. */
static double chance(struct receiver *self)
{
    self->chance = self->chance * 6364136223846793005U + 1442695040888963407U;
    return (double)(self->chance >> 11) / 0x1p52 - 1;
}

/* ---------------------------------------------------------------- the words */

/* One sentence, without its dollar and its sum. */
__attribute__((format(printf, 2, 3))) static void say(struct receiver *self, const char *format,
                                                      ...)
{
    char sentence[96];
    unsigned sum = 0;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    for (const char *at = sentence; *at != '\0'; at++)
        sum ^= (unsigned char)*at;
    self->length += (size_t)snprintf(self->words + self->length, sizeof self->words - self->length,
                                     "$%s*%02X\r\n", sentence, sum);
}

static void say_sky(struct receiver *self, bool fix)
{
    say(self, "GPGSA,A,%d,%s,,,,,%s", fix ? 3 : 1, fix ? "23,29,07,08,09,18,26,28" : ",,,,,,,",
        fix ? "1.94,1.18,1.54" : "99.99,99.99,99.99");
    if (!fix)
        return say(self, "GPGSV,1,1,00");
    say(self, "GPGSV,2,1,08,23,38,230,44,29,71,156,47,07,29,116,41,08,09,081,36");
    say(self, "GPGSV,2,2,08,09,24,310,40,18,12,290,33,26,45,060,45,28,19,030,38");
}

static void compose(struct receiver *self, int64_t utc_s, bool fix, bool sky)
{
    const char *place = fix ? "4717.11437,N,00833.91522,E" : ",,,";
    char clock[16], date[16];
    time_t seconds = utc_s;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(clock, sizeof clock, "%H%M%S.00", &tm);
    strftime(date, sizeof date, "%d%m%y", &tm);
    self->length = 0;
    say(self, "GPRMC,%s,%c,%s,%s,%s,,,%c", clock, fix ? 'A' : 'V', place, fix ? "0.004,77.52" : ",",
        date, fix ? 'A' : 'N');
    strftime(date, sizeof date, "%d,%m,%Y", &tm);
    say(self, "GPZDA,%s,%s,00,00", clock, date);
    if (!sky)
        return;
    say(self, "GPGGA,%s,%s,%s,%s,,", clock, place, fix ? "1,08" : "0,00",
        fix ? "1.18,499.6,M,48.0,M" : "99.99,,,,");
    say_sky(self, fix);
}

/* ---------------------------------------------------------------- the line */

static bool heard(const struct receiver *self)
{
    struct termios2 settings;
    return ioctl(self->line, TCGETS2, &settings) == 0 && settings.c_ospeed == SPEED;
}

/* Raw, and led back. The speed stays the reader's, unless it is given. */
static bool open_line(struct receiver *self, tcflag_t speed)
{
    struct termios2 settings;
    int loop = TIOCM_LOOP;
    self->line = open(self->path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (self->line < 0 || ioctl(self->line, TCGETS2, &settings) < 0)
        return false;
    settings.c_iflag = settings.c_oflag = settings.c_lflag = 0;
    if (speed != 0)
        settings.c_cflag = speed | CS8 | CREAD | CLOCAL;
    return ioctl(self->line, TCSETS2, &settings) == 0 && ioctl(self->line, TIOCMBIS, &loop) == 0;
}

/* At the speed that is set here; at another one the reader would see such a thing. */
static void put(struct receiver *self, const char *bytes, size_t length)
{
    char noise[BYTES_AT_ONCE];
    if (!heard(self)) {
        for (size_t i = 0; i < length; i++)
            noise[i] = (char)(128 * chance(self));
        bytes = noise;
    }
    if (write(self->line, bytes, length) != (ssize_t)length)
        fprintf(stderr, "gps_receiver: the line takes nothing\n");
}

static void speak(struct receiver *self, int64_t from_ns)
{
    for (size_t at = 0; at < self->length && self->line >= 0;) {
        size_t length = self->length - at < BYTES_AT_ONCE ? self->length - at : BYTES_AT_ONCE;
        sleep_until(self, from_ns + (int64_t)(at + length) * BYTE_NS);
        put(self, self->words + at, length);
        at += length;
    }
}

/* ---------------------------------------------------------------- troubles */

/* The trouble of that kind in this second; NULL: there is none. */
static const struct trouble *trouble(const struct receiver *self, enum trouble_kind kind,
                                     int second)
{
    for (size_t i = 0; i < self->trouble_count; i++) {
        const struct trouble *one = &self->troubles[i];
        if (one->kind == kind && second >= one->from && second < one->to)
            return one;
    }
    return NULL;
}

/* `verb`: unbind or bind, to or from the driver of serial lines that the firmware tells of. */
static void bind_driver(const char *device, const char *verb)
{
    char path[64];
    snprintf(path, sizeof path, "/sys/bus/pnp/drivers/serial/%s", verb);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(device, file) < 0 || fclose(file) != 0)
        perror(path);
}

/* The device that the line belongs to, as its driver names it. */
static void find_device(const struct receiver *self, char *name, size_t size)
{
    char path[64], target[256] = "";
    snprintf(path, sizeof path, "/sys/class/tty/%s/device", strrchr(self->path, '/') + 1);
    if (readlink(path, target, sizeof target - 1) < 0)
        perror(path);
    const char *last = strrchr(target, '/');
    snprintf(name, size, "%s", last != NULL ? last + 1 : "");
}

static void plug(struct receiver *self, int second, const char *device)
{
    bool out = trouble(self, UNPLUGGED, second) != NULL;
    if (out && self->line >= 0) {
        close(self->line);
        self->line = -1;
        bind_driver(device, "unbind");
    } else if (!out && self->line < 0) {
        bind_driver(device, "bind");
        if (!open_line(self, 0))
            perror(self->path);
    }
}

/* ---------------------------------------------------------------- its life */

static void live(struct receiver *self, int seconds)
{
    char device[32];
    find_device(self, device, sizeof device);
    for (int second = 1; second <= seconds; second++) {
        const struct trouble *lost = trouble(self, LOST, second);
        int64_t utc_s = self->first_s + second;
        wait_until(self, utc_s * NS_PER_S);
        if (lost == NULL)
            give_pulse();
        print_second(self, second);
        plug(self, second, device);
        double late_s = LATE_S + JITTER_S * chance(self);
        if (lost != NULL)
            late_s -= (second - lost->from) * CRYSTAL;
        compose(self, utc_s, lost == NULL, second % 5 == 0);
        speak(self, utc_s * NS_PER_S + llround(1e9 * late_s));
    }
}

static bool read_trouble(struct receiver *self, const char *word)
{
    struct trouble *next = &self->troubles[self->trouble_count];
    if (self->trouble_count++ == TROUBLES)
        return false;
    next->kind = word[0] == 'l' ? LOST : UNPLUGGED;
    return sscanf(word, "lost=%d-%d", &next->from, &next->to) == 2 ||
           sscanf(word, "unplugged=%d-%d", &next->from, &next->to) == 2;
}

int main(int argc, char **argv)
{
    struct receiver self = {.chance = 1};
    if (argc < 5 || argv[1][0] != '/')
        return 2;
    self.path = argv[1];
    self.raw_ns = read_ns(CLOCK_MONOTONIC_RAW);
    self.utc_ns = read_ns(CLOCK_REALTIME) + llround(atof(argv[2]) * 1e9);
    self.faster = atof(argv[3]) * 1e-6;
    self.first_s = self.utc_ns / NS_PER_S;
    for (int i = 5; i < argc; i++)
        if (!read_trouble(&self, argv[i]))
            return 2;
    if (ioperm(CONTROL, 1, 1) < 0 || !open_line(&self, FIRST_SPEED)) {
        perror("gps_receiver");
        return 1;
    }
    live(&self, atoi(argv[4]));
    return 0;
}
