// Into the stored formats of weights, row by row: plain C, so that every instruction set makes the
// same bits. It is done once, when a model is loaded.
#include "stored_weights.h"

#include <math.h>

size_t ck_weight_row_bytes(ck_weight_format format, size_t cols) {
    return weight_row_bytes(format, cols);
}

size_t ck_weight_row_scale_bytes(ck_weight_format format, size_t cols) {
    return weight_row_scale_bytes(format, cols);
}

uint16_t ck_float16_from_float(float x) { return float16_from_float(x); }
float ck_float_from_float16(uint16_t bits) { return float16_to_float(bits); }

// Whether a block holds NaN or infinity, which integers cannot hold.
static bool holds_nonfinite(const float *src, size_t count) {
    float sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += src[i] * 0;
    return sum != 0;
}

// What a block is multiplied with to become integers: 0 where the inverse of its scale is not a
// float, so that what is next to nothing becomes nothing.
static float inverse(float scale) {
    const float factor = 1 / scale;
    return isfinite(factor) ? factor : 0;
}

// As ggml: the scale makes the largest magnitude 127, halves round away from zero. Returns it.
static float quantize_q8_block(int8_t *values, const float *src, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(src[i]));
    const float scale = holds_nonfinite(src, count) ? NAN : largest / 127;
    const float factor = inverse(scale);
    for (size_t i = 0; i < CK_WEIGHT_BLOCK; i++)
        values[i] = i < count && factor != 0 ? (int8_t)roundf(src[i] * factor) : 0;
    return scale;
}

// As ggml: the scale makes the value of largest magnitude, with its sign, -8. Returns it.
static float quantize_q4_block(uint8_t *values, const float *src, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        if (fabsf(src[i]) > fabsf(largest))
            largest = src[i];
    const float scale = holds_nonfinite(src, count) ? NAN : largest / -8;
    const float factor = inverse(scale);
    uint8_t nibbles[CK_WEIGHT_BLOCK];
    for (size_t i = 0; i < CK_WEIGHT_BLOCK; i++) {
        // Two statements, so that no compiler fuses them and the rounding is everywhere the same.
        const float product = i < count && factor != 0 ? src[i] * factor : 0;
        const int whole = (int)(product + 8.5f);
        nibbles[i] = (uint8_t)(whole < 15 ? whole : 15);
    }
    for (size_t i = 0; i < CK_WEIGHT_BLOCK / 2; i++)
        values[i] = (uint8_t)(nibbles[i] | nibbles[i + CK_WEIGHT_BLOCK / 2] << 4);
    return scale;
}

void quantize_row(ck_weight_format format, void *values, void *scales, const float *src,
                  size_t cols) {
    if (format == CK_FLOAT32) {
        memcpy(values, src, cols * sizeof(float));
        return;
    }
    if (format == CK_BFLOAT16) {
        for (size_t i = 0; i < cols; i++)
            ((uint16_t *)values)[i] = bfloat16_from_float(src[i]);
        return;
    }
    for (size_t block = 0; block < weight_blocks(cols); block++) {
        const size_t first = block * CK_WEIGHT_BLOCK;
        const size_t count = cols - first < CK_WEIGHT_BLOCK ? cols - first : CK_WEIGHT_BLOCK;
        char *at = (char *)values + block * weight_row_bytes(format, CK_WEIGHT_BLOCK);
        const float scale = format == CK_Q4_0 ? quantize_q4_block((uint8_t *)at, src + first, count)
                                              : quantize_q8_block((int8_t *)at, src + first, count);
        if (format == CK_Q8_F32)
            ((float *)scales)[block] = scale;
        else
            ((uint16_t *)scales)[block] = float16_from_float(scale);
    }
}
