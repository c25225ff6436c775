#include "broadcaster/text/base64_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

bool base64_avx2_usable(void)
{
    return __builtin_cpu_supports("avx2");
}

/* The same 16 bytes in both lanes. */
AVX2 static inline __m256i base64_table(const int8_t bytes[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)bytes));
}

/* Three bytes to four values of six bits, eight times: each group of three is spread over 32 bits
 * so that two multiplications shift all four values into their place. */
AVX2 static inline __m256i base64_split(__m256i in)
{
    static const int8_t spread[16] = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
    in = _mm256_shuffle_epi8(in, base64_table(spread));
    __m256i outer = _mm256_mulhi_epu16(_mm256_and_si256(in, _mm256_set1_epi32(0x0fc0fc00)),
                                       _mm256_set1_epi32(0x04000040));
    __m256i inner = _mm256_mullo_epi16(_mm256_and_si256(in, _mm256_set1_epi32(0x003f03f0)),
                                       _mm256_set1_epi32(0x01000010));
    return _mm256_or_si256(outer, inner);
}

/* Values to characters: each range of the alphabet (A-Z, a-z, ten digits, +, /) is an offset. */
AVX2 static inline __m256i base64_letters(__m256i values)
{
    static const int8_t offsets[16] = {'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                       '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62,
                                       '/' - 63, 'A',      0,        0};
    __m256i range = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
    __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
    range = _mm256_or_si256(range, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(_mm256_shuffle_epi8(base64_table(offsets), range), values);
}

AVX2 size_t base64_avx2_encode(char *out, const uint8_t *data, size_t size)
{
    size_t done = 0;
    for (; size - done >= 28; done += 24, out += 32) {
        /* Twelve bytes for each lane; the four behind them are loaded and not used. */
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(data + done));
        __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(data + done + 12));
        __m256i letters = base64_letters(base64_split(_mm256_set_m128i(high, low)));
        _mm256_storeu_si256((__m256i *)(void *)out, letters);
    }
    return done;
}

/* Characters to values. Two tables, by the low and the high half of a character, have no
 * bit in common for the characters of the alphabet and only for those. False when
 * another one is among them. */
AVX2 static inline bool base64_values(__m256i letters, __m256i *values)
{
    static const int8_t low_table[16] = {0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                         0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a};
    static const int8_t high_table[16] = {0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,
                                          0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10};
    static const int8_t offsets[16] = {0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0};
    __m256i slash = _mm256_set1_epi8('/');
    __m256i high = _mm256_and_si256(_mm256_srli_epi32(letters, 4), slash);
    __m256i low = _mm256_and_si256(letters, slash);
    __m256i wrong_low = _mm256_shuffle_epi8(base64_table(low_table), low);
    __m256i wrong_high = _mm256_shuffle_epi8(base64_table(high_table), high);
    if (!_mm256_testz_si256(wrong_low, wrong_high)) {
        return false;
    }
    __m256i range = _mm256_add_epi8(_mm256_cmpeq_epi8(letters, slash), high);
    *values = _mm256_add_epi8(letters, _mm256_shuffle_epi8(base64_table(offsets), range));
    return true;
}

/* Four values of six bits to three bytes, eight times, at the front of the register. */
AVX2 static inline __m256i base64_join(__m256i values)
{
    static const int8_t gather[16] = {2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1};
    __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
    __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    groups = _mm256_shuffle_epi8(groups, base64_table(gather));
    return _mm256_permutevar8x32_epi32(groups, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}

AVX2 size_t base64_avx2_decode(uint8_t *out, const char *text, size_t size)
{
    size_t done = 0;
    /* 32 bytes are stored for 24; with 48 characters left there is room for them even if the last
     * group is padded. */
    for (; size - done >= 48; done += 32, out += 24) {
        __m256i values;
        if (!base64_values(_mm256_loadu_si256((const __m256i *)(const void *)(text + done)),
                           &values)) {
            break;
        }
        _mm256_storeu_si256((__m256i *)(void *)out, base64_join(values));
    }
    return done;
}

AVX2 size_t base64_avx2_check(const char *text, size_t size)
{
    size_t done = 0;
    __m256i values;
    while (
        size - done >= 32 &&
        base64_values(_mm256_loadu_si256((const __m256i *)(const void *)(text + done)), &values)) {
        done += 32;
    }
    return done;
}

#else

bool base64_avx2_usable(void)
{
    return false;
}

size_t base64_avx2_encode(char *out, const uint8_t *data, size_t size)
{
    (void)out;
    (void)data;
    (void)size;
    return 0;
}

size_t base64_avx2_decode(uint8_t *out, const char *text, size_t size)
{
    (void)out;
    (void)text;
    (void)size;
    return 0;
}

size_t base64_avx2_check(const char *text, size_t size)
{
    (void)text;
    (void)size;
    return 0;
}

#endif
