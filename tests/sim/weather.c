/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/weather.h"

#include <math.h>
#include <string.h>

/* Nothing is disturbed before the one, and after the other from the end. */
#define CALM_START_S 300.0
#define CALM_END_S 1500.0

struct sky {
    struct weather *weather;
    struct chance chance;
    FILE *file;
    int liars;
    double base_us[WEATHER_CLIENTS * WEATHER_SERVERS]; /* delay of each link, one way */
    bool events;                                       /* one stands there already */
};

/* ---------------------------------------------------------------- chance */

/* Each draws: never two of them among the arguments of one call, whose order is the compiler's. */

static bool happens(struct sky *sky, double probability)
{
    return chance_uniform(&sky->chance) < probability;
}

static double between(struct sky *sky, double low, double high)
{
    return low + (high - low) * chance_uniform(&sky->chance);
}

/* Every decade as likely as every other. */
static double scale(struct sky *sky, double low, double high)
{
    return low * pow(high / low, chance_uniform(&sky->chance));
}

static double either_sign(struct sky *sky, double value)
{
    return happens(sky, 0.5) ? value : -value;
}

static int one_of(struct sky *sky, int count)
{
    return (int)(chance_uniform(&sky->chance) * count);
}

/* Times are told in milliseconds, and must be what they are told as. */
static double rounded(double at_s)
{
    return round(at_s * 1e3) / 1e3;
}

/* ---------------------------------------------------------------- servers */

static void write_server(struct sky *sky, int index)
{
    FILE *file = sky->file;
    fprintf(file, "  { name = \"server%d\"; address = \"192.0.2.%d\";\n    clock = { ", index + 1,
            index + 1);
    if (sky->weather->lies[index] == LIE_OFFSET)
        fprintf(file, "offset = %.6f; ", either_sign(sky, scale(sky, 0.5, 1000)));
    if (sky->weather->lies[index] == LIE_DRIFT)
        fprintf(file, "frequency_ppm = %.3f; ", either_sign(sky, scale(sky, 20, 300)));
    fprintf(file, "read_only = true; };\n"
                  "    config = \"sources = ( { use = \\\"refclock-local\\\"; stratum = 0; } );\"\n"
                  "             \"servers = ( { use = \\\"proto-ntp\\\"; allow = [ "
                  "\\\"192.0.2.0/24\\\" ]; } );\"; },\n");
}

static void write_servers(struct sky *sky)
{
    struct weather *weather = sky->weather;
    weather->servers = 1 + one_of(sky, WEATHER_SERVERS);
    sky->liars = one_of(sky, (weather->servers + 1) / 2);
    for (int i = 0; i < sky->liars; i++)
        weather->lies[i] = (enum weather_lie)(LIE_OFFSET + one_of(sky, LIE_JUMP));
    for (int i = 0; i < weather->servers; i++)
        write_server(sky, i);
}

/* ---------------------------------------------------------------- clients */

static void write_oscillator(struct sky *sky, const struct weather_client *client)
{
    FILE *file = sky->file;
    double offset_s = either_sign(sky, scale(sky, 1e-5, happens(sky, 0.3) ? 1e4 : 0.5));
    double most_ppm = fmin(200, client->max_frequency * 0.8e6);
    double frequency_ppm = fmax(-most_ppm, fmin(most_ppm, 30 * chance_normal(&sky->chance)));
    fprintf(file, "clock = { offset = %.9f; frequency_ppm = %.6f; ", offset_s, frequency_ppm);
    if (happens(sky, 0.8))
        fprintf(file, "wander = %.3e; ", scale(sky, 1e-10, 3e-8));
    if (happens(sky, 0.3)) {
        double cycle_s = scale(sky, 1200, 86400);
        fprintf(file, "cycle_ppm = %.3f; cycle = %.0f.0; ", between(sky, 0.1, 1), cycle_s);
    }
    fprintf(file, "};\n");
    if (happens(sky, 0.3))
        fprintf(file, "    stamp_noise = \"%.0fns * normal\";\n", scale(sky, 10, 1e4));
}

