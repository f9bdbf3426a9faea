/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of receivers in any pieces: which sentences and frames come out, and when they began. */

#include <check.h>
#include <plugins/refclock-gps/framer.h>
#include <sim/vdev_ubx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000000)

struct fixture {
    struct framer framer;
    struct framer_frame frame;
};

static void push(struct fixture *f, const void *data, size_t size, int64_t when_ns, unsigned baud)
{
    framer_push(&f->framer, data, size, (gn_local){when_ns}, baud);
}

static void push_text(struct fixture *f, const char *text)
{
    push(f, text, strlen(text), 0, 0);
}

static bool next(struct fixture *f)
{
    return framer_next(&f->framer, &f->frame);
}

static void expect_sentence(struct fixture *f, const char *text)
{
    ck_assert(next(f));
    ck_assert_int_eq(f->frame.kind, FRAMER_NMEA);
    ck_assert_uint_eq(f->frame.size, strlen(text));
    ck_assert_mem_eq(f->frame.data, text, strlen(text));
}

/* ---------------------------------------------------------------- sentences */

#define RMC "GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"
#define RMC_LINE "$" RMC "*6A\r\n"
#define ZDA "GPZDA,201530.00,04,07,2002,00,00"
#define ZDA_LINE "$" ZDA "*60\r\n"

START_TEST(test_a_sentence)
{
    struct fixture f;
    framer_init(&f.framer);
    push_text(&f, RMC_LINE ZDA_LINE);
    expect_sentence(&f, RMC);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.sentences, 2);
    ck_assert_uint_eq(f.framer.counts.bytes, strlen(RMC_LINE ZDA_LINE));
    ck_assert_uint_eq(f.framer.counts.noise_bytes, 0);
    ck_assert_uint_eq(f.framer.counts.checksum, 0);
}
END_TEST

START_TEST(test_a_sum_must_be_there_and_right)
{
    struct fixture f;
    framer_init(&f.framer);
    push_text(&f, "$" RMC "*6B\r\n");
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.checksum, 1);
    ck_assert_uint_eq(f.framer.counts.unsummed, 0);
    push_text(&f, "$" RMC "\r\n$*\r\n$\r\n$GP*4\n");
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.checksum, 5);
    ck_assert_uint_eq(f.framer.counts.unsummed, 4);
    push_text(&f, "$" RMC ",6A\r\n");
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.unsummed, 5);
    push_text(&f, "$" RMC "*6a\n"); /* small letters, no CR */
    expect_sentence(&f, RMC);
}
END_TEST

START_TEST(test_a_sentence_cut_off)
{
    struct fixture f;
    framer_init(&f.framer);
    push_text(&f, "$GPRMC,123519,A" ZDA_LINE);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.noise_bytes, strlen("$GPRMC,123519,A"));
    /* A byte that is no text. */
    push_text(&f, "$GPRMC,12\x80,A*6A\r\n" ZDA_LINE);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.checksum, 0);
    /* Two in one, by lost bytes: the sum is the second's. */
    push_text(&f, "$GPRMC,123519,A,48Z,201530.00,04,07,2002,00,00*60\r\n");
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.checksum, 1);
}
END_TEST

START_TEST(test_noise_between)
{
    static const char rtcm[] = "\xd3\x00\x13\x3e\xd0\x00\x03\x8a\x0e\xde\xef\x34\xb4\xbd\x62\xac";
    struct fixture f;
    framer_init(&f.framer);
    push(&f, rtcm, sizeof rtcm, 0, 0);
    ck_assert(!next(&f));
    push_text(&f, "garbage\xb5" RMC_LINE "\xb5\xb5" ZDA_LINE);
    expect_sentence(&f, RMC);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.noise_bytes, sizeof rtcm + 8 + 2);
}
END_TEST

static void sentence_of(char *text, size_t size)
{
    uint8_t sum = 0;
    memset(text, 'x', size);
    text[0] = '$';
    for (size_t i = 1; i < size - 3; i++)
        sum ^= 'x';
    snprintf(text + size - 3, 6, "*%02X\r\n", sum);
}

