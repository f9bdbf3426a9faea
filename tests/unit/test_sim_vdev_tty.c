/* SPDX-License-Identifier: Apache-2.0 */
/* Serial lines and what receivers say. The settings are those of termios.h, as plugins use them. */
#include "vdev_fixture.h"

#include <sim/vdev_nmea.h>
#include <sim/vdev_speech.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>

#define TTY "/dev/ttyS1"

static struct vdev_burst burst(const char *words, const struct law *late)
{
    struct vdev_speech *speech = calloc(1, sizeof *speech);
    *speech = (struct vdev_speech){.talker = "GP"};
    ck_assert(vdev_speech_read(speech, words));
    return (struct vdev_burst){.text = vdev_speech_text, .arg = speech, .late = late};
}

static struct vdev_tty_config receiver(const char *words, const struct law *late)
{
    struct vdev_tty_config config = {.place = {.path = TTY}};
    vdev_traits_init(config.receiver.traits);
    config.receiver.bursts[config.receiver.burst_count++] = burst(words, late);
    return config;
}

static void begin(struct bench *bench, struct vdev_tty_config config)
{
    bench_open(bench, 2, &(struct vclock_config){0});
    ck_assert_int_eq(vdev_add_tty(bench->devices, &config), 0);
    ck_assert_int_eq(bench_listen(bench, TTY), 0);
}

static struct termios settings(struct bench *bench)
{
    struct termios settings;
    memset(&settings, 0, sizeof settings);
    ck_assert_int_eq(bench_ioctl(bench, TCGETS, &settings), 0);
    return settings;
}

/* As a plugin sets a line: raw, at a speed. */
static void make_raw(struct bench *bench, speed_t speed)
{
    struct termios raw = settings(bench);
    cfmakeraw(&raw);
    cfsetispeed(&raw, speed);
    cfsetospeed(&raw, speed);
    ck_assert_int_eq(bench_ioctl(bench, TCSETS, &raw), 0);
}

static size_t count(const struct bench *bench, const char *word)
{
    size_t n = 0, length = strlen(word);
    for (size_t i = 0; i + length <= bench->size; i++)
        n += memcmp(bench->text + i, word, length) == 0;
    return n;
}

/* ---------------------------------------------------------------- sentences */

/* A receiver that is well, at a second after the start. */
static struct vdev_moment well(int64_t second)
{
    return (struct vdev_moment){
        .utc = {(START_S + second) * GN_NS_PER_S},
        .valid = true,
        .fix = VDEV_FIX_3D,
        .satellites = 9,
        .seen = 11,
        .signal_db_hz = 45,
    };
}

static const char *say(const char *words, struct vdev_moment moment, char *text, size_t size)
{
    struct vdev_speech speech = {.talker = "GN"};
    ck_assert(vdev_speech_read(&speech, words));
    size_t used = vdev_speech_text(&speech, &moment, text, size - 1);
    text[used] = '\0';
    return text;
}

START_TEST(sentences_are_those_of_receivers)
{
    char text[512];
    struct vdev_moment moment = well(3661);
    ck_assert_str_eq(say("RMC", moment, text, sizeof text),
                     "$GNRMC,010101.00,A,5128.6700,N,00000.0900,W,0.00,0.00,010126,,,A*51\r\n");
    ck_assert_str_eq(say("ZDA", moment, text, sizeof text),
                     "$GNZDA,010101.00,01,01,2026,00,00*7F\r\n");
    ck_assert_str_eq(say("GGA", moment, text, sizeof text),
                     "$GNGGA,010101.00,5128.6700,N,00000.0900,W,1,09,0.90,47.0,M,45.5,M,,*60\r\n");
    ck_assert_str_eq(say("GNS", moment, text, sizeof text),
                     "$GNGNS,010101.00,5128.6700,N,00000.0900,W,AN,09,0.90,47.0,45.5,,*45\r\n");
    ck_assert_str_eq(say("GSA", moment, text, sizeof text),
                     "$GNGSA,A,3,01,02,03,04,05,06,07,08,09,,,,1.80,0.90,0.90*14\r\n");
    ck_assert_str_eq(say("TXT", moment, text, sizeof text), "$GNTXT,01,01,02,ANTSTATUS=OK*25\r\n");
    moment.valid = false;
    ck_assert_str_eq(say("RMC", moment, text, sizeof text),
                     "$GNRMC,010101.00,V,,,,,,,010126,,,N*66\r\n");
    ck_assert_str_eq(say("GGA", moment, text, sizeof text),
                     "$GNGGA,010101.00,,,,,0,00,99.99,,,,,,*79\r\n");
    moment = (struct vdev_moment){.utc = {(START_S - 1) * GN_NS_PER_S}, .inserted = true};
    ck_assert_str_eq(say("ZDA", moment, text, sizeof text),
                     "$GNZDA,235960.00,31,12,2025,00,00*77\r\n");
    ck_assert_str_eq(say("RMC GGA ZDA", moment, text, 60),
                     "$GNRMC,235960.00,V,,,,,,,311225,,,N*6E\r\n");
}
END_TEST

