#include "broadcaster/protocol/websocket_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT           1000
#define TRANSCRIPT_SIZE 400000
#define COUNT(array)    (sizeof(array) / sizeof(array)[0])

#include "tests/unit/transcript.h"

/* "T(hello)", "B(..)", "ping(..)", "pong(..)", "close 1000(bye)" or "!1002". */
static void say_result(struct transcript *transcript, const struct websocket_result *result)
{
    int size = (int)result->size;
    const char *data = (const char *)result->data;
    switch (result->event) {
    case WEBSOCKET_MESSAGE:
        say(transcript, "%s(%.*s)", result->opcode == WEBSOCKET_TEXT ? "T" : "B", size, data);
        break;
    case WEBSOCKET_GOT_PING:
        say(transcript, "ping(%.*s)", size, data);
        break;
    case WEBSOCKET_GOT_PONG:
        say(transcript, "pong(%.*s)", size, data);
        break;
    case WEBSOCKET_GOT_CLOSE:
        say(transcript, "close %d(%.*s)", result->close_code, size, data != NULL ? data : "");
        break;
    case WEBSOCKET_FAILED:
        assert_non_null(result->reason);
        say(transcript, "!%d", result->close_code);
        break;
    case WEBSOCKET_NEED_MORE:
        break;
    }
}

static void feed(struct websocket_reader *reader, struct transcript *transcript,
                 const uint8_t *bytes, size_t size)
{
    struct websocket_result result;
    do {
        size_t consumed;
        websocket_reader_feed(reader, bytes, size, &consumed, &result);
        assert_true(consumed <= size);
        say_result(transcript, &result);
        bytes += consumed;
        size -= consumed;
    } while (result.event != WEBSOCKET_NEED_MORE);
    assert_int_equal(size, 0);
}

/* In pieces of `step` bytes after a first one of `first`, each in memory of its own. */
static void read_pieces(struct transcript *transcript, const uint8_t *bytes, size_t size,
                        size_t first, size_t step)
{
    struct websocket_reader *reader = websocket_reader_create(LIMIT, NULL);
    transcript->size = 0;
    transcript->text[0] = '\0';
    for (size_t at = 0, length = first; at < size; at += length, length = step) {
        length = length < size - at ? length : size - at;
        uint8_t *piece = malloc(length > 0 ? length : 1);
        assert_non_null(piece);
        memcpy(piece, bytes + at, length);
        feed(reader, transcript, piece, length);
        free(piece);
    }
    websocket_reader_destroy(reader);
}

static void expect(const uint8_t *bytes, size_t size, const char *expected)
{
    static struct transcript transcript;
    read_pieces(&transcript, bytes, size, size, size);
    assert_string_equal(transcript.text, expected);
    for (size_t cut = 0; cut < size && size < 3000; cut++) {
        read_pieces(&transcript, bytes, size, cut, size);
        assert_string_equal(transcript.text, expected);
    }
    for (size_t step = 1; step < 5; step++) {
        read_pieces(&transcript, bytes, size, step, step);
        assert_string_equal(transcript.text, expected);
    }
}

/* --- building frames --- */

struct stream {
    uint8_t bytes[TRANSCRIPT_SIZE];
    size_t size;
};

static struct stream stream;

static void put(const void *bytes, size_t size)
{
    assert_true(stream.size + size <= sizeof stream.bytes);
    memcpy(stream.bytes + stream.size, bytes, size);
    stream.size += size;
}

/* `wide`: bytes of the extended length, whatever the length needs. */
static void put_frame_wide(uint8_t first, const void *payload, size_t size, size_t wide)
{
    static uint8_t count;
    uint8_t head[14] = {first, (uint8_t)(0x80 | (wide == 0 ? size : wide == 2 ? 126 : 127))};
    for (size_t i = 0; i < wide; i++) {
        head[2 + i] = (uint8_t)((uint64_t)size >> (8 * (wide - 1 - i)));
    }
    uint8_t *mask = head + 2 + wide;
    for (size_t i = 0; i < 4; i++) {
        mask[i] = (uint8_t)(count += 37);
    }
    put(head, 6 + wide);
    for (size_t i = 0; i < size; i++) {
        uint8_t masked = ((const uint8_t *)payload)[i] ^ mask[i & 3];
        put(&masked, 1);
    }
}

static void put_frame(uint8_t first, const char *payload, size_t size)
{
    put_frame_wide(first, payload, size, size < 126 ? 0 : size <= 0xffff ? 2 : 8);
}

