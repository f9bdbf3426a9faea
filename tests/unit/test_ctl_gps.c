/* SPDX-License-Identifier: Apache-2.0 */
/* What `gnomonctl gps` prints: whole texts, as people see them. */
#include <check.h>
#include <ctl/gps.h>
#include <stdlib.h>
#include <string.h>

static void expect(const char *json, const char *expected)
{
    char *text;
    size_t size;
    json_error_t error;
    FILE *out = open_memstream(&text, &size);
    json_t *value = json_loads(json, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    ck_assert_msg(value != NULL, "%s: %s", json, error.text);
    gps_render(value, out);
    ck_assert_int_eq(fclose(out), 0);
    if (expected != NULL)
        ck_assert_str_eq(text, expected);
    free(text);
    json_decref(value);
}

static void expect_line(const char *json, const char *line)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    json_t *value = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(value);
    gps_render(value, out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_msg(strstr(text, line) != NULL, "\"%s\" is not in\n%s", line, text);
    free(text);
    json_decref(value);
}

#define BARE                                                                                       \
    "\"name\":\"gps1\",\"device\":\"/dev/ttyUSB0\",\"protocol\":null,\"baud\":null,"               \
    "\"trouble\":\"cannot open /dev/ttyUSB0\",\"fix\":\"unknown\",\"valid\":false,\"time\":null,"  \
    "\"satellites_used\":null,\"satellites_seen\":null,\"hdop\":null,\"satellites\":[],"           \
    "\"jam_indicator\":null,\"leap_s\":null,\"leap_valid\":null,\"leap_change\":null,"             \
    "\"rollover_weeks\":0,\"messages\":[],\"pulse\":null,"                                         \
    "\"bad\":{\"checksum\":0,\"noise_bytes\":0,\"overlong\":0}"
#define IN_TROUBLE(state, antenna, jamming, spoofing)                                              \
    "[{" BARE ",\"state\":\"" state "\",\"antenna\":" antenna ",\"jamming\":" jamming              \
    ",\"spoofing\":" spoofing "}]"

#define LOCKED                                                                                     \
    "{\"name\":\"gps0\",\"device\":\"/dev/ttyAMA0\",\"protocol\":\"ubx\",\"baud\":38400,"          \
    "\"state\":\"locked\",\"trouble\":null,\"fix\":\"3d\",\"valid\":true,"                         \
    "\"time\":\"2026-01-31T12:00:00Z\",\"satellites_used\":2,\"satellites_seen\":3,\"hdop\":0.9,"  \
    "\"satellites\":[{\"system\":\"GPS\",\"number\":5,\"elevation\":45,\"azimuth\":120,"           \
    "\"cn0_db_hz\":43,\"used\":true},{\"system\":\"Galileo\",\"number\":11,\"elevation\":null,"    \
    "\"azimuth\":null,\"cn0_db_hz\":null,\"used\":false}],\"antenna\":\"ok\","                     \
    "\"jamming\":\"none\",\"jam_indicator\":12,\"spoofing\":false,\"leap_s\":18,"                  \
    "\"leap_valid\":true,\"leap_change\":1,\"rollover_weeks\":1024,\"messages\":[{\"kind\":"       \
    "\"NAV-PVT\",\"count\":812,\"latency_s\":0.0812,\"spread_s\":0.003,\"learnt\":true},"          \
    "{\"kind\":\"TIM-TP\",\"count\":811,\"latency_s\":-0.8,\"spread_s\":0.1,\"learnt\":true},"     \
    "{\"kind\":\"NAV-SAT\",\"count\":811,\"latency_s\":null,\"spread_s\":null,\"learnt\":false},"  \
    "{\"kind\":\"RMC\",\"count\":7,\"latency_s\":0.4,\"spread_s\":0.1,\"learnt\":false}],"         \
    "\"pulse\":{\"device\":\"/dev/pps0\",\"edge\":\"assert\",\"count\":813,\"width_s\":0.1,"       \
    "\"offset_s\":-2e-7,\"jitter_s\":2.4e-8,\"corrected_jitter_s\":1.1e-8,\"numbered\":true},"     \
    "\"bad\":{\"checksum\":2,\"noise_bytes\":14,\"overlong\":0}}"

START_TEST(a_good_one)
{
    expect("[" LOCKED "]",
           "Receiver        : gps0\n"
           "Device          : /dev/ttyAMA0, UBX at 38400 baud\n"
           "State           : locked\n"
           "Fix             : 3D, 2 of 3 satellites used, HDOP 0.9\n"
           "Time (UTC)      : 2026-01-31 12:00:00, valid\n"
           "Week number     : +1024 weeks: the receiver's calendar has run over, and is repaired\n"
           "Latency         : NAV-PVT 81ms +/- 3000us, 812 messages\n"
           "                : TIM-TP -800ms +/- 100ms, 811 messages\n"
           "                : RMC 400ms +/- 100ms, 7 messages, not learnt yet\n"
           "Pulse           : /dev/pps0, edge assert, 813 pulses\n"
           "                : offset -200ns, jitter 24ns (11ns as the receiver corrects it), width "
           "100ms\n"
           "Antenna         : ok\n"
           "Jamming         : none (12 of 255)\n"
           "Spoofing        : none is seen\n"
           "Leap seconds    : GPS - UTC = 18 s, heard from a satellite; one will be inserted\n"
           "Bad input       : 2 wrong checksums, 14 bytes of noise, 0 too long\n"
           "\n"
           "System   Number  Elevation  Azimuth  dB Hz  Used\n"
           "================================================\n"
           "GPS           5         45      120     43  yes\n"
           "Galileo      11          -        -      -\n");
}
END_TEST

START_TEST(one_in_trouble)
{
    expect(IN_TROUBLE("no-device", "null", "null", "null"),
           "Receiver        : gps1\n"
           "Device          : /dev/ttyUSB0\n"
           "State           : no device\n"
           "Trouble         : cannot open /dev/ttyUSB0\n"
           "What to do      : see that the receiver is plugged in, that `device` is its path (ls "
           "-l /dev/serial/by-id), and that gnomond may open it (group dialout)\n"
           "Fix             : unknown, ? of ? satellites used\n"
           "Time (UTC)      : -\n"
           "Latency         : -\n"
           "Pulse           : none\n"
           "Antenna         : -\n"
           "Jamming         : -\n"
           "Leap seconds    : -\n");
}
END_TEST

/* What is at the root of it is told: a broken antenna, and not that there is no fix. */
START_TEST(what_to_do)
{
    expect_line(IN_TROUBLE("no-fix", "null", "null", "null"), "What to do      : give the antenna");
    expect_line(IN_TROUBLE("no-fix", "\"short\"", "null", "null"), "What to do      : see to the");
    expect_line(IN_TROUBLE("no-fix", "\"open\"", "\"critical\"", "null"), "Antenna         : open");
    expect_line(IN_TROUBLE("no-fix", "\"ok\"", "\"critical\"", "null"),
                "What to do      : look for a transmitter");
    expect_line(IN_TROUBLE("locked", "\"ok\"", "\"warning\"", "true"),
                "What to do      : do not trust");
    expect_line(IN_TROUBLE("silent", "null", "null", "null"),
                "What to do      : see that `device`");
    expect_line(IN_TROUBLE("ambiguous", "null", "null", "null"),
                "What to do      : give it another");
    expect_line("[{\"state\":\"no-device\",\"trouble\":\"replay: it is over\"}]",
                "Trouble         : replay: it is over\nFix");
    expect_line(IN_TROUBLE("holdover", "null", "null", "null"), "State           : hold-over");
    expect_line(IN_TROUBLE("dreaming", "null", "null", "null"), "State           : dreaming\nTr");
}
END_TEST

START_TEST(several)
{
    expect_line("[" LOCKED ",{\"name\":\"gps1\",\"trouble\":\"it sleeps\"}]",
                "Galileo      11          -        -      -\n"
                "\n"
                "Receiver        : gps1\n"
                "Trouble         : it sleeps\n");
}
END_TEST

/* A daemon of another version, or words that would drive the terminal. */
START_TEST(strange_values)
{
    expect("[]", "");
    expect("{}", "");
    expect("null", "");
    expect("[7,null,[],{}]", NULL);
    expect("[{\"state\":7,\"messages\":{},\"satellites\":[7],\"pulse\":[],\"bad\":3,\"time\":4}]",
           NULL);
    expect("[{\"state\":\"x\",\"time\":\"T\",\"pulse\":{},\"messages\":[{\"latency_s\":1e300}],"
           "\"satellites\":[{\"number\":1e300,\"elevation\":1e300}],\"leap_s\":1e300}]",
           NULL);
    expect_line("[{\"name\":\"\\u001b[2Jx\"}]", "Receiver        : ?[2Jx\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_gps");
    TCase *tests = tcase_create("ctl_gps");
    tcase_add_test(tests, a_good_one);
    tcase_add_test(tests, one_in_trouble);
    tcase_add_test(tests, what_to_do);
    tcase_add_test(tests, several);
    tcase_add_test(tests, strange_values);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures > 0;
}