/* Who was never told the time has none to tell; a broken antenna is told by words. */
START_TEST(what_is_wrong_is_told)
{
    char text[512];
    struct vdev_moment moment = well(3661);
    moment.satellites = 3;
    moment.fix = VDEV_FIX_2D;
    ck_assert_str_eq(say("GSA", moment, text, sizeof text),
                     "$GNGSA,A,2,01,02,03,,,,,,,,,,5.40,2.70,2.70*1C\r\n");
    moment = (struct vdev_moment){.untold = true, .antenna = VDEV_ANTENNA_SHORT};
    ck_assert_str_eq(say("RMC ZDA TXT", moment, text, sizeof text),
                     "$GNRMC,,V,,,,,,,,,,N*4D\r\n$GNZDA,,,,,00,00*56\r\n"
                     "$GNTXT,01,01,02,ANTSTATUS=SHORT*73\r\n");
    ck_assert_str_eq(say("GSA GSV", moment, text, sizeof text),
                     "$GNGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99*2E\r\n$GPGSV,1,1,00*79\r\n");
}
END_TEST

START_TEST(satellites_are_told_in_parts)
{
    char text[512];
    struct vdev_moment moment = well(0);
    moment.satellites = 3;
    moment.seen = 5;
    ck_assert_str_eq(say("GSV", moment, text, sizeof text),
                     "$GPGSV,2,1,05,01,52,067,44,02,19,134,43,03,56,201,42,04,23,268,25*78\r\n"
                     "$GPGSV,2,2,05,05,60,335,25*4D\r\n");
    moment.signal_db_hz = 18;
    say("GSV", moment, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, ",05,60,335,*")); /* too weak to be received */
}
END_TEST

static unsigned byte(const char *text, size_t at)
{
    return (unsigned char)text[at];
}

/* What the frames bear is proved where they are made; here, that each word says its message. */
START_TEST(messages_of_u_blox_are_mixed_with_sentences)
{
    char text[2048];
    struct vdev_moment moment = well(3661);
    moment.antenna = VDEV_ANTENNA_OPEN;
    moment.jamming = VDEV_JAMMING_WARNING;
    moment.jam_indicator = 77;
    moment.spoofing = VDEV_SPOOFING_INDICATED;
    moment.pulse_late_s = 5e-9;
    say("TIM-TP", moment, text, sizeof text);
    ck_assert_uint_eq(byte(text, 0), 0xb5);
    ck_assert_uint_eq(byte(text, 2), 0x0d);
    ck_assert_int_eq((int16_t)(byte(text, 6 + 8) | byte(text, 6 + 9) << 8), -5000); /* ps */
    say("MON-RF", moment, text, sizeof text);
    ck_assert_uint_eq(byte(text, 6 + 5), 2);
    ck_assert_uint_eq(byte(text, 6 + 6), 4);
    ck_assert_uint_eq(byte(text, 6 + 20), 77);
    say("SEC-SIG", moment, text, sizeof text);
    ck_assert_uint_eq(byte(text, 6 + 1) >> 4, 2);
    say("NAV-SAT", moment, text, sizeof text);
    ck_assert_uint_eq(byte(text, 6 + 5), 11);
    ck_assert_uint_eq(byte(text, 6 + 8 + 2), 44); /* as in GSV */
    struct vdev_speech speech = {.talker = "GP"};
    ck_assert(vdev_speech_read(&speech, "ZDA NAV-PVT ZDA"));
    ck_assert_uint_eq(vdev_speech_text(&speech, &moment, text, sizeof text), 38 + 100 + 38);
    ck_assert_mem_eq(text + 138, "$GPZDA,010101.00", 16);
}
END_TEST

