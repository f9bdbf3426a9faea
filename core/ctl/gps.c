/* SPDX-License-Identifier: Apache-2.0 */
#include <base/text.h>
#include <ctl/gps.h>
#include <ctl/human.h>
#include <ctl/render.h>
#include <ctl/table.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---------------------------------------------------------------- pieces of a line */

__attribute__((format(printf, 3, 4))) static void line(FILE *out, const char *label,
                                                       const char *format, ...)
{
    struct text text;
    va_list args;
    text_init(&text);
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);
    fprintf(out, "%-16s: ", label);
    human_put(out, text.size > 0 ? text_string(&text) : "-");
    fputc('\n', out);
    text_finish(&text);
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static bool said(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value != NULL && !json_is_null(value);
}

static const char *or_dash(const char *words)
{
    return *words != '\0' ? words : "-";
}

/* A count, "?" where the receiver says nothing of it. */
static const char *counted(const json_t *object, const char *key, char text[HUMAN_MAX])
{
    double value = render_number(object, key);
    if (isfinite(value))
        snprintf(text, HUMAN_MAX, "%.0f", value);
    else
        snprintf(text, HUMAN_MAX, "?");
    return text;
}

struct words {
    const char *code, *text;
};

/* The words for a code; a code that a newer daemon says stands for itself. */
static const char *words_of(const char *code, const struct words *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(code, words[i].code) == 0)
            return words[i].text;
    return code;
}

/* ---------------------------------------------------------------- one receiver */

static void device(const json_t *gps, FILE *out)
{
    const char *protocol = render_text(gps, "protocol");
    double baud = render_number(gps, "baud");
    static const struct words names[] = {{"nmea", "NMEA"}, {"ubx", "UBX"}, {"gpsd", "gpsd"}};
    protocol = words_of(protocol, names, COUNT(names));
    if (*protocol != '\0' && baud > 0)
        line(out, "Device", "%s, %s at %.0f baud", render_text(gps, "device"), protocol, baud);
    else if (*protocol != '\0')
        line(out, "Device", "%s, %s", render_text(gps, "device"), protocol);
    else
        line(out, "Device", "%s", render_text(gps, "device"));
}

static void state(const json_t *gps, FILE *out)
{
    static const struct words states[] = {
        {"no-device", "no device"},
        {"silent", "silent: it says nothing that can be read"},
        {"no-fix", "no fix"},
        {"acquiring", "acquiring: its latency and its pulse are being learnt"},
        {"ambiguous", "ambiguous: it cannot be told which second it means"},
        {"locked", "locked"},
        {"holdover", "hold-over: sky or pulses are gone, it gives no time"},
    };
    line(out, "State", "%s", words_of(render_text(gps, "state"), states, COUNT(states)));
    if (*render_text(gps, "trouble") != '\0')
        line(out, "Trouble", "%s", render_text(gps, "trouble"));
}

static void fix(const json_t *gps, FILE *out)
{
    static const struct words fixes[] = {
        {"unknown", "unknown"},
        {"none", "none"},
        {"2d", "2D"},
        {"3d", "3D"},
        {"time", "time only, at a known position"},
        {"estimated", "estimated: no sky behind it"},
    };
    char used[HUMAN_MAX], seen[HUMAN_MAX], dilution[40] = "";
    double hdop = render_number(gps, "hdop");
    if (hdop > 0)
        snprintf(dilution, sizeof dilution, ", HDOP %.1f", hdop);
    line(out, "Fix", "%s, %s of %s satellites used%s",
         or_dash(words_of(render_text(gps, "fix"), fixes, COUNT(fixes))),
         counted(gps, "satellites_used", used), counted(gps, "satellites_seen", seen), dilution);
}

/* "2026-01-31T12:00:00Z" without its letters. */
static void its_time(const json_t *gps, FILE *out)
{
    char text[64];
    double weeks = render_number(gps, "rollover_weeks");
    snprintf(text, sizeof text, "%s", render_text(gps, "time"));
    text[strcspn(text, "T")] = *text != '\0' && strchr(text, 'T') != NULL ? ' ' : '\0';
    text[strcspn(text, "Z")] = '\0';
    if (*text == '\0')
        line(out, "Time (UTC)", "-");
    else
        line(out, "Time (UTC)", "%s, %s", text,
             is_true(gps, "valid") ? "valid" : "the receiver does not vouch for it");
    if (fabs(weeks) >= 1)
        line(out, "Week number",
             "%+.0f weeks: the receiver's calendar has run over, and is repaired", weeks);
}

