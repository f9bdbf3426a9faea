/* SPDX-License-Identifier: Apache-2.0 */
#include <base/reason.h>
#include <base/text.h>
#include <ctl/human.h>
#include <ctl/render.h>
#include <ctl/table.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *render_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

double render_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static long long integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ---------------------------------------------------------------- tracking */

static void line(FILE *out, const char *label, const char *format, ...)
{
    struct text text;
    va_list args;
    text_init(&text);
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);
    fprintf(out, "%-16s: ", label);
    human_put(out, text_string(&text));
    fputc('\n', out);
    text_finish(&text);
}

/* A number after a label, `format` taking the one double; "-" if there is none. */
static void number(FILE *out, const char *label, const char *format, double value)
{
    if (!isfinite(value)) {
        line(out, label, "-");
        return;
    }
    char text[400]; /* a double of any size in %f */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof(text), format, value);
#pragma GCC diagnostic pop
    line(out, label, "%s", text);
}

/* chrony's way: the magnitude, and the direction in a word. */
static void direction(FILE *out, const char *label, const char *format, double value)
{
    number(out, label, format, fabs(value));
}

/* "2026-01-31T12:00:00.123456789Z" as chronyc prints it: "Sat Jan 31 12:00:00 2026". */
static void ref_time(FILE *out, const char *instant)
{
    struct tm tm = {0};
    char text[64];
    const char *end = strptime(instant, "%Y-%m-%dT%H:%M:%S", &tm);
    if (*instant == '\0' || end == NULL || timegm(&tm) == (time_t)-1) {
        line(out, "Ref time (UTC)", "%s", *instant != '\0' ? instant : "never");
        return;
    }
    strftime(text, sizeof(text), "%a %b %d %H:%M:%S %Y", &tm);
    line(out, "Ref time (UTC)", "%s", text);
}

const char *render_leap(const char *code)
{
    static const char *const names[][2] = {
        {"normal", "Normal"},
        {"insert", "Insert second"},
        {"delete", "Delete second"},
        {"unsynchronised", "Not synchronised"},
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(code, names[i][0]) == 0)
            return names[i][1];
    }
    return code;
}

/* Only where the own clock is served (`local`). */
static void own_clock(const json_t *t, FILE *out)
{
    const json_t *local = json_object_get(t, "local");
    if (!json_is_object(local))
        return;
    line(out, "Local", "serving the own clock (local, stratum %lld) since %s, because %s",
         integer(local, "stratum"), render_text(local, "since"), render_text(local, "reason"));
}

void render_tracking(const json_t *t, FILE *out)
{
    bool synchronised = json_is_true(json_object_get(t, "synchronised"));
    double offset_s = render_number(t, "system_offset_s");
    double frequency_ppm = render_number(t, "frequency_ppm");
    long long stratum = integer(t, "stratum");
    line(out, "Reference ID", "%s (%s)", render_text(t, "reference_id"),
         render_text(t, "reference_name"));
    line(out, "Stratum", "%lld", stratum < 16 ? stratum : 0); /* as chronyc tells it */
    ref_time(out, render_text(t, "ref_time"));
    direction(out, "System time",
              offset_s > 0 ? "%.9f seconds slow of NTP time" : "%.9f seconds fast of NTP time",
              offset_s);
    number(out, "Last offset", "%+.9f seconds", render_number(t, "last_offset_s"));
    number(out, "RMS offset", "%.9f seconds", render_number(t, "rms_offset_s"));
    direction(out, "Frequency", frequency_ppm > 0 ? "%.3f ppm slow" : "%.3f ppm fast",
              frequency_ppm);
    number(out, "Residual freq", "%+.3f ppm", render_number(t, "residual_frequency_ppm"));
    number(out, "Skew", "%.3f ppm", render_number(t, "skew_ppm"));
    number(out, "Root delay", "%.9f seconds", render_number(t, "root_delay_s"));
    number(out, "Root dispersion", "%.9f seconds", render_number(t, "root_dispersion_s"));
    number(out, "Update interval", "%.1f seconds", render_number(t, "update_interval_s"));
    line(out, "Leap status", "%s", render_leap(render_text(t, "leap")));
    line(out, "Synchronised", "%s", synchronised ? "yes" : "no");
    number(out, "Error bound", "%.9f seconds", render_number(t, "error_bound_s"));
    number(out, "Bound in 1 h", "%.9f seconds", render_number(t, "error_bound_1h_s"));
    number(out, "Bound in 24 h", "%.9f seconds", render_number(t, "error_bound_24h_s"));
    line(out, "State", "%s", render_text(t, "state"));
    own_clock(t, out);
}

