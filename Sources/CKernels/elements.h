// How elements are stored: sizes of a matrix's planes and conversion of single numbers. Portable C
// for drivers and the reference; the vector forms are in simd/elements_simd.h.
#ifndef ELEMENTS_H
#define ELEMENTS_H

#include "CKernels.h"

#include <string.h>

static inline size_t row_blocks(size_t cols) { return (cols + CK_BLOCK - 1) / CK_BLOCK; }

static inline size_t bytes_of_row(ck_element_type type, size_t cols) {
    switch (type) {
    case CK_FLOAT32: return cols * sizeof(float);
    case CK_BFLOAT16:
    case CK_FLOAT16: return cols * sizeof(uint16_t);
    case CK_Q4_0:
    case CK_Q4_1: return row_blocks(cols) * CK_BLOCK / 2;
    default: return row_blocks(cols) * CK_BLOCK;
    }
}

static inline size_t scale_bytes_of_row(ck_element_type type, size_t cols) {
    switch (type) {
    case CK_FLOAT32:
    case CK_BFLOAT16:
    case CK_FLOAT16: return 0;
    case CK_Q8_F32: return row_blocks(cols) * sizeof(float);
    case CK_Q4_1: return row_blocks(cols) * 2 * sizeof(uint16_t);
    default: return row_blocks(cols) * sizeof(uint16_t);
    }
}

static inline bool has_scales(ck_element_type type) { return type >= CK_Q8_0; }

static inline bool has_nibbles(ck_element_type type) { return type >= CK_Q4_0; }

static inline uint32_t float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float bfloat16_to_float(uint16_t bits) {
    return float_from_bits((uint32_t)bits << 16);
}

// Rounds to nearest, ties to even.
static inline uint16_t bfloat16_from_float(float x) {
    const uint32_t bits = float_bits(x);
    // Rounding could carry the low bits of a NaN away and turn it into infinity.
    if (x != x)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float float16_to_float(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) // infinity and NaN
        return float_from_bits(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
    // Read as the low bits of a float whose exponent is 112 too small; the multiplication also
    // normalizes half-precision subnormals. Exact.
    return float_from_bits(sign | float_bits(float_from_bits(magnitude << 13) * 0x1p112f));
}

// `x` as a ck_array. Write through it only if `x` may be written.
static inline ck_array array_of_floats(const float *x) {
    return (ck_array){.data = (void *)x, .type = CK_FLOAT32};
}

// Element i of an array as a float, and a float as element i.
static inline float element_at(ck_array a, size_t i) {
    return a.type == CK_BFLOAT16 ? bfloat16_to_float(((const uint16_t *)a.data)[i])
                                 : ((const float *)a.data)[i];
}

static inline void set_element(ck_array a, size_t i, float x) {
    if (a.type == CK_BFLOAT16)
        ((uint16_t *)a.data)[i] = bfloat16_from_float(x);
    else
        ((float *)a.data)[i] = x;
}

// The array from element `first` on.
static inline ck_array array_from(ck_array a, size_t first) {
    const size_t width = a.type == CK_BFLOAT16 ? sizeof(uint16_t) : sizeof(float);
    return (ck_array){.data = (char *)a.data + first * width, .type = a.type};
}

// Rounds to nearest, ties to even; above 65519 to infinity.
static inline uint16_t float16_from_float(float x) {
    const uint32_t bits = float_bits(x);
    const uint32_t sign = bits >> 16 & 0x8000;
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x477ff000) // 65520, halfway from the largest to what would follow it
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000) {
        // Subnormal, in units of 2^-24: adding 0.5 leaves the number of units in the low bits.
        const float units = float_from_bits(magnitude) + 0.5f;
        return (uint16_t)(sign | (float_bits(units) - float_bits(0.5f)));
    }
    const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | (rounded - (112u << 23)) >> 13);
}

// The scale of a block, where the type has scales.
static inline float block_scale(ck_element_type type, const ck_matrix *w, size_t row,
                                size_t block) {
    const size_t at = row * row_blocks(w->cols) + block;
    if (type == CK_Q8_F32)
        return ((const float *)w->scales)[at];
    return float16_to_float(((const uint16_t *)w->scales)[type == CK_Q4_1 ? 2 * at : at]);
}

// The minimum of a block of q4_1.
static inline float block_minimum(const ck_matrix *w, size_t row, size_t block) {
    const size_t at = row * row_blocks(w->cols) + block;
    return float16_to_float(((const uint16_t *)w->scales)[2 * at + 1]);
}

// A row of floats as `type`: its part of the plane of values and of the plane of scales, NULL for
// types without scales. See ck_quantize.
void quantize_row(ck_element_type type, void *values, void *scales, const float *src, size_t cols);

// Quantizes one group as ck_quantize_groups defines it; returns its scale.
float quantize_group(int8_t *values, const float *src, size_t size);

#endif