START_TEST(test_the_longest_sentence)
{
    char text[FRAMER_SENTENCE + 8];
    struct fixture f;
    framer_init(&f.framer);
    sentence_of(text, FRAMER_SENTENCE);
    push_text(&f, text);
    ck_assert(next(&f));
    ck_assert_uint_eq(f.frame.size, FRAMER_SENTENCE - 4);
    ck_assert(!next(&f));
    sentence_of(text, FRAMER_SENTENCE + 1);
    push_text(&f, text);
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.overlong, 1);
    ck_assert_uint_eq(f.framer.counts.noise_bytes, FRAMER_SENTENCE + 1);
    push_text(&f, ZDA_LINE);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
}
END_TEST

/* ---------------------------------------------------------------- frames */

/* ACK-ACK of CFG-MSG; u-blox print it in their descriptions. */
static const uint8_t ack[] = {0xb5, 0x62, 0x05, 0x01, 0x02, 0x00, 0x06, 0x01, 0x0f, 0x38};

START_TEST(test_a_frame)
{
    static const uint8_t empty[] = {0xb5, 0x62, 0x0a, 0x04, 0x00, 0x00, 0x0e, 0x34};
    struct fixture f;
    framer_init(&f.framer);
    push(&f, ack, sizeof ack, 0, 0);
    ck_assert(next(&f));
    ck_assert_int_eq(f.frame.kind, FRAMER_UBX);
    ck_assert_uint_eq(f.frame.ubx_class, 5);
    ck_assert_uint_eq(f.frame.ubx_id, 1);
    ck_assert_uint_eq(f.frame.size, 2);
    ck_assert_mem_eq(f.frame.data, ack + 6, 2);
    ck_assert(!next(&f));
    push(&f, empty, sizeof empty, 0, 0);
    ck_assert(next(&f));
    ck_assert_uint_eq(f.frame.size, 0);
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.frames, 2);
    ck_assert_uint_eq(f.framer.counts.noise_bytes, 0);
}
END_TEST

START_TEST(test_a_frame_with_a_wrong_sum)
{
    for (size_t i = 0; i < sizeof ack; i++) {
        uint8_t bytes[sizeof ack + sizeof ack];
        struct fixture f;
        framer_init(&f.framer);
        memcpy(bytes, ack, sizeof ack);
        memcpy(bytes + sizeof ack, ack, sizeof ack);
        bytes[i] ^= 0x10;
        /* Behind what may be a long one now, when nothing follows. */
        push(&f, bytes, sizeof bytes, 0, 0);
        while (next(&f))
            ck_assert_uint_eq(f.frame.size, 2);
        push(&f, "\n", 1, 2 * GN_NS_PER_S, 0);
        while (next(&f))
            ck_assert_uint_eq(f.frame.size, 2);
        ck_assert_uint_eq(f.framer.counts.frames, 1);
    }
}
END_TEST

/* A frame around `size` bytes. */
static size_t frame_of(char *bytes, size_t room, size_t size)
{
    char *payload = malloc(size);
    ck_assert_ptr_nonnull(payload);
    memset(payload, 'p', size);
    size = vdev_ubx_frame(2, 0x15, payload, size, bytes, room);
    ck_assert_uint_gt(size, 0);
    free(payload);
    return size;
}

START_TEST(test_the_longest_frame)
{
    char bytes[FRAMER_PAYLOAD + 64];
    struct fixture f;
    framer_init(&f.framer);
    /* Several, so that the room is moved in. */
    for (int i = 0; i < 5; i++) {
        size_t size = frame_of(bytes, sizeof bytes, FRAMER_PAYLOAD);
        push(&f, bytes, size, 0, 0);
        ck_assert(next(&f));
        ck_assert_uint_eq(f.frame.size, FRAMER_PAYLOAD);
        ck_assert_uint_eq(f.frame.data[FRAMER_PAYLOAD - 1], 'p');
        ck_assert(!next(&f));
    }
    push(&f, bytes, frame_of(bytes, sizeof bytes, FRAMER_PAYLOAD + 1), 0, 0);
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.overlong, 1);
    push_text(&f, ZDA_LINE);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
}
END_TEST

