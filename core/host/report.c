/* SPDX-License-Identifier: Apache-2.0 */
#include <base/reason.h>
#include <host/report.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PPM 1e6
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

json_t *report_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *report_text(const char *text)
{
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    char *ascii = strdup(text);
    if (ascii == NULL)
        return NULL;
    for (char *c = ascii; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    value = json_string(ascii);
    free(ascii);
    return value;
}

json_t *report_instant(gn_utc instant)
{
    if (instant.ns == 0)
        return json_null();
    int64_t ns = instant.ns % GN_NS_PER_S;
    time_t seconds = (time_t)(instant.ns / GN_NS_PER_S);
    if (ns < 0) {
        ns += GN_NS_PER_S;
        seconds--;
    }
    struct tm tm;
    char date[32];
    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return json_null();
    return json_sprintf("%s.%09" PRId64 "Z", date, ns);
}

/* The name of a value; "unknown" for what a newer part of the daemon says. */
static json_t *name(const char *const *names, size_t count, unsigned value)
{
    return json_string(value < count && names[value] != NULL ? names[value] : "unknown");
}

static json_t *leap_name(unsigned leap)
{
    static const char *const names[] = {
        [GN_LEAP_NORMAL] = "normal",
        [GN_LEAP_INSERT] = "insert",
        [GN_LEAP_DELETE] = "delete",
        [GN_LEAP_UNSYNCHRONISED] = "unsynchronised",
    };
    return name(names, COUNT(names), leap);
}

static json_t *clock_state_name(unsigned state)
{
    static const char *const names[] = {
        [GN_CLOCK_UNSET] = "unset",
        [GN_CLOCK_STEPPING] = "stepping",
        [GN_CLOCK_LOCKED] = "locked",
        [GN_CLOCK_HOLDOVER] = "holdover",
        [GN_CLOCK_FREE_RUNNING] = "free-running",
    };
    return name(names, COUNT(names), state);
}

static json_t *mode_name(unsigned mode)
{
    static const char *const names[] = {
        [GN_MODE_SERVER] = "server",
        [GN_MODE_PEER] = "peer",
        [GN_MODE_REFCLOCK] = "refclock",
    };
    return name(names, COUNT(names), mode);
}

static json_t *source_state_name(unsigned state)
{
    static const char *const names[] = {
        [GN_SOURCE_UNUSABLE] = "unusable", [GN_SOURCE_FALSETICKER] = "falseticker",
        [GN_SOURCE_JITTERY] = "jittery",   [GN_SOURCE_UNSELECTED] = "unselected",
        [GN_SOURCE_COMBINED] = "combined", [GN_SOURCE_SELECTED] = "selected",
    };
    return name(names, COUNT(names), state);
}

/* A finished object, or NULL if any of its values could not be made. */
static json_t *whole(json_t *object, int errors)
{
    if (errors == 0)
        return object;
    json_decref(object);
    return NULL;
}

/* Since when the own clock is served, and why; null: it is not. */
static json_t *report_local(const struct gn_tracking *tracking)
{
    json_t *o = json_object();
    int e = 0;
    if (tracking->local_since.ns == 0) {
        json_decref(o);
        return json_null();
    }
    e |= json_object_set_new(o, "stratum", json_integer(tracking->state.stratum));
    e |= json_object_set_new(o, "since", report_instant(tracking->local_since));
    e |= json_object_set_new(o, "reason", report_text(tracking->local_why));
    return whole(o, e);
}

json_t *report_tracking(const struct gn_tracking *tracking)
{
    const struct gn_state *state = &tracking->state;
    json_t *o = json_object();
    int e = 0;
    e |= json_object_set_new(o, "reference_id", json_sprintf("%08" PRIX32, state->refid));
    e |= json_object_set_new(o, "reference_name", report_text(tracking->reference_name));
    e |= json_object_set_new(o, "stratum", json_integer(state->stratum));
    e |= json_object_set_new(o, "ref_time", report_instant(state->ref_time));
    e |= json_object_set_new(o, "system_offset_s", report_number(tracking->system_offset_s));
    e |= json_object_set_new(o, "last_offset_s", report_number(tracking->last_offset_s));
    e |= json_object_set_new(o, "rms_offset_s", report_number(tracking->rms_offset_s));
    e |= json_object_set_new(o, "frequency_ppm", report_number(state->frequency * PPM));
    e |= json_object_set_new(o, "residual_frequency_ppm",
                             report_number(tracking->residual_frequency * PPM));
    e |= json_object_set_new(o, "skew_ppm", report_number(tracking->skew * PPM));
    e |= json_object_set_new(o, "root_delay_s", report_number(state->root_delay_s));
    e |= json_object_set_new(o, "root_dispersion_s", report_number(tracking->root_dispersion_s));
    e |= json_object_set_new(o, "update_interval_s", report_number(tracking->update_interval_s));
    e |= json_object_set_new(o, "leap", leap_name(state->leap));
    e |= json_object_set_new(o, "synchronised", json_boolean(state->synchronised));
    e |= json_object_set_new(o, "error_bound_s", report_number(tracking->error_bound_s));
    e |= json_object_set_new(o, "error_bound_1h_s", report_number(tracking->error_bound_1h_s));
    e |= json_object_set_new(o, "error_bound_24h_s", report_number(tracking->error_bound_24h_s));
    e |= json_object_set_new(o, "state", clock_state_name(state->clock_state));
    e |= json_object_set_new(
        o, "tai_offset_s",
        state->tai_offset_s == GN_TAI_UNKNOWN ? json_null() : json_integer(state->tai_offset_s));
    e |= json_object_set_new(o, "leap_smear_s", report_number(tracking->leap_smear_s));
    e |= json_object_set_new(o, "local", report_local(tracking));
    return whole(o, e);
}

json_t *report_source(const struct gn_source_report *source)
{
    bool heard = source->last_rx_age_s >= 0;
    json_t *o = json_object();
    int e = 0;
    e |= json_object_set_new(o, "name", report_text(source->name));
    e |= json_object_set_new(o, "plugin", report_text(source->plugin));
    e |= json_object_set_new(o, "address", report_text(source->address));
    e |= json_object_set_new(o, "mode", mode_name(source->mode));
    e |= json_object_set_new(o, "state", source_state_name(source->state));
    e |= json_object_set_new(o, "reason", json_string(reason_code((enum gn_reason)source->reason)));
    e |=
        json_object_set_new(o, "detail", report_text(source->detail != NULL ? source->detail : ""));
    e |= json_object_set_new(o, "stratum", json_integer(source->stratum));
    e |= json_object_set_new(o, "poll_log2s", json_integer(source->poll_log2s));
    e |= json_object_set_new(o, "reach", json_integer(source->reach));
    e |= json_object_set_new(o, "last_rx_s", report_number(heard ? source->last_rx_age_s : NAN));
    e |=
        json_object_set_new(o, "last_offset_s", report_number(heard ? source->last_offset_s : NAN));
    e |= json_object_set_new(o, "error_s", report_number(heard ? source->error_s : NAN));
    return whole(o, e);
}

json_t *report_sourcestats(const struct gn_source_report *source)
{
    double known = source->samples > 0 ? 1 : NAN;
    json_t *o = json_object();
    int e = 0;
    e |= json_object_set_new(o, "name", report_text(source->name));
    e |= json_object_set_new(o, "samples", json_integer(source->samples));
    e |= json_object_set_new(o, "span_s", report_number(source->span_s));
    e |= json_object_set_new(o, "frequency_ppm", report_number(known * source->frequency * PPM));
    e |= json_object_set_new(o, "skew_ppm", report_number(known * source->frequency_skew * PPM));
    e |= json_object_set_new(o, "offset_s", report_number(known * source->offset_s));
    e |= json_object_set_new(o, "sd_s", report_number(known * source->offset_sd_s));
    e |= json_object_set_new(o, "jitter_s", report_number(known * source->jitter_s));
    return whole(o, e);
}

static json_t *roles(const struct gn_plugin *descriptor)
{
    static const char *const names[] = {
        [GN_SOURCE] = "source", [GN_SERVER] = "server", [GN_OUTPUT] = "output"};
    json_t *array = json_array();
    int e = 0;
    for (size_t i = 0; i < descriptor->role_count; i++) {
        const struct gn_role *role = plugin_role(descriptor, i);
        if (role != NULL)
            e |= json_array_append_new(array, name(names, COUNT(names), role->kind));
    }
    return whole(array, e);
}

json_t *report_plugin(const struct plugin *plugin)
{
    const struct gn_plugin *d = plugin->descriptor;
    json_t *o = json_object();
    int e = 0;
    e |= json_object_set_new(o, "name", report_text(d->name));
    e |= json_object_set_new(o, "version", report_text(d->version != NULL ? d->version : ""));
    e |= json_object_set_new(o, "summary", report_text(d->summary != NULL ? d->summary : ""));
    e |= json_object_set_new(o, "abi", json_sprintf("%u.%u", d->abi_major, d->abi_minor));
    e |= json_object_set_new(o, "path", report_text(plugin->path));
    e |= json_object_set_new(o, "roles", roles(d));
    return whole(o, e);
}