static void begin(void)
{
    stream.size = 0;
}

static void expect_stream(const char *expected)
{
    expect(stream.bytes, stream.size, expected);
}

/* --- frames --- */

static const struct {
    struct {
        uint8_t first;
        const char *payload;
    } frames[6];
    const char *expected;
} sequences[] = {
    {{{0x81, "hello"}}, "T(hello)"},
    {{{0x82, "hello"}}, "B(hello)"},
    {{{0x81, ""}}, "T()"},
    {{{0x82, ""}}, "B()"},
    {{{0x81, "a"}, {0x82, "b"}, {0x81, "c"}}, "T(a)B(b)T(c)"},
    {{{0x01, "he"}, {0x80, "llo"}}, "T(hello)"},
    {{{0x01, "he"}, {0x00, "l"}, {0x00, "l"}, {0x80, "o"}}, "T(hello)"},
    {{{0x02, "he"}, {0x80, "llo"}}, "B(hello)"},
    {{{0x01, ""}, {0x00, ""}, {0x80, ""}}, "T()"},
    {{{0x01, ""}, {0x00, "x"}, {0x80, ""}}, "T(x)"},
    {{{0x89, ""}}, "ping()"},
    {{{0x89, "p"}}, "ping(p)"},
    {{{0x8a, "p"}}, "pong(p)"},
    {{{0x01, "he"}, {0x89, "p"}, {0x80, "llo"}}, "ping(p)T(hello)"},
    {{{0x01, "he"}, {0x8a, "p"}, {0x89, "q"}, {0x80, "llo"}, {0x81, "x"}},
     "pong(p)ping(q)T(hello)T(x)"},
    {{{0x01, "he"}, {0x88, "\x03\xe8"}, {0x80, "llo"}}, "close 1000()"},
    {{{0x88, ""}, {0x81, "x"}}, "close 1005()"},
    {{{0x88, "\x03\xe8"
             "bye"},
      {0x88, ""}},
     "close 1000(bye)"},
    {{{0x81, "a"}, {0x88, "\x03\xe8"}}, "T(a)close 1000()"},
    /* Out of order. */
    {{{0x80, "x"}}, "!1002"},
    {{{0x00, "x"}}, "!1002"},
    {{{0x81, "a"}, {0x80, "x"}}, "T(a)!1002"},
    {{{0x01, "a"}, {0x81, "b"}}, "!1002"},
    {{{0x01, "a"}, {0x82, "b"}}, "!1002"},
    {{{0x01, "a"}, {0x01, "b"}}, "!1002"},
    {{{0x01, "a"}, {0x80, "b"}, {0x80, "c"}}, "T(ab)!1002"},
    /* Fragmented control frames. */
    {{{0x08, ""}}, "!1002"},
    {{{0x09, ""}}, "!1002"},
    {{{0x0a, ""}}, "!1002"},
    /* Nothing is read behind a failure. */
    {{{0x83, ""}, {0x81, "a"}}, "!1002"},
};

static void test_sequences(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sequences); i++) {
        begin();
        for (size_t k = 0; k < COUNT(sequences[i].frames); k++) {
            const char *payload = sequences[i].frames[k].payload;
            if (payload != NULL) {
                put_frame(sequences[i].frames[k].first, payload, strlen(payload));
            }
        }
        expect_stream(sequences[i].expected);
    }
}

/* Every first byte there is. */
static void test_reserved_bits_and_opcodes(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        unsigned opcode = first & 0x0f;
        bool final = (first & 0x80) != 0, control = opcode >= 8;
        const char *expected = "!1002";
        if ((first & 0x70) == 0 && (final || !control)) {
            expected = opcode == 1 && final         ? "T()"
                       : opcode == 2 && final       ? "B()"
                       : opcode == 1 || opcode == 2 ? ""
                       : opcode == 8                ? "close 1005()"
                       : opcode == 9                ? "ping()"
                       : opcode == 10               ? "pong()"
                                                    : "!1002";
        }
        begin();
        put_frame((uint8_t)first, "", 0);
        expect_stream(expected);
    }
}

static void test_masking_is_needed(void **state)
{
    (void)state;
    static const uint8_t firsts[] = {0x81, 0x82, 0x88, 0x89, 0x8a, 0x01};
    for (size_t i = 0; i < COUNT(firsts); i++) {
        uint8_t frame[] = {firsts[i], 1, 'x'};
        expect(frame, sizeof frame, "!1002");
        frame[1] = 0;
        expect(frame, 2, "!1002");
    }
}

