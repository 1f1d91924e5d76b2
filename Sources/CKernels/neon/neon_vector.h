// Vectors of NEON on arm64: 4 floats, always present there.
#include <arm_neon.h>

#define LANES 4
// 8 x 3 accumulators leave 8 of the 32 registers for operands.
#define TILE_ROWS 8
#define TILE_VECTORS 3

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));

static inline vf v_load_partial(const float *p, size_t n) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < n; i++)
        lanes[i] = p[i];
    return (vf)vld1q_f32(lanes);
}

static inline void v_store_partial(float *p, vf x, size_t n) {
    for (size_t i = 0; i < n; i++)
        p[i] = x[i];
}

static inline vf v_sqrt(vf x) { return (vf)vsqrtq_f32((float32x4_t)x); }

#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)

typedef int16_t vw __attribute__((vector_size(16)));

#define HAVE_ADD_PAIRS
static inline vi v_add_pairs(vi sum, vw a, vw b) {
    const int32x4_t half =
        vmlal_s16((int32x4_t)sum, vget_low_s16((int16x8_t)a), vget_low_s16((int16x8_t)b));
    return (vi)vmlal_high_s16(half, (int16x8_t)a, (int16x8_t)b);
}