/* The messages whose latency is known or that were heard most. */
static void messages(const json_t *gps, FILE *out)
{
    const json_t *list = json_object_get(gps, "messages");
    bool first = true;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *message = json_array_get(list, i);
        char late[HUMAN_MAX], spread[HUMAN_MAX], count[HUMAN_MAX];
        double latency_s = render_number(message, "latency_s");
        if (!isfinite(latency_s))
            continue;
        line(out, first ? "Latency" : "", "%s %s +/- %s, %s messages%s",
             render_text(message, "kind"),
             latency_s < 0 ? human_signed(latency_s, late) : human_interval(latency_s, late),
             human_interval(render_number(message, "spread_s"), spread),
             counted(message, "count", count),
             is_true(message, "learnt") ? "" : ", not learnt yet");
        first = false;
    }
    if (first)
        line(out, "Latency", "-");
}

static void pulse(const json_t *gps, FILE *out)
{
    const json_t *data = json_object_get(gps, "pulse");
    char a[HUMAN_MAX], b[HUMAN_MAX], c[HUMAN_MAX];
    if (!json_is_object(data)) {
        line(out, "Pulse", "none");
        return;
    }
    line(out, "Pulse", "%s, edge %s, %s pulses%s", render_text(data, "device"),
         or_dash(render_text(data, "edge")), counted(data, "count", a),
         is_true(data, "numbered") ? "" : ", which second they mark is not known");
    if (!isfinite(render_number(data, "offset_s")))
        return;
    struct text text;
    text_init(&text);
    text_addf(&text, "offset %s, jitter %s", human_signed(render_number(data, "offset_s"), a),
              human_interval(render_number(data, "jitter_s"), b));
    if (isfinite(render_number(data, "corrected_jitter_s")))
        text_addf(&text, " (%s as the receiver corrects it)",
                  human_interval(render_number(data, "corrected_jitter_s"), c));
    if (render_number(data, "width_s") > 0)
        text_addf(&text, ", width %s", human_interval(render_number(data, "width_s"), c));
    line(out, "", "%s", text_string(&text));
    text_finish(&text);
}

static void air(const json_t *gps, FILE *out)
{
    static const struct words jammings[] = {
        {"none", "none"},
        {"warning", "there is some, and yet a fix"},
        {"critical", "there is so much that there is no fix"},
    };
    double indicator = render_number(gps, "jam_indicator");
    const char *jamming = words_of(render_text(gps, "jamming"), jammings, COUNT(jammings));
    line(out, "Antenna", "%s", render_text(gps, "antenna"));
    if (isfinite(indicator))
        line(out, "Jamming", "%s (%.0f of 255)", or_dash(jamming), indicator);
    else
        line(out, "Jamming", "%s", jamming);
    if (said(gps, "spoofing"))
        line(out, "Spoofing", "%s",
             is_true(gps, "spoofing") ? "the receiver suspects it" : "none is seen");
}

static void leap(const json_t *gps, FILE *out)
{
    double count = render_number(gps, "leap_s"), change = render_number(gps, "leap_change");
    if (!isfinite(count)) {
        line(out, "Leap seconds", "-");
        return;
    }
    line(out, "Leap seconds", "GPS - UTC = %.0f s, %s%s", count,
         is_true(gps, "leap_valid") ? "heard from a satellite" : "preset in the receiver",
         change > 0   ? "; one will be inserted"
         : change < 0 ? "; one will be deleted"
                      : "");
}

static void bad(const json_t *gps, FILE *out)
{
    const json_t *data = json_object_get(gps, "bad");
    double checksum = render_number(data, "checksum"), noise = render_number(data, "noise_bytes");
    double overlong = render_number(data, "overlong");
    if (checksum > 0 || noise > 0 || overlong > 0)
        line(out, "Bad input", "%.0f wrong checksums, %.0f bytes of noise, %.0f too long", checksum,
             noise, overlong);
}

/* ---------------------------------------------------------------- what to do */

