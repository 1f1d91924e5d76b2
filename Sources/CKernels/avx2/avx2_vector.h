// Vectors of AVX2 with FMA: 8 floats.
#include <immintrin.h>

#define LANES 8
// 6 x 2 accumulators, 2 vectors of B and one of A use 15 of the 16 registers. Without the spare one
// the compiler keeps an accumulator in memory.
#define TILE_ROWS 6
#define TILE_VECTORS 2

typedef float vf __attribute__((vector_size(32)));
typedef int32_t vi __attribute__((vector_size(32)));

static inline __m256i v_first_lanes(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vf v_load_partial(const float *p, size_t n) {
    return (vf)_mm256_maskload_ps(p, v_first_lanes(n));
}

static inline void v_store_partial(float *p, vf x, size_t n) {
    _mm256_maskstore_ps(p, v_first_lanes(n), (__m256)x);
}

static inline vf v_sqrt(vf x) { return (vf)_mm256_sqrt_ps((__m256)x); }

#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

typedef int16_t vw __attribute__((vector_size(32)));
static inline vi v_multiply_pairs(vw a, vw b) {
    return (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
