// Vectors of AVX-512: 16 floats, masked loads and stores, exponent scaling in one instruction.
#include <immintrin.h>

#define LANES 16
// 8 x 3 accumulators cover 2 FMA ports * 4 cycles of latency three times over and leave 8 of the 32
// registers for operands; 11 loads feed 24 FMAs.
#define TILE_ROWS 8
#define TILE_VECTORS 3

typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));

static inline vf v_load_partial(const float *p, size_t n) {
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

static inline void v_store_partial(float *p, vf x, size_t n) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
}

#define HAVE_SCALE_BY_POWER_OF_TWO
static inline vf v_scale_by_power_of_two(vf x, vf n) {
    return (vf)_mm512_scalef_ps((__m512)x, (__m512)n);
}

static inline vf v_sqrt(vf x) { return (vf)_mm512_sqrt_ps((__m512)x); }

#define INTERLEAVE_LOW(a, b)                                                                       \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define INTERLEAVE_HIGH(a, b)                                                                      \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

// Lane i: lane index[i] of x.
static inline vf v_pick(vf x, vi index) {
    return (vf)_mm512_permutexvar_ps((__m512i)index, (__m512)x);
}

#define HAVE_LOAD_FLOAT16_PARTIAL
static inline vf v_load_float16_partial(const uint16_t *p, size_t n) {
    return (vf)_mm512_cvtph_ps(_mm256_maskz_loadu_epi16((__mmask16)((1u << n) - 1), p));
}

typedef int16_t vw __attribute__((vector_size(64)));
static inline vi v_multiply_pairs(vw a, vw b) {
    return (vi)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}
