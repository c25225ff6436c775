/* For loops over pixels: compiled a second time for processors with wider registers than every
 * x86-64 has, which are found when the program starts. The same C both times, and the same results:
 * no product and sum is rounded as one, for AVX2 comes without FMA. */
#ifndef DETECTOR_WIDE_VECTORS_H
#define DETECTOR_WIDE_VECTORS_H

/* For static functions: clang 14 gives a public one a name that other files do not know.
 * What chooses runs before a sanitizer is ready for it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WIDE_VECTORS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define WIDE_VECTORS_SANITIZED
#endif
#endif

#if defined(__x86_64__) && defined(__linux__) && !defined(WIDE_VECTORS_SANITIZED)
#define WIDE_VECTORS __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_VECTORS
#endif

#endif
