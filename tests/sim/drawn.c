/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/drawn.h"

#include <math.h>
#include <sim/chance.h>
#include <stdbool.h>

#define MOST_SERVERS 6

/* Each draws: never two of them among the arguments of one call, whose order is the compiler's. */

static bool happens(struct chance *chance, double probability)
{
    return chance_uniform(chance) < probability;
}

static double between(struct chance *chance, double low, double high)
{
    return low + (high - low) * chance_uniform(chance);
}

/* Every decade as likely as every other. */
static double scale(struct chance *chance, double low, double high)
{
    return low * pow(high / low, chance_uniform(chance));
}

static int one_of(struct chance *chance, int count)
{
    return (int)(chance_uniform(chance) * count);
}

/* ---------------------------------------------------------------- nodes */

static void write_server(int number, FILE *file)
{
    fprintf(file,
            "  { name = \"server%d\"; address = \"192.0.2.%d\"; clock = { read_only = true; };\n"
            "    config = \"sources = ( { use = \\\"refclock-local\\\"; stratum = 0; } );\"\n"
            "             \"servers = ( { use = \\\"proto-ntp\\\"; allow = [ "
            "\\\"192.0.2.0/24\\\" ]; } );\"; },\n",
            number, number);
}

static void write_clock(struct chance *chance, FILE *file)
{
    double offset_s = between(chance, -0.2, 0.2), frequency_ppm = between(chance, -50, 50);
    fprintf(file, "    clock = { offset = %.6f; frequency_ppm = %.6f; ", offset_s, frequency_ppm);
    fprintf(file, "wander = %.3e;", scale(chance, 1e-10, 3e-8));
    if (happens(chance, 0.3)) {
        double cycle_ppm = scale(chance, 0.03, 1);
        fprintf(file, " cycle_ppm = %.4f; cycle = %.1f;", cycle_ppm, scale(chance, 1200, 86400));
    }
    fprintf(file, " };\n");
}

static void write_client(struct chance *chance, int servers, FILE *file)
{
    bool quick = happens(chance, 0.5);
    fprintf(file, "  { name = \"client\"; address = \"192.0.2.100\";\n");
    write_clock(chance, file);
    fprintf(file, "    config = \"sources = (");
    for (int i = 0; i < servers; i++)
        fprintf(
            file, "%s { use = \\\"proto-ntp\\\"; server = \\\"192.0.2.%d\\\"; iburst = true;%s }",
            i > 0 ? ",\"\n             \"" : "", i + 1, quick ? " minpoll = 6; maxpoll = 6;" : "");
    fprintf(file, " );\"; }\n");
}

/* ---------------------------------------------------------------- links */

/* One way's law: a fixed delay and one of these queues. */
static void write_law(struct chance *chance, const char *key, double base_us, FILE *file)
{
    double queue_us = base_us * scale(chance, 0.01, 0.5);
    fprintf(file, "%s = \"%.2fus + %.2fus*", key, base_us, queue_us);
    switch (one_of(chance, 8)) {
    case 0:
    case 1:
        fprintf(file, "exp");
        break;
    case 2:
        fprintf(file, "|normal|");
        break;
    case 3:
        fprintf(file, "uniform");
        break;
    case 4:
        fprintf(file, "(pareto(%.2f) - 1)", between(chance, 1.3, 3));
        break;
    case 5:
        fprintf(file, "exp*exp*exp");
        break;
    case 6:
        fprintf(file, "pick(%.3f, 1, 10)*exp", between(chance, 0.8, 0.99));
        break;
    default:
        fprintf(file, "(exp + pick(%.2f, 0, 5))", between(chance, 0.3, 0.95));
        break;
    }
    fprintf(file, "\"; ");
}

static void write_link(struct chance *chance, int server, bool last, FILE *file)
{
    double base_us = scale(chance, 50, 6e4), back_us = base_us;
    fprintf(file, "  { from = \"client\"; to = \"server%d\"; ", server);
    if (happens(chance, 0.3))
        back_us *= between(chance, 0.998, 1.002);
    write_law(chance, "delay", base_us, file);
    if (back_us != base_us || happens(chance, 0.4))
        write_law(chance, "back", back_us, file);
    if (happens(chance, 0.3))
        fprintf(file, "loss = %.3f; ", scale(chance, 0.003, 0.3));
    fprintf(file, "}%s\n", last ? "" : ",");
}

void drawn_write(uint64_t seed, FILE *file)
{
    struct chance chance;
    chance_init(&chance, seed, "drawn", "");
    int servers = 1 + one_of(&chance, MOST_SERVERS);
    fprintf(file,
            "// Drawn world %llu.\n\nseed = %lluL;\n"
            "duration = 40000;\n\nnodes = (\n",
            (unsigned long long)seed, (unsigned long long)seed);
    for (int i = 1; i <= servers; i++)
        write_server(i, file);
    write_client(&chance, servers, file);
    fprintf(file, ");\n\nlinks = (\n");
    for (int i = 1; i <= servers; i++)
        write_link(&chance, i, i == servers, file);
    fprintf(file, ");\n");
}