START_TEST(messages_are_chosen_by_words)
{
    struct vdev_speech speech;
    char words[256];
    ck_assert(vdev_speech_read(&speech, "ZDA, RMC"));
    ck_assert_uint_eq(speech.count, 2);
    ck_assert_uint_eq(speech.words[0], VDEV_NMEA_ZDA);
    ck_assert_uint_eq(speech.words[1], VDEV_NMEA_RMC);
    ck_assert(!vdev_speech_read(&speech, "RMC VTG"));
    ck_assert(!vdev_speech_read(&speech, ""));
    ck_assert(!vdev_speech_read(
        &speech, "RMC RMC RMC RMC RMC RMC RMC RMC RMC RMC RMC RMC RMC RMC RMC RMC RMC"));
    vdev_speech_list(words, sizeof words);
    ck_assert_ptr_nonnull(strstr(words, "RMC GGA ZDA GSA GSV GNS TXT TIM-TP NAV-PVT"));
}
END_TEST

/* ---------------------------------------------------------------- when it arrives */

START_TEST(bytes_arrive_as_the_line_is_fast)
{
    struct bench bench;
    begin(&bench, receiver("ZDA", NULL));
    make_raw(&bench, B9600);
    bench_until(&bench, 1000 * MS);
    ck_assert_uint_eq(bench.calls, 0);
    bench_until(&bench, 1000 * MS + 8 * 10 * GN_NS_PER_S / 9600);
    ck_assert_uint_eq(bench.size, 8); /* what the UART gives at once */
    bench_until(&bench, 1900 * MS);
    /* 38 bytes: four times 8, then 6 and the silence of 4. */
    ck_assert_uint_eq(bench.size, 38);
    ck_assert_uint_eq(bench.calls, 5);
    ck_assert_int_le(llabs(bench.called_ns - 1000 * MS - (38 + 4) * 10 * GN_NS_PER_S / 9600), 5);
    ck_assert_mem_eq(bench.text, "$GPZDA,000001.00,01,01,2026,00,00*61\r\n", 38);
    bench_close(&bench);
}
END_TEST

START_TEST(sentences_are_late_by_their_law)
{
    enum { SECONDS = 2000 };
    struct bench bench;
    double sum = 0, squares = 0;
    bench_open(&bench, 2, &(struct vclock_config){0});
    struct vdev_tty_config config = receiver("ZDA", bench_law(&bench, "300ms + 20ms*normal"));
    config.receiver.traits[VDEV_TRAIT_BAUD] = 115200;
    config.fifo = 64;
    ck_assert_int_eq(vdev_add_tty(bench.devices, &config), 0);
    ck_assert_int_eq(bench_listen(&bench, TTY), 0);
    make_raw(&bench, B115200);
    double line_s = (38 + 4) * 10 / 115200.0;
    for (int i = 1; i <= SECONDS; i++) {
        bench.size = 0;
        bench_until(&bench, i * GN_NS_PER_S + 900 * MS);
        ck_assert_uint_eq(bench.size, 38);
        double late_s = gn_seconds(bench.called_ns - i * GN_NS_PER_S) - line_s - 0.3;
        sum += late_s;
        squares += late_s * late_s;
    }
    ck_assert_double_eq_tol(sum / SECONDS, 0, 4 * 0.02 / sqrt(SECONDS));
    ck_assert_double_eq_tol(sqrt(squares / SECONDS), 0.02, 4 * 0.02 / sqrt(2 * SECONDS));
    bench_close(&bench);
}
END_TEST

/* More than a second late, every sentence is still about its own second, in order. */
START_TEST(a_receiver_may_lag_by_seconds)
{
    struct bench bench;
    bench_open(&bench, 2, &(struct vclock_config){0});
    struct vdev_tty_config config = receiver("ZDA", bench_law(&bench, "2.5"));
    vdev_add_tty(bench.devices, &config);
    ck_assert_int_eq(bench_listen(&bench, TTY), 0);
    bench_until(&bench, 5900 * MS);
    ck_assert_uint_eq(count(&bench, "$GPZDA"), 3);
    ck_assert_uint_eq(count(&bench, "000003.00"), 1);
    bench_close(&bench);
}
END_TEST

