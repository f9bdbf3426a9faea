/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For the kernel test: what the kernel says of a leap second. Each time that its state or TAI - UTC
 * changes, a line of state (adjtimex(2)), TAI - UTC, whether a leap is ordered, and the system
 * clock; and one when the clock goes back. It looks every 20 ms.
 *
 *     leap_watch SECONDS
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

static const char *name_of(int state)
{
    static const char *const names[] = {"OK", "INS", "DEL", "OOP", "WAIT", "ERROR"};
    return state >= 0 && state <= TIME_ERROR ? names[state] : "?";
}

int main(int argc, char **argv)
{
    struct timespec now, last = {0}, begin, pause = {.tv_nsec = 20000000};
    int state = -1, tai = -1;
    if (argc != 2)
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        struct timex timex = {0};
        int is_now = adjtimex(&timex);
        clock_gettime(CLOCK_REALTIME, &now);
        if (now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec))
            printf("leap back to %lld\n", (long long)now.tv_sec);
        if (is_now != state || timex.tai != tai)
            printf("leap state %s tai %d ordered %d at %lld.%03ld\n", name_of(is_now), timex.tai,
                   (timex.status & (STA_INS | STA_DEL)) != 0, (long long)now.tv_sec,
                   now.tv_nsec / 1000000);
        fflush(stdout);
        state = is_now;
        tai = timex.tai;
        last = now;
        nanosleep(&pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - begin.tv_sec < atoi(argv[1]));
    return 0;
}