START_TEST(test_a_frame_that_hides_others)
{
    /* Noise that looks like the beginning of 300 bytes. */
    static const char beginning[] = {'\xb5', 'b', 1, 7, 44, 1};
    char filler[300];
    struct fixture f;
    framer_init(&f.framer);
    push(&f, beginning, sizeof beginning, 0, 0);
    ck_assert(!next(&f));
    push_text(&f, RMC_LINE);
    ck_assert(!next(&f));
    push(&f, ack, sizeof ack, 0, 0);
    ck_assert(!next(&f));
    memset(filler, 'f', sizeof filler);
    push(&f, filler, sizeof filler, 0, 0);
    expect_sentence(&f, RMC);
    ck_assert(next(&f));
    ck_assert_int_eq(f.frame.kind, FRAMER_UBX);
    ck_assert(!next(&f));
    ck_assert_uint_eq(f.framer.counts.checksum, 1);
    ck_assert_uint_eq(f.framer.counts.noise_bytes, sizeof beginning + sizeof filler);
}
END_TEST

START_TEST(test_a_frame_that_is_never_whole)
{
    static const char beginning[] = {'\xb5', 'b', 1, 7, 44, 1};
    struct fixture f;
    framer_init(&f.framer);
    push(&f, beginning, sizeof beginning, 0, 9600);
    ck_assert(!next(&f));
    push(&f, RMC_LINE, strlen(RMC_LINE), 300 * MS, 9600);
    ck_assert(!next(&f));
    /* 308 bytes take 321 ms: long enough waited. */
    push(&f, ZDA_LINE, strlen(ZDA_LINE), 1000 * MS, 9600);
    expect_sentence(&f, RMC);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
    /* One that is whole is taken, however late its reader was. */
    push(&f, ack, 5, 5000 * MS, 9600);
    ck_assert(!next(&f));
    push(&f, ack + 5, sizeof ack - 5, 9000 * MS, 9600);
    ck_assert(next(&f));
    ck_assert(!next(&f));
}
END_TEST

START_TEST(test_reset)
{
    struct fixture f;
    framer_init(&f.framer);
    push_text(&f, ZDA_LINE "$GPRMC,12");
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
    framer_reset(&f.framer);
    ck_assert_uint_eq(f.framer.counts.sentences, 1);
    push_text(&f, "3519,A*6A\r\n" ZDA_LINE);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
    push(&f, "", 0, 0, 0);
    ck_assert(!next(&f));
}
END_TEST

/* ---------------------------------------------------------------- instants */

#define BYTE_NS (10 * GN_NS_PER_S / 9600)
#define LINE ((int64_t)strlen(ZDA_LINE))

/* The sentence's first byte ends at BYTE_NS; pieces come when their last byte has. */
static void in_pieces(struct fixture *f, size_t piece, const int64_t *late_ns)
{
    size_t at = 0, size = strlen(ZDA_LINE);
    for (int i = 0; at < size; i++) {
        size_t n = size - at < piece ? size - at : piece;
        push(f, &ZDA_LINE[at], n, (int64_t)(at + n) * BYTE_NS + late_ns[i], 9600);
        at += n;
        while (next(f))
            ck_assert_uint_eq(f->frame.size, strlen(ZDA));
    }
    ck_assert_uint_eq(f->framer.counts.sentences, 1);
}

START_TEST(test_bytes_at_the_pace_of_the_line)
{
    static const int64_t in_time[64];
    static const size_t pieces[] = {1, 2, 8, 14, 16, 37, 64};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct fixture f;
        framer_init(&f.framer);
        in_pieces(&f, pieces[i], in_time);
        ck_assert_int_eq(f.frame.first.ns, BYTE_NS);
        ck_assert_int_eq(f.frame.last.ns, (LINE - 2) * BYTE_NS); /* the sum's; then CR LF */
    }
}
END_TEST

START_TEST(test_a_reader_that_is_late)
{
    static const int64_t late_ns[64] = {5 * MS, 2 * MS, 3 * MS, 1 * MS, 4 * MS};
    struct fixture f;
    framer_init(&f.framer);
    in_pieces(&f, 8, late_ns);
    ck_assert_int_eq(f.frame.first.ns, BYTE_NS + 1 * MS); /* by the piece that was least late */
    framer_init(&f.framer);
    in_pieces(&f, 1, late_ns); /* those without delay came soon enough */
    ck_assert_int_eq(f.frame.first.ns, BYTE_NS);
}
END_TEST