START_TEST(a_line_that_is_too_slow_loses_sentences)
{
    struct bench bench;
    struct vdev_tty_config config = receiver("RMC GGA ZDA", NULL);
    config.receiver.traits[VDEV_TRAIT_BAUD] = 300; /* 30 bytes a second for 186 */
    begin(&bench, config);
    make_raw(&bench, B300);
    bench_until(&bench, 200 * GN_NS_PER_S);
    ck_assert_uint_ge(bench.size, 200 * 30 - 40);
    ck_assert_uint_le(bench.size, 200 * 30);
    bench_close(&bench);
}
END_TEST

START_TEST(offset_and_antenna_are_told)
{
    struct bench bench;
    struct vdev_tty_config config = receiver("RMC", NULL);
    config.receiver.traits[VDEV_TRAIT_OFFSET] =
        1024 * 7 * 86400.0; /* the week number has run over */
    begin(&bench, config);
    bench_until(&bench, 1900 * MS);
    ck_assert_uint_eq(count(&bench, "$GPRMC,000001.00,A,"), 1);
    ck_assert_uint_eq(count(&bench, ",180506,"), 1);
    vdev_antenna(bench.devices, false);
    bench_until(&bench, 2900 * MS);
    ck_assert_uint_eq(count(&bench, "$GPRMC,000002.00,V,"), 1);
    vdev_antenna(bench.devices, true);
    bench_until(&bench, 3900 * MS);
    ck_assert_uint_eq(count(&bench, "$GPRMC,000003.00,A,"), 1);
    bench_close(&bench);
}
END_TEST

START_TEST(a_leap_second_is_told)
{
    static const struct {
        int64_t at_s, by_ns;
        const char *said, *not_said;
    } cases[] = {{86400, -GN_NS_PER_S, "235960.00,01,01", "235961"},
                 {86399, GN_NS_PER_S, "235958.00,01,01", "235959"}};
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        begin(&bench, receiver("ZDA", NULL));
        world_plan_leap(bench.world,
                        gn_utc_add(world_start(bench.world), cases[i].at_s * GN_NS_PER_S),
                        cases[i].by_ns);
        bench.ops->close(bench.device);
        bench_until(&bench, 86396 * GN_NS_PER_S);
        ck_assert_int_eq(bench_listen(&bench, TTY), 0);
        bench_until(&bench, 86402 * GN_NS_PER_S + 900 * MS);
        ck_assert_uint_eq(count(&bench, "$GPZDA"), 7);
        ck_assert_uint_eq(count(&bench, cases[i].said), 1);
        ck_assert_uint_eq(count(&bench, cases[i].not_said), 0);
        ck_assert_uint_eq(count(&bench, "000000.00,02,01,2026"), 1);
        bench_close(&bench);
    }
}
END_TEST

/* ---------------------------------------------------------------- settings */

START_TEST(a_line_begins_as_linux_begins_it)
{
    struct bench bench;
    begin(&bench, receiver("ZDA", NULL));
    struct termios first = settings(&bench);
    ck_assert_uint_eq(first.c_cflag & CBAUD, B9600);
    ck_assert((first.c_lflag & ICANON) != 0 && (first.c_iflag & ICRNL) != 0);
    bench.deaf = true;
    bench_until(&bench, 1000 * MS + 35 * 10 * GN_NS_PER_S / 9600);
    ck_assert_uint_eq(bench.calls, 0); /* no whole line yet */
    bench.deaf = false;
    bench_until(&bench, 1900 * MS);
    ck_assert_uint_eq(bench.calls, 2); /* CR becomes a newline: an empty line follows */
    ck_assert_int_eq(bench.last, 1);
    ck_assert_uint_eq(bench.size, 38);
    ck_assert_mem_eq(bench.text + 36, "\n\n", 2);
    bench_close(&bench);
}
END_TEST