/* --- lengths --- */

static void test_lengths(void **state)
{
    static const size_t sizes[] = {0,  1,  2,   3,   4,   7,   8,   9,   15,
                                   16, 17, 124, 125, 126, 127, 128, 999, 1000};
    static char payload[LIMIT + 1], expected[LIMIT + 8];
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        memset(payload, 'a' + (int)i, sizeof payload);
        begin();
        put_frame(0x81, payload, sizes[i]);
        snprintf(expected, sizeof expected, "T(%.*s)", (int)sizes[i], payload);
        expect_stream(expected);
    }
}

static void test_lengths_are_shortest(void **state)
{
    static const struct {
        size_t size, wide;
    } longer[] = {{0, 2}, {1, 2}, {125, 2}, {0, 8}, {125, 8}, {126, 8}, {1000, 8}};
    static char payload[LIMIT];
    (void)state;
    memset(payload, 'x', sizeof payload);
    for (size_t i = 0; i < COUNT(longer); i++) {
        begin();
        put_frame_wide(0x82, payload, longer[i].size, longer[i].wide);
        expect_stream("!1002");
    }
    static const uint8_t highest_bit[] = {0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    expect(highest_bit, sizeof highest_bit, "!1002");
    /* The longest that two bytes can say, in eight; one more is only too much. */
    static const uint8_t two_do[] = {0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4};
    expect(two_do, sizeof two_do, "!1002");
    static const uint8_t eight[] = {0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4};
    expect(eight, sizeof eight, "!1009");
}

static void test_limit(void **state)
{
    static char payload[LIMIT + 1];
    (void)state;
    memset(payload, 'x', sizeof payload);
    begin();
    put_frame(0x82, payload, LIMIT + 1);
    expect_stream("!1009");
    /* Known from the head alone. */
    static const uint8_t huge[] = {0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 1,    2,    3,    4};
    expect(huge, sizeof huge, "!1009");
    static const uint8_t four_gigabytes[] = {0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4};
    expect(four_gigabytes, sizeof four_gigabytes, "!1009");
    /* All fragments together. */
    begin();
    put_frame(0x02, payload, LIMIT);
    put_frame(0x80, payload, 1);
    expect_stream("!1009");
    begin();
    put_frame(0x02, payload, LIMIT - 1);
    put_frame(0x00, payload, 0);
    put_frame(0x00, payload, 1);
    put_frame(0x80, payload, 0);
    char expected[LIMIT + 8];
    snprintf(expected, sizeof expected, "B(%.*s)", LIMIT, payload);
    expect_stream(expected);
}

static void test_control_frames_are_short(void **state)
{
    char payload[126];
    (void)state;
    memset(payload, 'p', sizeof payload);
    for (uint8_t opcode = 8; opcode <= 10; opcode++) {
        begin();
        put_frame((uint8_t)(0x80 | opcode), payload, 126);
        expect_stream("!1002");
    }
    begin();
    put_frame(0x89, payload, 125);
    char expected[140];
    snprintf(expected, sizeof expected, "ping(%.*s)", 125, payload);
    expect_stream(expected);
}

static void test_endless_empty_fragments(void **state)
{
    (void)state;
    begin();
    put_frame(0x01, "", 0);
    for (int i = 0; i < 50000; i++) {
        put_frame(0x00, "", 0);
    }
    static struct transcript transcript;
    read_pieces(&transcript, stream.bytes, stream.size, stream.size, stream.size);
    assert_string_equal(transcript.text, "");
    put_frame(0x80, "x", 1);
    read_pieces(&transcript, stream.bytes, stream.size, stream.size, stream.size);
    assert_string_equal(transcript.text, "T(x)");
}

/* --- UTF-8 --- */

static const struct {
    const char *text;
    size_t size;
    bool valid;
} utf8_samples[] = {
#define SAMPLE(text, valid)                                                                        \
    {                                                                                              \
        text, sizeof(text) - 1, valid                                                              \
    }
    SAMPLE("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", true),
    SAMPLE("", true),
    SAMPLE("\0", true),
    SAMPLE("\x7f", true),
    SAMPLE("\xc2\x80", true),
    SAMPLE("\xdf\xbf", true),
    SAMPLE("\xe0\xa0\x80", true),
    SAMPLE("\xed\x9f\xbf", true),
    SAMPLE("\xee\x80\x80", true),
    SAMPLE("\xef\xbf\xbf", true),
    SAMPLE("\xf0\x90\x80\x80", true),
    SAMPLE("\xf4\x8f\xbf\xbf", true),
    SAMPLE("12345678\xc3\xa9"
           "12345678",
           true),
    SAMPLE("1234567\xc3\xa9"
           "12345678",
           true),
    SAMPLE("\x80", false),
    SAMPLE("\xbf", false),
    SAMPLE("\xc0\x80", false),
    SAMPLE("\xc1\xbf", false),
    SAMPLE("\xc2", false),
    SAMPLE("\xc2x", false),
    SAMPLE("\xc2\xc2", false),
    SAMPLE("\xe0\x80\x80", false),
    SAMPLE("\xe0\x9f\xbf", false),
    SAMPLE("\xe0\xa0", false),
    SAMPLE("\xe1\x80", false),
    SAMPLE("\xe1\x80x", false),
    SAMPLE("\xed\xa0\x80", false),
    SAMPLE("\xed\xbf\xbf", false),
    SAMPLE("\xf0\x80\x80\x80", false),
    SAMPLE("\xf0\x8f\xbf\xbf", false),
    SAMPLE("\xf0\x90\x80", false),
    SAMPLE("\xf4\x90\x80\x80", false),
    SAMPLE("\xf5\x80\x80\x80", false),
    SAMPLE("\xf8\x88\x80\x80\x80", false),
    SAMPLE("\xfc\x84\x80\x80\x80\x80", false),
    SAMPLE("\xfe", false),
    SAMPLE("\xff", false),
    SAMPLE("12345678\xff", false),
    SAMPLE("1234567812345678\xc3", false),
#undef SAMPLE
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(utf8_samples); i++) {
        const char *text = utf8_samples[i].text;
        size_t size = utf8_samples[i].size;
        static struct transcript transcript;
        for (size_t cut = 0; cut <= size; cut++) {
            begin();
            put_frame(0x01, text, cut);
            put_frame(0x89, "p", 1);
            put_frame(0x80, text + cut, size - cut);
            read_pieces(&transcript, stream.bytes, stream.size, 1, 1);
            const char *last = strrchr(transcript.text, utf8_samples[i].valid ? 'T' : '!');
            assert_non_null(last);
            if (!utf8_samples[i].valid) {
                assert_string_equal(last, "!1007");
            }
        }
        begin();
        put_frame(0x82, text, size); /* binary is nobody's business */
        read_pieces(&transcript, stream.bytes, stream.size, 3, 2);
        assert_int_equal(transcript.text[0], 'B');
        begin();
        put_frame(0x81, text, size);
        read_pieces(&transcript, stream.bytes, stream.size, 3, 2);
        assert_int_equal(transcript.text[0], utf8_samples[i].valid ? 'T' : '!');
    }
}