/* The one thing to look at first; NULL: nothing is wrong. */
static const char *advice(const json_t *gps)
{
    static const struct words states[] = {
        {"no-device", "see that the receiver is plugged in, that `device` is its path (ls -l "
                      "/dev/serial/by-id), and that gnomond may open it (group dialout)"},
        {"silent", "see that `device` is the receiver's line and nothing else reads it (gpsd, a "
                   "getty, ModemManager); set `baud` if it is an unusual one"},
        {"no-fix", "give the antenna a free view of the sky and wait: after a cold start it takes "
                   "up to 15 minutes"},
        {"acquiring", "wait some minutes; another source of time makes it shorter"},
        {"ambiguous", "give it another source that knows the second (an NTP server will do), or "
                      "set `latency` to what its messages are late by"},
    };
    const char *code = render_text(gps, "antenna"), *text;
    if (strcmp(code, "short") == 0 || strcmp(code, "open") == 0)
        return "see to the antenna, its cable and its plugs";
    if (is_true(gps, "spoofing"))
        return "do not trust it alone: let other sources outvote it, and see who transmits nearby";
    if (strcmp(render_text(gps, "jamming"), "critical") == 0)
        return "look for a transmitter or bad electronics near the antenna";
    code = render_text(gps, "state");
    if (strncmp(render_text(gps, "trouble"), "replay:", 7) == 0)
        return NULL;
    text = words_of(code, states, COUNT(states));
    return text != code ? text : NULL;
}

/* ---------------------------------------------------------------- satellites */

static void degrees(struct table *table, const json_t *satellite, const char *key)
{
    double value = render_number(satellite, key);
    if (isfinite(value))
        table_cell(table, "%.0f", value);
    else
        table_cell(table, "-");
}

static void satellite_row(struct table *table, const json_t *satellite)
{
    char number[HUMAN_MAX];
    double signal = render_number(satellite, "cn0_db_hz");
    table_cell(table, "%s", or_dash(render_text(satellite, "system")));
    table_cell(table, "%s", counted(satellite, "number", number));
    degrees(table, satellite, "elevation");
    degrees(table, satellite, "azimuth");
    if (signal > 0)
        table_cell(table, "%.0f", signal);
    else
        table_cell(table, "-");
    table_cell(table, "%s", is_true(satellite, "used") ? "yes" : "");
}

static void satellites(const json_t *list, FILE *out)
{
    static const struct table_column columns[] = {
        {"System", TABLE_LEFT},   {"Number", TABLE_RIGHT}, {"Elevation", TABLE_RIGHT},
        {"Azimuth", TABLE_RIGHT}, {"dB Hz", TABLE_RIGHT},  {"Used", TABLE_LEFT},
    };
    if (json_array_size(list) == 0)
        return;
    struct table *table = table_create(columns, COUNT(columns));
    for (size_t i = 0; i < json_array_size(list); i++)
        satellite_row(table, json_array_get(list, i));
    fputc('\n', out);
    table_print(table, out, "\n");
    table_destroy(table);
}

/* ---------------------------------------------------------------- all of it */

static void receiver(const json_t *gps, FILE *out)
{
    line(out, "Receiver", "%s", render_text(gps, "name"));
    if (!said(gps, "state")) { /* it was asked, and failed */
        line(out, "Trouble", "%s", render_text(gps, "trouble"));
        return;
    }
    device(gps, out);
    state(gps, out);
    if (advice(gps) != NULL)
        line(out, "What to do", "%s", advice(gps));
    fix(gps, out);
    its_time(gps, out);
    messages(gps, out);
    pulse(gps, out);
    air(gps, out);
    leap(gps, out);
    bad(gps, out);
    satellites(json_object_get(gps, "satellites"), out);
}

void gps_render(const json_t *receivers, FILE *out)
{
    for (size_t i = 0; i < json_array_size(receivers); i++) {
        if (i > 0)
            fputc('\n', out);
        receiver(json_array_get(receivers, i), out);
    }
}

int gps_run(struct cli *cli)
{
    cli->source = cli->arguments[0];
    json_t *receivers = cli_ask(cli, "gps");
    if (receivers == NULL)
        return CLI_NO;
    if (cli->json)
        cli_print_json(cli, receivers);
    else
        gps_render(receivers, cli->out);
    json_decref(receivers);
    return CLI_DONE;
}