START_TEST(test_bytes_without_pace)
{
    struct fixture f;
    framer_init(&f.framer);
    push(&f, ZDA_LINE RMC_LINE, 20, 7 * MS, 0);
    ck_assert(!next(&f));
    push(&f, (ZDA_LINE RMC_LINE) + 20, strlen(ZDA_LINE RMC_LINE) - 20, 9 * MS, 0);
    expect_sentence(&f, ZDA);
    ck_assert_int_eq(f.frame.first.ns, 7 * MS);
    ck_assert_int_eq(f.frame.last.ns, 9 * MS);
    expect_sentence(&f, RMC);
    ck_assert_int_eq(f.frame.first.ns, 9 * MS);
    ck_assert(!next(&f));
}
END_TEST

START_TEST(test_a_pause_between_sentences)
{
    struct fixture f;
    framer_init(&f.framer);
    for (int second = 1; second < 100; second++) {
        int64_t begin = second * GN_NS_PER_S;
        push(&f, ZDA_LINE, 10, begin + 10 * BYTE_NS, 9600);
        ck_assert(!next(&f));
        push(&f, &ZDA_LINE[10], strlen(ZDA_LINE) - 10, begin + LINE * BYTE_NS + 3 * MS, 9600);
        expect_sentence(&f, ZDA);
        ck_assert_int_eq(f.frame.first.ns, begin + BYTE_NS);
        ck_assert(!next(&f));
    }
}
END_TEST

START_TEST(test_instants_behind_a_false_beginning)
{
    static const char beginning[] = {'\xb5', 'b', 1, 7, 0x10, 4};
    struct fixture f;
    framer_init(&f.framer);
    push(&f, beginning, sizeof beginning, 1 * MS, 0);
    ck_assert(!next(&f));
    for (int i = 0; i < 40; i++) { /* more readings than are kept */
        push(&f, ZDA_LINE, strlen(ZDA_LINE), (10 + i) * MS, 0);
        while (next(&f)) {
            ck_assert_int_ge(f.frame.first.ns, 10 * MS);
            ck_assert_int_le(f.frame.first.ns, (10 + i) * MS);
            if (f.framer.counts.sentences <= 10)
                ck_assert_int_eq(f.frame.first.ns, (9 + (int)f.framer.counts.sentences) * MS);
        }
    }
    ck_assert_uint_eq(f.framer.counts.sentences, 40);
}
END_TEST

/* Slow lines: a frame may take longer than any pause. */
START_TEST(test_a_frame_of_seconds)
{
    char bytes[1100];
    size_t size = frame_of(bytes, sizeof bytes, 1000);
    int64_t byte_ns = 10 * GN_NS_PER_S / 4800;
    struct fixture f;
    framer_init(&f.framer);
    for (size_t at = 0; at < size; at += 48) {
        push(&f, bytes + at, size - at < 48 ? size - at : 48, (int64_t)(at + 48) * byte_ns, 4800);
        ck_assert_int_eq(next(&f), at + 48 >= size);
    }
    ck_assert_uint_eq(f.framer.counts.frames, 1);
}
END_TEST

/* ---------------------------------------------------------------- streams */