/* The failure comes with the first byte that cannot be, not with the end of the message. */
static void test_utf8_fails_fast(void **state)
{
    static struct transcript transcript;
    (void)state;
    struct websocket_reader *reader = websocket_reader_create(LIMIT, NULL);
    begin();
    put_frame(0x01, "abc\xf4\x90zzzz", 9);
    transcript.size = 0;
    transcript.text[0] = '\0';
    feed(reader, &transcript, stream.bytes, 6 + 4);
    assert_string_equal(transcript.text, "");
    feed(reader, &transcript, stream.bytes + 6 + 4, 1);
    assert_string_equal(transcript.text, "!1007");
    feed(reader, &transcript, stream.bytes + 6 + 5, stream.size - 6 - 5);
    assert_string_equal(transcript.text, "!1007");
    websocket_reader_destroy(reader);
}

/* --- close --- */

static void test_close_codes(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 6000; code++) {
        bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                     (code >= 3000 && code <= 4999);
        uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
        char expected[32] = "!1002";
        if (valid) {
            snprintf(expected, sizeof expected, "close %u()", code);
        }
        begin();
        put_frame(0x88, (const char *)payload, sizeof payload);
        static struct transcript transcript;
        read_pieces(&transcript, stream.bytes, stream.size, stream.size, 1);
        assert_string_equal(transcript.text, expected);
    }
}

