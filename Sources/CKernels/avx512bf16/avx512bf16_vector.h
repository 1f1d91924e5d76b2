// Vectors of AVX-512, and sums of products of pairs of bfloat16 and, by VNNI, of int16.
#include "../avx512/avx512_vector.h"

#define HAVE_PAIRS
#define PAIRS_NAME "vdpbf16ps"
// Each lane of a and b is a pair of bfloat16: c + a.low * b.low + a.high * b.high.
static inline vf v_dot_pairs(vf a, vf b, vf c) {
    return (vf)_mm512_dpbf16_ps((__m512)c, (__m512bh)a, (__m512bh)b);
}

// The floats of low, then those of high, rounded to bfloat16, as a vector of pairs.
static inline vf v_pairs(vf low, vf high) {
    return (vf)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}

#define HAVE_ZIP_PAIRS
// Lane i: the pair of low[i] and high[i], rounded to bfloat16.
static inline vf v_zip_pairs(vf low, vf high) {
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return (vf)_mm512_permutexvar_epi16(order, (__m512i)v_pairs(low, high));
}

#define HAVE_DOT_BYTES
// sum + the sums of four products each, of unsigned bytes of a with signed ones of b.
static inline vi v_dot_bytes(vi sum, vi a, vi b) {
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}

// Lanes 4 * unit ... 4 * unit + 3 of x, four times each.
static inline __attribute__((always_inline)) vf v_repeat_four(vf x, const int unit) {
    const __m512i index = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    return (vf)_mm512_permutexvar_ps(_mm512_add_epi32(index, _mm512_set1_epi32(4 * unit)),
                                     (__m512)x);
}

#define HAVE_ADD_PAIRS
#define INT_PRODUCT_NAME "pairs of int16 by VNNI"
static inline vi v_add_pairs(vi sum, vw a, vw b) {
    return (vi)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}

#define HAVE_ADD_PAIR
// sum + the sums of the products of each lane's pair with one pair.
static inline vi v_add_pair(vi sum, vw a, const int16_t *pair) {
    // Inline assembly because clang turns the intrinsic into three instructions to shorten chains
    // of sums.
    __asm__("vpdpwssd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(a), "m"(*(const int (*)[1])pair));
    return sum;
}
