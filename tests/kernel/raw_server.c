/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For the kernel test: the truth. Serves NTP by CLOCK_MONOTONIC_RAW plus a constant, which nobody
 * steers, and prints each second by how much CLOCK_REALTIME is off from that, in ns, and what
 * adjtimex(2) tells: whether it is unsynchronised, maxerror and esterror in us. Its own stamps are
 * taken by the program, so what it serves is late by some microseconds.
 *
 *     raw_server PORT AHEAD_S FASTER_PPM SECONDS [leap=AT | pulses=COUNT | rtc]
 *
 * leap: from the second AT on (Unix time) it is a second less: a leap second was inserted, of which
 * it says nothing. pulses: at the beginning of each of so many true seconds it raises and lowers
 * the strobe of the parallel port, which an adapter leads back to its interrupt; after these it
 * serves no more either. rtc: AHEAD_S is how far the truth is ahead of the hardware clock and not
 * of the system clock, and when all is over it prints what that shows: `rtc SECOND`, Unix time, and
 * by how many ns that second began too early.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* Of the parallel port: its control register, and two bits of that. */
#define CONTROL 0x37a
#define STROBE 0x01
#define INTERRUPTS 0x1c /* and initialised, selected: else nothing listens */

#define UNIX_TO_NTP_S INT64_C(2208988800)
#define NS_PER_S INT64_C(1000000000)

struct truth {
    int64_t raw_ns, utc_ns; /* at the start */
    double faster;          /* than the oscillator, s/s */
    int64_t leap_at_ns;
};

static int64_t read_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int64_t true_ns(const struct truth *truth, int64_t raw_ns)
{
    int64_t elapsed_ns = raw_ns - truth->raw_ns;
    int64_t utc_ns = truth->utc_ns + elapsed_ns + llround((double)elapsed_ns * truth->faster);
    return utc_ns >= truth->leap_at_ns ? utc_ns - NS_PER_S : utc_ns;
}

static int64_t error_ns(const struct truth *truth)
{
    int64_t before = read_ns(CLOCK_MONOTONIC_RAW);
    int64_t system = read_ns(CLOCK_REALTIME);
    int64_t after = read_ns(CLOCK_MONOTONIC_RAW);
    return system - true_ns(truth, before + (after - before) / 2);
}

static void print_second(const struct truth *truth, int second)
{
    struct timex told = {0};
    int64_t off_ns = error_ns(truth);
    adjtimex(&told);
    printf("error %d %lld\n", second, (long long)off_ns);
    printf("timex %d %d %ld %ld\n", second, (told.status & STA_UNSYNC) != 0, told.maxerror,
           told.esterror);
    fflush(stdout);
}

static void put32(unsigned char *to, uint32_t value)
{
    value = htonl(value);
    memcpy(to, &value, sizeof value);
}

static void put_stamp(unsigned char *to, int64_t utc_ns)
{
    put32(to, (uint32_t)(utc_ns / NS_PER_S + UNIX_TO_NTP_S));
    put32(to + 4, (uint32_t)(((uint64_t)(utc_ns % NS_PER_S) << 32) / (uint64_t)NS_PER_S));
}

static void answer(int fd, const struct truth *truth)
{
    unsigned char request[512], reply[48] = {(4 << 3) | 4, 1, 6, (unsigned char)-20};
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(fd, request, sizeof request, 0, (struct sockaddr *)&from, &size);
    int64_t received = true_ns(truth, read_ns(CLOCK_MONOTONIC_RAW));
    if (length < 48 || (request[0] & 7) != 3)
        return;
    memcpy(reply + 12, "TRUE", 4);
    put_stamp(reply + 16, received - NS_PER_S);
    memcpy(reply + 24, request + 40, 8);
    put_stamp(reply + 32, received);
    put_stamp(reply + 40, true_ns(truth, read_ns(CLOCK_MONOTONIC_RAW)));
    sendto(fd, reply, sizeof reply, 0, (struct sockaddr *)&from, size);
}