static void test_close_payloads(void **state)
{
    char reason[125] = "\x03\xe8";
    (void)state;
    begin();
    put_frame(0x88, "\x03", 1);
    expect_stream("!1002");
    begin();
    put_frame(0x88, "\x03\xe8\xff", 3);
    expect_stream("!1007");
    begin();
    put_frame(0x88,
              "\x03\xe8"
              "a\xc3",
              4);
    expect_stream("!1007");
    begin();
    put_frame(0x88, "\x03\xe8\xc3\xa9", 4);
    expect_stream("close 1000(\xc3\xa9)");
    memset(reason + 2, 'r', sizeof reason - 2);
    begin();
    put_frame(0x88, reason, sizeof reason);
    char expected[160];
    snprintf(expected, sizeof expected, "close 1000(%.*s)", 123, reason + 2);
    expect_stream(expected);
}

/* --- states --- */

static void test_in_message(void **state)
{
    static struct transcript transcript;
    (void)state;
    struct websocket_reader *reader = websocket_reader_create(LIMIT, NULL);
    transcript.size = 0;
    assert_false(websocket_reader_in_message(reader));
    begin();
    put_frame(0x01, "ab", 2);
    feed(reader, &transcript, stream.bytes, 1);
    assert_true(websocket_reader_in_message(reader));
    feed(reader, &transcript, stream.bytes + 1, stream.size - 1);
    assert_true(websocket_reader_in_message(reader));
    begin();
    put_frame(0x80, "", 0);
    feed(reader, &transcript, stream.bytes, stream.size);
    assert_false(websocket_reader_in_message(reader));
    websocket_reader_destroy(reader);
    websocket_reader_destroy(NULL);
}

/* What two readers hold together is limited, and nothing of it is kept for what is over. */
static void test_budget(void **state)
{
    static struct transcript transcripts[2];
    static char payload[900];
    struct memory_budget budget = {.limit = 1200};
    struct websocket_reader *readers[2] = {websocket_reader_create(LIMIT, &budget),
                                           websocket_reader_create(LIMIT, &budget)};
    (void)state;
    memset(payload, 'x', sizeof payload);
    begin();
    put_frame(0x82, payload, sizeof payload);
    for (int i = 0; i < 2; i++) {
        transcripts[i] = (struct transcript){0};
        feed(readers[i], &transcripts[i], stream.bytes, 500);
        assert_in_range(budget.used, 500, budget.limit);
    }
    assert_non_null(strstr(transcripts[1].text, "1013"));
    feed(readers[0], &transcripts[0], stream.bytes + 500, stream.size - 500);
    assert_int_equal(transcripts[0].text[0], 'B');
    assert_int_equal(budget.used, 0);
    feed(readers[0], &transcripts[0], stream.bytes, 500);
    assert_in_range(budget.used, 500, budget.limit);
    websocket_reader_destroy(readers[0]);
    websocket_reader_destroy(readers[1]);
    assert_int_equal(budget.used, 0);
}

/* Seeded frames, many of them broken: however they are cut, the same comes out. */
static void test_random_streams(void **state)
{
    static const uint8_t firsts[] = {0x81, 0x82, 0x01, 0x02, 0x00, 0x80,
                                     0x89, 0x8a, 0x88, 0x91, 0x83};
    uint32_t seed = 11;
    (void)state;
    for (int round = 0; round < 5000; round++) {
        begin();
        for (int i = 0; i < 12; i++) {
            char payload[200];
            seed = seed * 1664525 + 1013904223;
            uint8_t first = firsts[(seed >> 16) % (seed >> 30 == 0 ? COUNT(firsts) : 8)];
            size_t size = (seed >> 8) % (first >= 0x88 ? 126 : sizeof payload);
            memset(payload, (seed >> 20) % 64 == 0 ? 0xc3 : 'a', sizeof payload);
            put_frame(first, payload, size);
        }
        static struct transcript whole, pieces;
        read_pieces(&whole, stream.bytes, stream.size, stream.size, 1);
        read_pieces(&pieces, stream.bytes, stream.size, 1 + seed % 9, 1 + (seed >> 12) % 7);
        assert_string_equal(whole.text, pieces.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_reserved_bits_and_opcodes),
        cmocka_unit_test(test_masking_is_needed),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_lengths_are_shortest),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_control_frames_are_short),
        cmocka_unit_test(test_endless_empty_fragments),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_fails_fast),
        cmocka_unit_test(test_close_codes),
        cmocka_unit_test(test_close_payloads),
        cmocka_unit_test(test_in_message),
        cmocka_unit_test(test_random_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
