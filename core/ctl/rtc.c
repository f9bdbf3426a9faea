/* SPDX-License-Identifier: Apache-2.0 */
#include <ctl/human.h>
#include <ctl/render.h>
#include <ctl/rtc.h>
#include <math.h>
#include <string.h>
#include <time.h>

/* A writing waits for its instant, is read back, and done once more where the clock is new. */
#define PATIENCE 60
#define INTERVAL_NS 250000000L

/* ---------------------------------------------------------------- for people */

static void words(FILE *out, const char *label, const char *text)
{
    fprintf(out, "%-18s : ", label);
    human_put(out, *text != '\0' ? text : "-");
    fputc('\n', out);
}

/* A number and its doubt; `sign` turns ours into what the label says. */
static void number(FILE *out, const char *label, const json_t *data, const char *key, double sign,
                   const char *doubt, const char *unit)
{
    double value = render_number(data, key);
    fprintf(out, "%-18s : ", label);
    if (isnan(value))
        fputs("-\n", out);
    else
        fprintf(out, "%+.6f %s +/- %.6f\n", sign * value + 0.0, unit, render_number(data, doubt));
}

static const char *owner(const json_t *data)
{
    static const struct {
        const char *code, *text;
    } owners[] = {
        {"off", "nobody (clock.rtc = \"off\")"},
        {"copy", "the kernel (clock.rtc = \"copy\")"},
        {"track", "this daemon (clock.rtc = \"track\")"},
        {"none", "nobody (-x: no clock is touched)"},
    };
    const char *code = render_text(data, "owner");
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
        if (strcmp(code, owners[i].code) == 0)
            return owners[i].text;
    return code;
}

void rtc_render(const json_t *data, FILE *out)
{
    words(out, "Source", render_text(data, "source"));
    words(out, "Device", render_text(data, "device"));
    words(out, "RTC ref time (UTC)", render_text(data, "ref_time"));
    fprintf(out, "%-18s : %.0f\n", "Number of samples", render_number(data, "samples"));
    fprintf(out, "%-18s : %.0f\n", "Sample span period", render_number(data, "span_s"));
    number(out, "RTC is fast by", data, "offset_s", -1, "offset_sd_s", "seconds");
    number(out, "RTC gains time at", data, "drift_ppm", -1, "drift_sd_ppm", "ppm");
    words(out, "Local time", json_is_true(json_object_get(data, "local_time")) ? "yes" : "no");
    words(out, "Written by", owner(data));
    words(out, "Last written (UTC)", render_text(data, "written"));
    words(out, "Last result", render_text(data, "outcome"));
}

/* ---------------------------------------------------------------- commands */

static int show(struct cli *cli, const json_t *data)
{
    if (cli->json)
        cli_print_json(cli, data);
    else
        rtc_render(data, cli->out);
    return CLI_DONE;
}

int rtc_data_run(struct cli *cli)
{
    cli->source = cli->arguments[0];
    json_t *data = cli_ask(cli, "rtcdata");
    if (data == NULL)
        return CLI_NO;
    int status = show(cli, data);
    json_decref(data);
    return status;
}

/* Until it is written and read back. A new reference; NULL: told. */
static json_t *wait_written(struct cli *cli)
{
    const struct timespec interval = {.tv_nsec = INTERVAL_NS};
    json_t *data = NULL;
    for (int i = 0; i < PATIENCE; i++) {
        nanosleep(&interval, NULL);
        json_decref(data);
        data = cli_ask(cli, "rtcdata");
        if (data == NULL || !json_is_true(json_object_get(data, "writing")))
            return data;
    }
    json_decref(data);
    cli_fail(cli, "the clock is still being written; rtcdata tells what became of it");
    return NULL;
}

int rtc_run(struct cli *cli)
{
    if (strcmp(cli->arguments[0], "write") != 0)
        return cli_usage(cli, "rtc: \"%s\"? rtc write", cli->arguments[0]);
    cli->source = cli->arguments[1];
    json_t *begun = cli_ask(cli, "rtc write");
    if (begun == NULL)
        return CLI_NO;
    json_t *data = wait_written(cli);
    int status = CLI_NO;
    if (data != NULL && json_is_true(json_object_get(data, "good"))) {
        status = CLI_DONE;
        if (cli->json) {
            cli_print_json(cli, data);
        } else {
            human_put(cli->out, render_text(data, "outcome"));
            fputs(json_is_true(json_object_get(begun, "local_time")) ? " (in local time)\n" : "\n",
                  cli->out);
        }
    } else if (data != NULL) {
        cli_fail(cli, render_text(data, "outcome"));
    }
    json_decref(begun);
    json_decref(data);
    return status;
}