static void write_client(struct sky *sky, int index)
{
    struct weather_client *client = &sky->weather->client[index];
    FILE *file = sky->file;
    bool burst = happens(sky, 0.7), quick = happens(sky, 0.5);
    client->max_slew = happens(sky, 0.3) ? 1e-3 : 83333.333e-6;
    client->max_frequency = happens(sky, 0.3) ? 100e-6 : 500e-6;
    fprintf(file, "  { name = \"client%d\"; address = \"192.0.2.%d\";\n    ", index + 1,
            index + 101);
    write_oscillator(sky, client);
    fprintf(file,
            "    config = \"clock = { max_slew = %.3f; max_frequency = %.1f; };\"\n"
            "             \"sources = (",
            client->max_slew * 1e6, client->max_frequency * 1e6);
    for (int i = 0; i < sky->weather->servers; i++)
        fprintf(file,
                "%s { use = \\\"proto-ntp\\\"; name = \\\"server%d\\\"; "
                "server = \\\"192.0.2.%d\\\";%s%s }",
                i > 0 ? ",\"\n             \"" : "", i + 1, i + 1, burst ? " iburst = true;" : "",
                quick ? " maxpoll = 6;" : "");
    fprintf(file, " );\"; }%s\n", index + 1 < sky->weather->clients ? "," : "");
}

/* ---------------------------------------------------------------- links */

static void write_law(struct sky *sky, const char *key, double base_us)
{
    double jitter_us = base_us * scale(sky, 0.01, 0.5);
    static const char *const laws[] = {
        "%.1fus + %.1fus*exp",
        "%.1fus + %.1fus*|normal|",
        "%.1fus + %.1fus*uniform",
        "%.1fus + %.1fus*(pareto(2.5) - 1)",
        "%.1fus + %.1fus*pick(0.95, 1, 20)*exp",
        "%.1fus + %.1fus*exp*exp*exp",
    };
    fprintf(sky->file, "%s = \"", key);
    fprintf(sky->file, laws[one_of(sky, sizeof laws / sizeof laws[0])], base_us, jitter_us);
    fprintf(sky->file, "\"; ");
}

static void write_link(struct sky *sky, int client, int server, bool last)
{
    fprintf(sky->file, "  { from = \"client%d\"; to = \"server%d\"; ", client + 1, server + 1);
    double base_us = scale(sky, 50, 1e5);
    sky->base_us[client * sky->weather->servers + server] = base_us;
    write_law(sky, "delay", base_us);
    if (happens(sky, 0.4))
        write_law(sky, "back", base_us * scale(sky, 0.7, 1.4));
    if (happens(sky, 0.4))
        fprintf(sky->file, "loss = %.3f; ", scale(sky, 0.001, 0.3));
    if (happens(sky, 0.2))
        fprintf(sky->file, "duplicates = %.3f; ", scale(sky, 0.001, 0.2));
    fprintf(sky->file, "}%s\n", last ? "" : ",");
}

/* ---------------------------------------------------------------- events */

static void event(struct sky *sky, double at_s)
{
    fprintf(sky->file, "%s  { at = %.3f; ", sky->events ? ",\n" : "", at_s);
    sky->events = true;
}

static void note(struct sky *sky, enum weather_kind kind, int client, double at_s, double size)
{
    struct weather *weather = sky->weather;
    if (weather->trouble_count < WEATHER_TROUBLES)
        weather->troubles[weather->trouble_count++] =
            (struct weather_trouble){kind, client, rounded(at_s), size};
}

static void cut(struct sky *sky, int client, int server, double from_s, double until_s)
{
    int link = client * sky->weather->servers + server;
    event(sky, from_s);
    fprintf(sky->file, "link = %d; cut = true; }", link);
    event(sky, until_s);
    fprintf(sky->file, "link = %d; cut = false; }", link);
}