void render_summary(const json_t *t, FILE *out, const char *line_end)
{
    char offset[HUMAN_MAX], bound[HUMAN_MAX];
    bool synchronised = json_is_true(json_object_get(t, "synchronised"));
    fprintf(out, "%s, ", synchronised ? "synchronised" : "not synchronised");
    human_put(out, render_text(t, "state"));
    if (synchronised) {
        fprintf(out, ": stratum %lld from ", integer(t, "stratum"));
        human_put(out, render_text(t, "reference_name"));
        double frequency_ppm = render_number(t, "frequency_ppm");
        fprintf(out, ", offset %s +/- %s, clock %.3f ppm %s",
                human_signed(render_number(t, "system_offset_s"), offset),
                human_interval(render_number(t, "error_bound_s"), bound), fabs(frequency_ppm),
                frequency_ppm > 0 ? "slow" : "fast");
    } else if (strcmp(render_text(t, "state"), "holdover") == 0) {
        char hour[HUMAN_MAX], day[HUMAN_MAX];
        fprintf(out, ": error at most %s, %s in 1 h, %s in 24 h",
                human_interval(render_number(t, "error_bound_s"), bound),
                human_interval(render_number(t, "error_bound_1h_s"), hour),
                human_interval(render_number(t, "error_bound_24h_s"), day));
    }
    if (json_is_object(json_object_get(t, "local")))
        fprintf(out, ", serving the own clock (local, stratum %lld)", integer(t, "stratum"));
    fputs(line_end, out);
}

/* ---------------------------------------------------------------- sources */

/* The letter for a word of the report; ' ' for one that a newer daemon says. */
static char letter(const char *word, const char *const words[][2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i][0]) == 0)
            return words[i][1][0];
    }
    return ' ';
}

static char mode_letter(const char *mode)
{
    static const char *const words[][2] = {{"server", "^"}, {"peer", "="}, {"refclock", "#"}};
    return letter(mode, words, COUNT(words));
}

static char state_letter(const char *state)
{
    static const char *const words[][2] = {
        {"selected", "*"}, {"combined", "+"},    {"unselected", "-"},
        {"unusable", "?"}, {"falseticker", "x"}, {"jittery", "~"},
    };
    return letter(state, words, COUNT(words));
}

/* Why a source is not used: the plugin's own words where it has some; of one in use they are told
 * at length only. */
static const char *why(const json_t *source, char state, bool verbose)
{
    const char *code = render_text(source, "reason"), *detail = render_text(source, "detail");
    enum gn_reason reason;
    if (state == '*' || state == '+')
        return verbose ? detail : "";
    if (*detail != '\0')
        return detail;
    return reason_parse(code, &reason) ? reason_text(reason) : code;
}

static void source_name(struct table *table, char mode, char state, const json_t *source)
{
    const char *name = render_text(source, "name"), *address = render_text(source, "address");
    if (*address == '\0' || strcmp(name, address) == 0)
        table_cell(table, "%c%c %s", mode, state, name);
    else
        table_cell(table, "%c%c %s (%s)", mode, state, name, address);
}

static void source_row(struct table *table, const json_t *source, bool verbose)
{
    const char *code = render_text(source, "reason"), *words;
    char state = state_letter(render_text(source, "state"));
    char age[HUMAN_MAX], offset[HUMAN_MAX], error[HUMAN_MAX];
    double offset_s = render_number(source, "last_offset_s");
    source_name(table, mode_letter(render_text(source, "mode")), state, source);
    table_cell(table, "%lld", integer(source, "stratum"));
    table_cell(table, "%lld", integer(source, "poll_log2s"));
    table_cell(table, "%llo", (unsigned long long)integer(source, "reach"));
    table_cell(table, "%s", human_age(render_number(source, "last_rx_s"), age));
    table_cell(table, "%s", human_signed(offset_s, offset));
    if (isfinite(offset_s))
        table_cell(table, "+/- %6s", human_interval(render_number(source, "error_s"), error));
    else
        table_cell(table, "%s", "");
    words = why(source, state, verbose);
    if (verbose && *words != '\0' && strcmp(code, "ok") != 0)
        table_cell(table, "%s: %s", code, words);
    else
        table_cell(table, "%s", words);
}

static void legend(FILE *out)
{
    fputs("  .-- Source mode  '^' = server, '=' = peer, '#' = local clock.\n"
          " / .- Source state '*' = current best, '+' = combined, '-' = not combined,\n"
          "| /                'x' = may be in error, '~' = too variable, '?' = unusable.\n"
          "||   Poll: log2 of the seconds between polls. Reach: the last eight polls, octal.\n"
          "||   LastRx: age of the last sample. Last sample: reference minus local clock, so\n"
          "||   + means that the local clock is behind; then the margin of error.\n"
          "||\n",
          out);
}