START_TEST(input_flags_are_obeyed)
{
    struct bench bench;
    begin(&bench, receiver("ZDA", NULL));
    struct termios set = settings(&bench);
    set.c_iflag = IGNCR;
    ck_assert_int_eq(bench_ioctl(&bench, TCSETSW, &set), 0);
    bench_until(&bench, 1900 * MS);
    ck_assert_uint_eq(bench.size, 37);
    set.c_iflag = INLCR;
    set.c_lflag &= ~(tcflag_t)ICANON;
    ck_assert_int_eq(bench_ioctl(&bench, TCSETS, &set), 0);
    bench_until(&bench, 2900 * MS);
    ck_assert_uint_eq(bench.size, 37 + 38);
    ck_assert_mem_eq(bench.text + 73, "\r\r", 2);
    set.c_cflag &= ~(tcflag_t)CREAD;
    ck_assert_int_eq(bench_ioctl(&bench, TCSETS, &set), 0);
    bench_until(&bench, 3900 * MS);
    ck_assert_uint_eq(bench.size, 37 + 38);
    bench_close(&bench);
}
END_TEST

START_TEST(bytes_are_given_together_as_vmin_asks)
{
    struct bench bench;
    char text[16];
    begin(&bench, receiver("ZDA", NULL));
    struct termios raw = settings(&bench);
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 20;
    ck_assert_int_eq(bench_ioctl(&bench, TCSETS, &raw), 0);
    ck_assert_int_eq(bench.ops->read(bench.device, text, sizeof text), -EAGAIN);
    bench_until(&bench, 1900 * MS);
    ck_assert_uint_eq(bench.calls, 1);
    ck_assert_int_eq(bench.last, 24);
    raw.c_cc[VMIN] = 0;
    ck_assert_int_eq(bench_ioctl(&bench, TCSETSF, &raw), 0); /* what was left is gone */
    ck_assert_int_eq(bench.ops->read(bench.device, text, sizeof text), 0);
    raw.c_cc[VTIME] = 1;
    ck_assert_int_eq(bench_ioctl(&bench, TCSETS, &raw), 0);
    ck_assert_int_eq(bench.ops->read(bench.device, text, sizeof text), -EAGAIN);
    bench_close(&bench);
}
END_TEST

START_TEST(the_wrong_speed_gives_garbage)
{
    static const speed_t speeds[] = {B4800, B115200, B0};
    struct bench bench;
    for (size_t i = 0; i < 3; i++) {
        begin(&bench, receiver("RMC", NULL));
        make_raw(&bench, speeds[i]);
        bench_until(&bench, 5900 * MS);
        ck_assert_uint_eq(count(&bench, "$GP"), 0);
        ck_assert_uint_eq(bench.size, speeds[i] == B0 ? 0 : 5 * 69);
        bench.size = 0;
        make_raw(&bench, B9600);
        bench_until(&bench, 6900 * MS);
        ck_assert_uint_eq(count(&bench, "$GPRMC,000006.00,A,"), 1);
        bench_close(&bench);
    }
    begin(&bench, receiver("RMC", NULL));
    struct termios set = settings(&bench);
    cfmakeraw(&set);
    set.c_cflag |= PARENB;
    ck_assert_int_eq(bench_ioctl(&bench, TCSETS, &set), 0);
    bench_until(&bench, 1900 * MS);
    ck_assert_uint_eq(count(&bench, "$GP"), 0);
    ck_assert_uint_eq(bench.size, 69);
    bench_close(&bench);
}
END_TEST