/* One after the other: all of a client's links, or one that leaves the liars a minority. */
static void write_cuts(struct sky *sky, int client, double end_s)
{
    int servers = sky->weather->servers;
    double at_s = CALM_START_S + scale(sky, 1, end_s);
    while (at_s < end_s) {
        double until_s = fmin(at_s + scale(sky, 30, 5400), end_s);
        int server = one_of(sky, servers);
        if (!sky->weather->client[client].cut && servers == 1)
            return;
        if (sky->weather->client[client].cut && happens(sky, 0.6))
            for (int i = 0; i < servers; i++)
                cut(sky, client, i, at_s, until_s);
        else if (server < sky->liars || servers - 1 > 2 * sky->liars)
            cut(sky, client, server, at_s, until_s);
        at_s = until_s + scale(sky, 60, end_s);
    }
}

static void write_moves(struct sky *sky, int client, double end_s)
{
    double most_s = sky->weather->client[client].max_slew < 0.01 ? 0.5 : 50;
    for (double at_s = CALM_START_S + scale(sky, 1, end_s); at_s < end_s;
         at_s += 600 + scale(sky, 1, end_s)) {
        double step_s = either_sign(sky, scale(sky, 1e-3, most_s));
        event(sky, at_s);
        fprintf(sky->file, "node = \"client%d\"; step = %.6f; }", client + 1, step_s);
        note(sky, TROUBLE_MOVED, client, at_s, step_s);
    }
}

/* The kernel measures its sleep by a clock of whole seconds; what it does not see, nobody can. */
static void write_sleeps(struct sky *sky, int client, double end_s)
{
    double most_s = sky->weather->client[client].max_slew < 0.01 ? 0.3 : 1;
    for (double at_s = CALM_START_S + scale(sky, 1, end_s); at_s < end_s;) {
        double for_s = fmin(scale(sky, 5, 7200), end_s - at_s + 5);
        event(sky, at_s);
        fprintf(sky->file, "node = \"client%d\"; suspend = %.3f; rtc_error = %.6f; }", client + 1,
                for_s, either_sign(sky, scale(sky, 1e-3, most_s)));
        note(sky, TROUBLE_SUSPENDED, client, at_s, for_s);
        at_s += for_s + 600 + scale(sky, 1, end_s);
    }
}

/* A client, or (client < 0) the last of the servers, is stopped or killed and started anew. */
static void write_restarts(struct sky *sky, int client, double end_s)
{
    const char *name = client < 0 ? "server" : "client";
    int number = client < 0 ? sky->weather->servers : client + 1;
    for (double at_s = CALM_START_S + scale(sky, 1, end_s); at_s < end_s;) {
        double for_s = fmin(scale(sky, 0.1, 1800), end_s - at_s + 1);
        event(sky, at_s);
        fprintf(sky->file, "node = \"%s%d\"; %s = true; }", name, number,
                happens(sky, 0.5) ? "kill" : "stop");
        event(sky, at_s + for_s);
        fprintf(sky->file, "node = \"%s%d\"; start = true; }", name, number);
        at_s += for_s + 300 + scale(sky, 1, end_s);
    }
}

/* The oscillator's frequency jumps, as when a fan starts. */
static void write_frequencies(struct sky *sky, int client, double end_s)
{
    for (double at_s = CALM_START_S + scale(sky, 1, end_s); at_s < end_s;
         at_s += 3000 + scale(sky, 1, end_s)) {
        double by_ppm = either_sign(sky, scale(sky, 0.01, 2));
        event(sky, at_s);
        fprintf(sky->file, "node = \"client%d\"; frequency_ppm = %.6f; }", client + 1, by_ppm);
        note(sky, TROUBLE_FREQUENCY, client, at_s, by_ppm * 1e-6);
    }
}

static void write_routes(struct sky *sky, int link, double end_s)
{
    static const char *const ways[] = {"there", "back", "both"};
    for (double at_s = CALM_START_S + scale(sky, 1, end_s); at_s < end_s;
         at_s += 300 + scale(sky, 1, end_s)) {
        event(sky, at_s);
        fprintf(sky->file, "link = %d; way = \"%s\"; ", link, ways[one_of(sky, 3)]);
        write_law(sky, "delay", sky->base_us[link] * scale(sky, 0.7, 1.4));
        fprintf(sky->file, "}");
    }
}

