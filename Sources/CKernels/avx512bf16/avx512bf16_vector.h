// Vectors of AVX-512, and sums of products of pairs of bfloat16 and, by VNNI, of int16.
#include "../avx512/avx512_vector.h"

#define HAVE_DOT_PAIRS
// Each lane of a and b is a pair of bfloat16: c + a.low * b.low + a.high * b.high.
static inline vf v_dot_pairs(vf a, vf b, vf c) {
    return (vf)_mm512_dpbf16_ps((__m512)c, (__m512bh)a, (__m512bh)b);
}

// The floats of low, then those of high, rounded to bfloat16, as a vector of pairs.
static inline vf v_pairs(vf low, vf high) {
    return (vf)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}

#define HAVE_ADD_PAIRS
static inline vi v_add_pairs(vi sum, vw a, vw b) {
    return (vi)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}