/* xorshift, so that every run is the same. */
static uint32_t chance(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#define STREAM 65536

static const char *const recorded[] = {
    /* u-blox 6 */
    "$GPRMC,083559.00,A,4717.11437,N,00833.91522,E,0.004,77.52,091202,,,A*57\r\n",
    "$GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,*5B\r\n",
    "$GPTXT,01,01,02,u-blox ag - www.u-blox.com*50\r\n",
    /* u-blox M8 */
    "$GNRMC,103600.01,A,5114.51176,N,00012.29380,W,0.000,,240416,,,A*7A\r\n",
    /* MediaTek */
    "$GPRMC,235947.000,V,,,,,0.00,0.00,050180,,,N*4F\r\n",
    "$PGTOP,11,2*6E\r\n",
    /* SiRF */
    "$GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1*39\r\n",
    /* Quectel */
    "$PQTMANTENNASTATUS,2,1,2,2,2*4E\r\n",
    "$GPTXT,01,01,02,ANTSTATUS=OK*3B\r\n",
};

#define RECORDED (sizeof recorded / sizeof recorded[0])

static size_t add(char *stream, size_t used, const void *bytes, size_t size)
{
    memcpy(stream + used, bytes, size);
    return used + size;
}

static size_t add_noise(char *stream, size_t used, uint32_t *state)
{
    size_t size = chance(state) % 40;
    for (size_t i = 0; i < size; i++)
        stream[used++] = (char)(chance(state) % 4 == 0 ? "$\xb5\x62*"[chance(state) % 4]
                                                       : (int)(chance(state) & 255));
    return used;
}

/* Sentences, frames and noise as chance has it. */
static size_t make_stream(char *stream, size_t room, uint32_t *state)
{
    size_t used = 0;
    struct vdev_ubx_second second = {.gps_s = INT64_C(1479297618), .valid = true, .seen = 20};
    while (used + 1024 < room) {
        const char *sentence = recorded[chance(state) % RECORDED];
        second.gps_s++;
        second.sky[3].cn0_db_hz = (uint8_t)chance(state);
        if (chance(state) % 3 == 0)
            used = add_noise(stream, used, state);
        else if (chance(state) % 2 == 0)
            used = add(stream, used, sentence, strlen(sentence));
        else
            used += vdev_ubx_say((enum vdev_ubx)(chance(state) % VDEV_UBX_KINDS), &second,
                                 stream + used, room - used);
    }
    return used;
}

struct tally {
    uint64_t frames, sum;
};

static void tell(struct tally *tally, const struct framer_frame *frame)
{
    tally->frames++;
    tally->sum = tally->sum * 31 + frame->kind * 7 + frame->ubx_class * 3 + frame->ubx_id;
    for (size_t i = 0; i < frame->size; i++)
        tally->sum = tally->sum * 31 + frame->data[i];
}

static struct tally cut(struct fixture *f, const char *stream, size_t size, size_t longest,
                        uint32_t *state)
{
    struct tally tally = {0, 0};
    framer_init(&f->framer);
    for (size_t at = 0; at < size;) {
        size_t n = 1 + chance(state) % longest;
        n = n < size - at ? n : size - at;
        push(f, stream + at, n, 0, 0);
        while (next(f))
            tell(&tally, &f->frame);
        at += n;
    }
    return tally;
}

START_TEST(test_any_cutting_gives_the_same)
{
    static const size_t longest[] = {1, 2, 3, 8, 64, 500, 4096, STREAM};
    char *stream = malloc(STREAM);
    ck_assert_ptr_nonnull(stream);
    for (uint32_t seed = 1; seed <= 20; seed++) {
        uint32_t state = seed;
        struct fixture whole, f;
        size_t size = make_stream(stream, STREAM, &state);
        struct tally expected = cut(&whole, stream, size, STREAM * 2, &state);
        ck_assert_uint_gt(expected.frames, 300);
        for (size_t i = 0; i < sizeof longest / sizeof longest[0]; i++) {
            struct tally tally = cut(&f, stream, size, longest[i], &state);
            ck_assert_uint_eq(tally.frames, expected.frames);
            ck_assert_uint_eq(tally.sum, expected.sum);
            ck_assert_mem_eq(&f.framer.counts, &whole.framer.counts, sizeof f.framer.counts);
        }
    }
    free(stream);
}
END_TEST

/* Damages so many bytes; returns whether something comes out that was not put in. */
static bool damaged_is_taken(const char *bytes, size_t size, int damages, uint32_t *state)
{
    char copy[1024];
    struct fixture f;
    bool taken = false;
    framer_init(&f.framer);
    memcpy(copy, bytes, size);
    for (int i = 0; i < damages; i++)
        copy[chance(state) % size] ^= (char)(1 + chance(state) % 255);
    push(&f, copy, size, 0, 0);
    while (next(&f)) {
        size_t lead = f.frame.kind == FRAMER_NMEA ? 1 : 6;
        taken = taken || f.frame.size > size || memcmp(f.frame.data, bytes + lead, f.frame.size) ||
                (lead == 6 &&
                 (f.frame.ubx_class != (uint8_t)bytes[2] || f.frame.ubx_id != (uint8_t)bytes[3]));
    }
    return taken;
}

/* One damaged byte is always found, but for one that becomes a `$`: what follows it has a right sum
 * in one case of 256, as has anything else that is damaged more and still text. Fletcher's sum is
 * right in one of 65536. */
START_TEST(test_no_damaged_frame_is_taken)
{
    const int trials = 100000;
    struct vdev_ubx_second second = {.gps_s = INT64_C(1479297618), .seen = 5};
    char frame[1024];
    size_t size = vdev_ubx_say(VDEV_UBX_NAV_SAT, &second, frame, sizeof frame);
    uint32_t state = 7;
    int sentences = 0, frames = 0, once = 0;
    for (size_t i = 0; i < RECORDED; i++) {
        struct fixture f;
        framer_init(&f.framer);
        push_text(&f, recorded[i]);
        ck_assert_msg(next(&f), "%s", recorded[i]);
        ck_assert(!next(&f));
    }
    for (int i = 0; i < trials; i++) {
        const char *sentence = recorded[(size_t)i % RECORDED];
        once += damaged_is_taken(sentence, strlen(sentence), 1, &state);
        once += damaged_is_taken(frame, size, 1, &state);
        sentences += damaged_is_taken(sentence, strlen(sentence), 5, &state);
        frames += damaged_is_taken(frame, size, 5, &state);
    }
    ck_assert_int_le(once, trials / 10000);
    ck_assert_int_le(sentences, trials / 2000);
    ck_assert_int_le(frames, trials / 10000);
    ck_assert_int_gt(sentences, 0); /* otherwise nothing was tried */
}
END_TEST

/* Beginnings of the longest frames, everywhere, and sentences without end. */
START_TEST(test_noise_without_end)
{
    static const char hostile[] = {'\xb5', 'b', '$', '\xb5', '\x00', '\x10'};
    struct fixture f;
    size_t size = sizeof hostile * 500;
    char *noise = malloc(size);
    ck_assert_ptr_nonnull(noise);
    framer_init(&f.framer);
    for (size_t i = 0; i < size; i++)
        noise[i] = hostile[i % sizeof hostile];
    for (int i = 0; i < 1000;
         i++) { /* 3 MB: at 1 µs a byte, seconds if each were looked at often */
        push(&f, noise, size, 0, 0);
        ck_assert(!next(&f));
    }
    ck_assert_uint_gt(f.framer.counts.checksum, 400000);
    memset(noise, '\n', size);
    for (int i = 0; i < 2; i++) {
        push(&f, noise, size, 0, 0);
        ck_assert(!next(&f));
    }
    push_text(&f, ZDA_LINE);
    expect_sentence(&f, ZDA);
    ck_assert(!next(&f));
    free(noise);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps framer");
    TCase *sentences = tcase_create("sentences"), *frames = tcase_create("frames");
    TCase *instants = tcase_create("instants"), *streams = tcase_create("streams");
    tcase_add_test(sentences, test_a_sentence);
    tcase_add_test(sentences, test_a_sum_must_be_there_and_right);
    tcase_add_test(sentences, test_a_sentence_cut_off);
    tcase_add_test(sentences, test_noise_between);
    tcase_add_test(sentences, test_the_longest_sentence);
    tcase_add_test(frames, test_a_frame);
    tcase_add_test(frames, test_a_frame_with_a_wrong_sum);
    tcase_add_test(frames, test_the_longest_frame);
    tcase_add_test(frames, test_a_frame_that_hides_others);
    tcase_add_test(frames, test_a_frame_that_is_never_whole);
    tcase_add_test(frames, test_reset);
    tcase_add_test(instants, test_bytes_at_the_pace_of_the_line);
    tcase_add_test(instants, test_a_reader_that_is_late);
    tcase_add_test(instants, test_bytes_without_pace);
    tcase_add_test(instants, test_a_pause_between_sentences);
    tcase_add_test(instants, test_instants_behind_a_false_beginning);
    tcase_add_test(instants, test_a_frame_of_seconds);
    tcase_add_test(streams, test_any_cutting_gives_the_same);
    tcase_add_test(streams, test_no_damaged_frame_is_taken);
    tcase_add_test(streams, test_noise_without_end);
    tcase_set_timeout(streams, 60);
    suite_add_tcase(suite, sentences);
    suite_add_tcase(suite, frames);
    suite_add_tcase(suite, instants);
    suite_add_tcase(suite, streams);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