/* A pulse at the beginning of each true second: most of the way is slept, the rest waited out. */
static void give_pulses(const struct truth *truth, int count)
{
    if (ioperm(CONTROL, 1, 1) < 0) {
        perror("raw_server: the parallel port");
        exit(1);
    }
    while (count-- > 0) {
        int64_t now_ns = true_ns(truth, read_ns(CLOCK_MONOTONIC_RAW));
        int64_t second_ns = (now_ns / NS_PER_S + 1) * NS_PER_S;
        usleep((useconds_t)((second_ns - now_ns) * 99 / 100 / 1000));
        while (true_ns(truth, read_ns(CLOCK_MONOTONIC_RAW)) < second_ns)
            continue;
        outb(INTERRUPTS | STROBE, CONTROL);
        outb(INTERRUPTS, CONTROL);
    }
    exit(0);
}

static int64_t rtc_read(int fd)
{
    struct rtc_time shown = {0};
    if (ioctl(fd, RTC_RD_TIME, &shown) < 0) {
        perror("raw_server: /dev/rtc0");
        exit(1);
    }
    struct tm tm = {.tm_sec = shown.tm_sec,
                    .tm_min = shown.tm_min,
                    .tm_hour = shown.tm_hour,
                    .tm_mday = shown.tm_mday,
                    .tm_mon = shown.tm_mon,
                    .tm_year = shown.tm_year};
    return timegm(&tm);
}

/* Wait until the hardware clock goes on to its next second. Returns that; `*raw_ns`: when. It is
 * asked: its interrupts are emulated by the HPET, up to 16 ms late. */
static int64_t rtc_second(int64_t *raw_ns)
{
    int fd;
    while ((fd = open("/dev/rtc0", O_RDONLY)) < 0) /* another has it open, for a second */
        usleep(100000);
    int64_t first = rtc_read(fd), second;
    while ((second = rtc_read(fd)) == first)
        usleep(100);
    *raw_ns = read_ns(CLOCK_MONOTONIC_RAW);
    close(fd);
    return second;
}

static void begin_by_rtc(struct truth *truth, char **argv)
{
    truth->utc_ns = rtc_second(&truth->raw_ns) * NS_PER_S + llround(atof(argv[2]) * 1e9);
}

static void print_rtc(const struct truth *truth)
{
    int64_t raw_ns, second = rtc_second(&raw_ns);
    printf("rtc %lld %lld\n", (long long)second,
           (long long)(second * NS_PER_S - true_ns(truth, raw_ns)));
}

static void begin(struct truth *truth, char **argv)
{
    truth->raw_ns = read_ns(CLOCK_MONOTONIC_RAW);
    truth->utc_ns = read_ns(CLOCK_REALTIME) + llround(atof(argv[2]) * 1e9);
    truth->faster = atof(argv[3]) * 1e-6;
    truth->leap_at_ns = INT64_MAX;
}

int main(int argc, char **argv)
{
    struct sockaddr_in bind_to = {.sin_family = AF_INET};
    struct truth truth;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int pulses = 0;
    bool rtc = argc == 6 && strcmp(argv[5], "rtc") == 0;
    long long leap_at;
    if (argc != 5 && argc != 6)
        return 2;
    begin(&truth, argv);
    if (rtc)
        begin_by_rtc(&truth, argv);
    if (argc == 6 && !rtc && sscanf(argv[5], "pulses=%d", &pulses) != 1) {
        if (sscanf(argv[5], "leap=%lld", &leap_at) != 1)
            return 2;
        truth.leap_at_ns = leap_at * NS_PER_S;
    }
    bind_to.sin_port = htons((uint16_t)atoi(argv[1]));
    bind_to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&bind_to, sizeof bind_to) < 0) {
        perror("raw_server");
        return 1;
    }
    if (pulses > 0 && fork() == 0)
        give_pulses(&truth, pulses);
    for (int second = 0; second < atoi(argv[4]);) {
        int64_t next_ns = truth.raw_ns + (second + 1) * NS_PER_S;
        int64_t left_ns = next_ns - read_ns(CLOCK_MONOTONIC_RAW);
        struct pollfd waiting = {.fd = pulses == 0 || second < pulses ? fd : -1, .events = POLLIN};
        if (left_ns > 0 && poll(&waiting, 1, (int)(left_ns / 1000000) + 1) > 0)
            answer(fd, &truth);
        if (read_ns(CLOCK_MONOTONIC_RAW) >= next_ns)
            print_second(&truth, ++second);
    }
    if (rtc)
        print_rtc(&truth);
    return 0;
}
