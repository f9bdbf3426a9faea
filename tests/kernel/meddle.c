/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For the kernel test: another program that steers the clock. It refuses to outside of the guest.
 *
 *     meddle step MS | frequency PPM | adjtime US | loop US
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timex.h>

#define GUEST_MARK "gnomon-guest"

static int step(long ms)
{
    struct timex request = {.modes = ADJ_SETOFFSET | ADJ_NANO};
    request.time.tv_sec = ms / 1000 - (ms % 1000 < 0);
    request.time.tv_usec = (ms % 1000 + (ms % 1000 < 0 ? 1000 : 0)) * 1000000;
    return adjtimex(&request);
}

static int frequency(long ppm)
{
    struct timex request = {0};
    adjtimex(&request);
    request.modes = ADJ_FREQUENCY;
    request.freq += ppm * 65536;
    return adjtimex(&request);
}

static int slew(long us)
{
    struct timeval by = {.tv_sec = 0, .tv_usec = us};
    return adjtime(&by, NULL);
}

static int loop(long us)
{
    struct timex request = {.modes = ADJ_STATUS | ADJ_OFFSET | ADJ_TIMECONST | ADJ_MICRO};
    request.status = STA_PLL;
    request.constant = 4;
    request.offset = us;
    return adjtimex(&request);
}

static int in_guest(void)
{
    char line[512] = "";
    FILE *file = fopen("/proc/cmdline", "re");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    fclose(file);
    return strstr(line, GUEST_MARK) != NULL;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*how)(long);
    } ways[] = {{"step", step}, {"frequency", frequency}, {"adjtime", slew}, {"loop", loop}};
    if (!in_guest()) {
        fputs("meddle: this is no guest\n", stderr);
        return 2;
    }
    for (size_t i = 0; argc == 3 && i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(argv[1], ways[i].name) == 0) {
            if (ways[i].how(atol(argv[2])) >= 0)
                return 0;
            perror(argv[1]);
            return 1;
        }
    return 2;
}