START_TEST(waiting_bytes_are_counted_and_flushed)
{
    struct bench bench;
    char text[64];
    int waiting = -1;
    bench_open(&bench, 2, &(struct vclock_config){0});
    struct vdev_tty_config config = receiver("ZDA", NULL);
    vdev_add_tty(bench.devices, &config);
    bench.ops->open(bench.devices, TTY, O_RDWR, NULL, NULL, &bench.device);
    bench_until(&bench, 1000 * MS + 35 * 10 * GN_NS_PER_S / 9600);
    ck_assert_int_eq(bench_ioctl(&bench, FIONREAD, &waiting), 0);
    ck_assert_int_eq(waiting, 0); /* of lines that are complete */
    bench_until(&bench, 1900 * MS);
    ck_assert_int_eq(bench_ioctl(&bench, FIONREAD, &waiting), 0);
    ck_assert_int_eq(waiting, 38);
    make_raw(&bench, B9600);
    bench_until(&bench, 1900 * MS);
    ck_assert_int_eq(bench_ioctl(&bench, TCFLSH, (void *)TCIFLUSH), 0);
    bench_until(&bench, 2900 * MS);
    ck_assert_int_eq(bench_ioctl(&bench, FIONREAD, &waiting), 0);
    ck_assert_int_eq(waiting, 38);
    ck_assert_int_eq(bench.ops->read(bench.device, text, 6), 6);
    ck_assert_mem_eq(text, "$GPZDA", 6);
    ck_assert_int_eq(bench_ioctl(&bench, TCFLSH, (void *)TCOFLUSH), 0);
    ck_assert_int_eq(bench.ops->read(bench.device, text, 1), 1);
    ck_assert_int_eq(bench_ioctl(&bench, TCFLSH, (void *)TCIFLUSH), 0);
    ck_assert_int_eq(bench.ops->read(bench.device, text, sizeof text), -EAGAIN);
    ck_assert_int_eq(bench_ioctl(&bench, TCFLSH, (void *)99), -EINVAL);
    ck_assert_int_eq(bench_ioctl(&bench, TCSBRK, (void *)1), 0);
    ck_assert_int_eq(bench_ioctl(&bench, TIOCMIWAIT, NULL), -ENOTTY);
    ck_assert_int_eq(bench_ioctl(&bench, TCGETS, NULL), -EFAULT);
    ck_assert_int_eq(bench_ioctl(&bench, TCSETS, NULL), -EFAULT);
    ck_assert_int_eq(bench_ioctl(&bench, FIONREAD, NULL), -EFAULT);
    bench_until(&bench, 1000 * GN_NS_PER_S); /* the buffer is full, the rest is lost */
    ck_assert_int_eq(bench_ioctl(&bench, FIONREAD, &waiting), 0);
    ck_assert_int_eq(waiting, 4096);
    ck_assert_int_eq(bench.ops->write(bench.device, "\xb5\x62", 2), 2);
    ck_assert_uint_eq(vdev_written(bench.devices, TTY), 2);
    bench_close(&bench);
}
END_TEST

START_TEST(nobody_hears_what_comes_while_it_is_closed)
{
    struct bench bench;
    begin(&bench, receiver("ZDA", NULL));
    make_raw(&bench, B9600);
    bench.ops->close(bench.device);
    bench_until(&bench, 5 * GN_NS_PER_S + 20 * MS);
    ck_assert_int_eq(bench_listen(&bench, TTY), 0);
    ck_assert_uint_eq(settings(&bench).c_lflag & ICANON, 0); /* settings stay */
    bench_until(&bench, 5900 * MS);
    ck_assert_uint_gt(bench.size, 10); /* the rest of a sentence that was on its way */
    ck_assert_uint_lt(bench.size, 30);
    ck_assert_uint_eq(count(&bench, "$GP"), 0);
    vdev_plug(bench.devices, TTY, false);
    vdev_plug(bench.devices, TTY, true);
    bench.ops->close(bench.device);
    ck_assert_int_eq(bench_listen(&bench, TTY), 0);
    ck_assert_uint_ne(settings(&bench).c_lflag & ICANON, 0); /* until it is another port */
    bench_close(&bench);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("tty");
    tcase_add_test(tests, sentences_are_those_of_receivers);
    tcase_add_test(tests, what_is_wrong_is_told);
    tcase_add_test(tests, satellites_are_told_in_parts);
    tcase_add_test(tests, messages_of_u_blox_are_mixed_with_sentences);
    tcase_add_test(tests, messages_are_chosen_by_words);
    tcase_add_test(tests, bytes_arrive_as_the_line_is_fast);
    tcase_add_test(tests, sentences_are_late_by_their_law);
    tcase_add_test(tests, a_receiver_may_lag_by_seconds);
    tcase_add_test(tests, a_line_that_is_too_slow_loses_sentences);
    tcase_add_test(tests, offset_and_antenna_are_told);
    tcase_add_test(tests, a_leap_second_is_told);
    tcase_add_test(tests, a_line_begins_as_linux_begins_it);
    tcase_add_test(tests, input_flags_are_obeyed);
    tcase_add_test(tests, bytes_are_given_together_as_vmin_asks);
    tcase_add_test(tests, the_wrong_speed_gives_garbage);
    tcase_add_test(tests, waiting_bytes_are_counted_and_flushed);
    tcase_add_test(tests, nobody_hears_what_comes_while_it_is_closed);
    return vdev_main("sim_vdev_tty", tests);
}
