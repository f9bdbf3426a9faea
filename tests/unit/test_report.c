/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of the reports: every promised key, its type, its value; words for every reason. */
#include <base/reason.h>
#include <check.h>
#include <host/report.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct gn_tracking locked = {
    .state =
        {
            .synchronised = true,
            .stratum = 9,
            .leap = GN_LEAP_INSERT,
            .tai_offset_s = 37,
            .clock_state = GN_CLOCK_LOCKED,
            .refid = 0x7f7f0101,
            .ref_time = {INT64_C(1769860800000000042)},
            .frequency = 12.5e-6,
            .root_delay_s = 0.25,
        },
    .reference_name = "upstream",
    .system_offset_s = -0.001,
    .last_offset_s = 0.0625,
    .rms_offset_s = 0.5,
    .residual_frequency = -1e-9,
    .skew = 2e-8,
    .root_dispersion_s = 0.125,
    .update_interval_s = 16,
    .error_bound_s = 0.25,
    .leap_smear_s = -0.5,
    .error_bound_1h_s = 0.5,
    .error_bound_24h_s = 1.5,
};

static char *dump(json_t *value)
{
    ck_assert_ptr_nonnull(value);
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(value);
    return text;
}

static void expect(json_t *value, const char *expected)
{
    char *text = dump(value);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(tracking_has_its_keys)
{
    expect(report_tracking(&locked),
           "{\"reference_id\":\"7F7F0101\",\"reference_name\":\"upstream\",\"stratum\":9,"
           "\"ref_time\":\"2026-01-31T12:00:00.000000042Z\",\"system_offset_s\":-0.001,"
           "\"last_offset_s\":0.0625,\"rms_offset_s\":0.5,\"frequency_ppm\":12.5,"
           "\"residual_frequency_ppm\":-0.001,\"skew_ppm\":0.02,\"root_delay_s\":0.25,"
           "\"root_dispersion_s\":0.125,\"update_interval_s\":16.0,\"leap\":\"insert\","
           "\"synchronised\":true,\"error_bound_s\":0.25,\"error_bound_1h_s\":0.5,"
           "\"error_bound_24h_s\":1.5,\"state\":\"locked\","
           "\"tai_offset_s\":37,\"leap_smear_s\":-0.5,\"local\":null}");
}
END_TEST

START_TEST(tracking_of_the_own_clock)
{
    struct gn_tracking tracking = {
        .state = {.stratum = 10, .refid = 0x7f7f0101},
        .local_since = {INT64_C(1769860800000000000)},
        .local_why = "no source is selected",
    };
    json_t *value = report_tracking(&tracking);
    expect(json_incref(json_object_get(value, "local")),
           "{\"stratum\":10,\"since\":\"2026-01-31T12:00:00.000000000Z\","
           "\"reason\":\"no source is selected\"}");
    json_decref(value);
}
END_TEST

START_TEST(tracking_of_nothing)
{
    struct gn_tracking tracking = {
        .state = {.stratum = 16,
                  .leap = GN_LEAP_UNSYNCHRONISED,
                  .root_delay_s = NAN,
                  .tai_offset_s = GN_TAI_UNKNOWN},
        .error_bound_s = INFINITY,
        .error_bound_1h_s = NAN,
    };
    json_t *value = report_tracking(&tracking);
    ck_assert_str_eq(json_string_value(json_object_get(value, "reference_id")), "00000000");
    ck_assert_str_eq(json_string_value(json_object_get(value, "reference_name")), "");
    ck_assert(json_is_null(json_object_get(value, "ref_time")));
    ck_assert(json_is_null(json_object_get(value, "root_delay_s")));
    ck_assert(json_is_null(json_object_get(value, "error_bound_s")));
    ck_assert(json_is_null(json_object_get(value, "tai_offset_s")));
    ck_assert(json_is_null(json_object_get(value, "error_bound_1h_s")));
    ck_assert(json_is_false(json_object_get(value, "synchronised")));
    ck_assert_str_eq(json_string_value(json_object_get(value, "state")), "unset");
    json_decref(value);
}
END_TEST

static struct gn_source_report server(void)
{
    return (struct gn_source_report){
        .name = "a",
        .plugin = "proto-ntp",
        .address = "192.0.2.1:123",
        .mode = GN_MODE_SERVER,
        .state = GN_SOURCE_FALSETICKER,
        .reason = GN_REASON_DISAGREES,
        .detail = "",
        .stratum = 2,
        .reach = 255,
        .poll_log2s = -2,
        .last_rx_age_s = 1.5,
        .last_offset_s = 0.25,
        .error_s = 0.125,
        .samples = 8,
        .span_s = 64,
        .offset_s = 0.5,
        .offset_sd_s = 0.0625,
        .frequency = -1e-6,
        .frequency_skew = 1e-7,
        .jitter_s = 0.03125,
    };
}

START_TEST(source_has_its_keys)
{
    struct gn_source_report report = server();
    expect(report_source(&report),
           "{\"name\":\"a\",\"plugin\":\"proto-ntp\",\"address\":\"192.0.2.1:123\","
           "\"mode\":\"server\",\"state\":\"falseticker\",\"reason\":\"falseticker\","
           "\"detail\":\"\",\"stratum\":2,\"poll_log2s\":-2,\"reach\":255,\"last_rx_s\":1.5,"
           "\"last_offset_s\":0.25,\"error_s\":0.125}");
    report.last_rx_age_s = -1;
    report.reason = 200; /* of a newer plugin */
    report.state = 200;
    report.detail = "stratum \xff";
    json_t *value = report_source(&report);
    ck_assert(json_is_null(json_object_get(value, "last_rx_s")));
    ck_assert(json_is_null(json_object_get(value, "last_offset_s")));
    ck_assert(json_is_null(json_object_get(value, "error_s")));
    ck_assert_str_eq(json_string_value(json_object_get(value, "state")), "unknown");
    ck_assert_str_eq(json_string_value(json_object_get(value, "reason")), "unknown");
    ck_assert_str_eq(json_string_value(json_object_get(value, "detail")), "stratum ?");
    json_decref(value);
}
END_TEST

START_TEST(sourcestats)
{
    struct gn_source_report report = server();
    expect(report_sourcestats(&report),
           "{\"name\":\"a\",\"samples\":8,\"span_s\":64.0,\"frequency_ppm\":-1.0,"
           "\"skew_ppm\":0.1,\"offset_s\":0.5,\"sd_s\":0.0625,\"jitter_s\":0.03125}");
    report.samples = 0;
    expect(report_sourcestats(&report),
           "{\"name\":\"a\",\"samples\":0,\"span_s\":64.0,\"frequency_ppm\":null,"
           "\"skew_ppm\":null,\"offset_s\":null,\"sd_s\":null,\"jitter_s\":null}");
}
END_TEST

START_TEST(plugin_has_its_keys)
{
    static const struct gn_role roles[] = {{.kind = GN_SOURCE}, {.kind = GN_SERVER}};
    static const struct gn_plugin descriptor = {
        GN_PLUGIN_HEAD,   .name = "proto-ntp", .version = "0.1",
        .summary = "NTP", .roles = roles,      .role_count = 2,
    };
    char path[] = "/usr/lib/x.so";
    struct plugin loaded = {.descriptor = &descriptor, .path = path};
    expect(report_plugin(&loaded),
           "{\"name\":\"proto-ntp\",\"version\":\"0.1\",\"summary\":\"NTP\",\"abi\":\"1.1\","
           "\"path\":\"/usr/lib/x.so\",\"roles\":[\"source\",\"server\"]}");
}
END_TEST

START_TEST(instants)
{
    expect(json_pack("[o]", report_instant((gn_utc){-1})), "[\"1969-12-31T23:59:59.999999999Z\"]");
    expect(json_pack("[o]", report_instant((gn_utc){INT64_C(4102444800000000000)})),
           "[\"2100-01-01T00:00:00.000000000Z\"]");
    expect(json_pack("[o]", report_instant((gn_utc){0})), "[null]");
    expect(json_pack("[o]", report_instant((gn_utc){INT64_MIN})),
           "[\"1677-09-21T00:12:43.145224192Z\"]");
}
END_TEST

START_TEST(reasons)
{
    for (int i = 0; i < GN_REASON_COUNT; i++) {
        enum gn_reason reason = (enum gn_reason)i, parsed = GN_REASON_COUNT;
        ck_assert_uint_eq(strspn(reason_code(reason), "abcdefghijklmnopqrstuvwxyz-"),
                          strlen(reason_code(reason)));
        ck_assert(reason_parse(reason_code(reason), &parsed));
        ck_assert_int_eq(parsed, reason); /* so no two are the same */
        ck_assert_uint_gt(strlen(reason_text(reason)), 4);
    }
    enum gn_reason none;
    ck_assert(!reason_parse("unknown", &none));
    ck_assert_str_eq(reason_code(GN_REASON_COUNT), "unknown");
    ck_assert_str_eq(reason_code(GN_REASON_NO_REPLY), "no-reply");
    ck_assert_str_eq(reason_code(GN_REASON_OK), "ok");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_add_test(tests, tracking_has_its_keys);
    tcase_add_test(tests, tracking_of_the_own_clock);
    tcase_add_test(tests, tracking_of_nothing);
    tcase_add_test(tests, source_has_its_keys);
    tcase_add_test(tests, sourcestats);
    tcase_add_test(tests, plugin_has_its_keys);
    tcase_add_test(tests, instants);
    tcase_add_test(tests, reasons);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