/* The first servers and clients on one side, the others on the other. */
static void write_partitions(struct sky *sky, double end_s)
{
    for (double at_s = CALM_START_S + scale(sky, 1, end_s); at_s < end_s;) {
        double for_s = fmin(scale(sky, 10, 3600), end_s - at_s + 1);
        event(sky, at_s);
        fprintf(sky->file, "partition = [ \"client1\"");
        for (int i = one_of(sky, sky->weather->servers + 1); i > 0; i--)
            fprintf(sky->file, ", \"server%d\"", i);
        fprintf(sky->file, " ]; }");
        event(sky, at_s + for_s);
        fprintf(sky->file, "heal = true; }");
        at_s += for_s + scale(sky, 60, end_s);
    }
}

static void write_jumps(struct sky *sky, int server, double end_s)
{
    for (double at_s = scale(sky, 10, end_s); at_s < end_s; at_s += scale(sky, 60, end_s)) {
        event(sky, at_s);
        fprintf(sky->file, "node = \"server%d\"; step = %.6f; }", server + 1,
                either_sign(sky, scale(sky, 0.5, 100)));
    }
}

/* What happens to a client's machine: one kind in a storm, so that it stays clear what did it. */
static void write_troubles(struct sky *sky, int client, double end_s)
{
    double kind = between(sky, 0, 1);
    bool jumps = kind >= 0.3 && kind < 0.4;
    sky->weather->client[client].cut = !jumps;
    if (kind < 0.3)
        write_moves(sky, client, end_s);
    else if (jumps)
        write_frequencies(sky, client, end_s);
    else if (kind < 0.5)
        write_sleeps(sky, client, end_s);
    else if (kind < 0.6)
        write_restarts(sky, client, end_s);
    if (happens(sky, 0.4))
        write_cuts(sky, client, end_s);
}

static void write_events(struct sky *sky)
{
    struct weather *weather = sky->weather;
    double end_s = weather->duration_s - CALM_END_S;
    for (int i = 0; i < weather->clients; i++)
        write_troubles(sky, i, end_s);
    for (int i = 0; i < weather->clients * weather->servers; i++)
        if (happens(sky, 0.1))
            write_routes(sky, i, end_s);
    for (int i = 0; i < sky->liars; i++)
        if (weather->lies[i] == LIE_JUMP)
            write_jumps(sky, i, end_s);
    /* Without liars whoever is left tells the truth. */
    if (sky->liars == 0 && happens(sky, 0.2))
        write_restarts(sky, -1, end_s);
    if (sky->liars == 0 && happens(sky, 0.2))
        write_partitions(sky, end_s);
}

void weather_write(struct weather *weather, uint64_t seed, FILE *file)
{
    struct sky sky = {.weather = weather, .file = file};
    memset(weather, 0, sizeof *weather);
    chance_init(&sky.chance, seed, "weather", "");
    weather->duration_s = floor(between(&sky, 3600, 4 * 3600));
    weather->clients = 1 + one_of(&sky, WEATHER_CLIENTS);
    fprintf(file, "// Storm %llu.\n\nseed = %lluL;\nduration = %.0f;\n\nnodes = (\n",
            (unsigned long long)seed, (unsigned long long)seed, weather->duration_s);
    write_servers(&sky);
    for (int i = 0; i < weather->clients; i++)
        write_client(&sky, i);
    fprintf(file, ");\n\nlinks = (\n");
    for (int i = 0; i < weather->clients * weather->servers; i++)
        write_link(&sky, i / weather->servers, i % weather->servers,
                   i + 1 == weather->clients * weather->servers);
    fprintf(file, ");\n\nevents = (\n");
    write_events(&sky);
    fprintf(file, "\n);\n");
}