void render_sources(const json_t *sources, bool verbose, FILE *out, const char *line_end)
{
    static const struct table_column columns[] = {
        {"MS Name/IP address", TABLE_LEFT},
        {"Stratum", TABLE_RIGHT},
        {"Poll", TABLE_RIGHT},
        {"Reach", TABLE_RIGHT},
        {"LastRx", TABLE_RIGHT},
        {"Last sample", TABLE_RIGHT},
        {"", TABLE_LEFT},
        {"Reason", TABLE_LEFT},
    };
    if (verbose)
        legend(out);
    struct table *table = table_create(columns, COUNT(columns));
    for (size_t i = 0; i < json_array_size(sources); i++)
        source_row(table, json_array_get(sources, i), verbose);
    table_print(table, out, line_end);
    table_destroy(table);
}

/* ---------------------------------------------------------------- the rest */

static void fixed(struct table *table, const char *sign, double value)
{
    if (!isfinite(value))
        table_cell(table, "-");
    else if (*sign != '\0')
        table_cell(table, "%+.3f", value);
    else
        table_cell(table, "%.3f", value);
}

static void stats_row(struct table *table, const json_t *stats)
{
    char text[HUMAN_MAX];
    table_cell(table, "%s", render_text(stats, "name"));
    table_cell(table, "%lld", integer(stats, "samples"));
    table_cell(table, "%s", human_age(render_number(stats, "span_s"), text));
    fixed(table, "+", render_number(stats, "frequency_ppm"));
    fixed(table, "", render_number(stats, "skew_ppm"));
    table_cell(table, "%s", human_signed(render_number(stats, "offset_s"), text));
    table_cell(table, "%s", human_interval(render_number(stats, "sd_s"), text));
    table_cell(table, "%s", human_interval(render_number(stats, "jitter_s"), text));
}

void render_sourcestats(const json_t *stats, FILE *out)
{
    static const struct table_column columns[] = {
        {"Name/IP Address", TABLE_LEFT}, {"NP", TABLE_RIGHT},        {"Span", TABLE_RIGHT},
        {"Frequency", TABLE_RIGHT},      {"Freq Skew", TABLE_RIGHT}, {"Offset", TABLE_RIGHT},
        {"Std Dev", TABLE_RIGHT},        {"Jitter", TABLE_RIGHT},
    };
    struct table *table = table_create(columns, COUNT(columns));
    for (size_t i = 0; i < json_array_size(stats); i++)
        stats_row(table, json_array_get(stats, i));
    table_print(table, out, "\n");
    table_destroy(table);
}

static void plugin_row(struct table *table, const json_t *plugin)
{
    const json_t *names = json_object_get(plugin, "roles");
    struct text roles;
    text_init(&roles);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *role = json_string_value(json_array_get(names, i));
        text_addf(&roles, "%s%s", i > 0 ? ", " : "", role != NULL ? role : "?");
    }
    table_cell(table, "%s", render_text(plugin, "name"));
    table_cell(table, "%s", render_text(plugin, "version"));
    table_cell(table, "%s", render_text(plugin, "abi"));
    table_cell(table, "%s", text_string(&roles));
    table_cell(table, "%s", render_text(plugin, "summary"));
    table_cell(table, "%s", render_text(plugin, "path"));
    text_finish(&roles);
}

void render_plugins(const json_t *plugins, FILE *out)
{
    static const struct table_column columns[] = {
        {"Plugin", TABLE_LEFT}, {"Version", TABLE_LEFT}, {"ABI", TABLE_LEFT},
        {"Roles", TABLE_LEFT},  {"Summary", TABLE_LEFT}, {"File", TABLE_LEFT},
    };
    struct table *table = table_create(columns, COUNT(columns));
    for (size_t i = 0; i < json_array_size(plugins); i++)
        plugin_row(table, json_array_get(plugins, i));
    table_print(table, out, "\n");
    table_destroy(table);
}

void render_activity(const json_t *activity, FILE *out)
{
    static const char *const states[][2] = {{"online", "online"},
                                            {"offline", "offline: not asked"},
                                            {"unresolved", "unresolved: the name has no address"}};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        double count = render_number(activity, states[i][0]);
        if (count >= 0)
            fprintf(out, "%4.0f %s\n", count, states[i][1]);
        else
            fprintf(out, "   - %s\n", states[i][1]);
    }
}
