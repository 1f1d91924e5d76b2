// Vectors of NEON, and its products of bfloat16 and of bytes.
#include "../neon/neon_vector.h"

#define HAVE_PAIRS
#define PAIRS_NAME "bfmmla"
#define HAVE_BLOCK_PRODUCT
// Each of a and b holds two rows of four bfloat16: c, two rows of two floats, plus a times b
// transposed.
static inline vf v_block_product(vf c, vf a, vf b) {
    return (vf)vbfmmlaq_f32((float32x4_t)c, (bfloat16x8_t)a, (bfloat16x8_t)b);
}

#define HAVE_ROUND_TO_BFLOAT16
static inline uint16x4_t v_round_to_bfloat16(vf x) {
    return (uint16x4_t)vcvt_bf16_f32((float32x4_t)x);
}

// The floats of low, then those of high, rounded to bfloat16, as a vector of pairs.
static inline vf v_pairs(vf low, vf high) {
    return (vf)vcombine_u16(v_round_to_bfloat16(low), v_round_to_bfloat16(high));
}

#define HAVE_ZIP_PAIRS
// Lane i: the pair of low[i] and high[i], rounded to bfloat16.
static inline vf v_zip_pairs(vf low, vf high) {
    const uint16x8_t first = (uint16x8_t)vcvtq_low_bf16_f32((float32x4_t)low);
    return (vf)vzip1q_u16(first, (uint16x8_t)vcvtq_low_bf16_f32((float32x4_t)high));
}

#define HAVE_ADD_BYTE_PRODUCTS
#define INT_PRODUCT_NAME "bytes by sdot and usdot"
// sum + the sums of four products each.
static inline vi v_add_signed_products(vi sum, int8x16_t a, int8x16_t b) {
    return (vi)vdotq_s32((int32x4_t)sum, a, b);
}
static inline vi v_add_mixed_products(vi sum, uint8x16_t a, int8x16_t b) {
    return (vi)vusdotq_s32((int32x4_t)sum, a, b);
}
