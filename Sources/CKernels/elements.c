// Converts floats to the stored types of elements, row by row. Plain C, so that every instruction
// set produces the same bits; it only runs when a model is loaded.
#include "elements.h"

#include <math.h>

size_t ck_row_bytes(ck_element_type type, size_t cols) { return bytes_of_row(type, cols); }

size_t ck_row_scale_bytes(ck_element_type type, size_t cols) {
    return scale_bytes_of_row(type, cols);
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

// What turns a block into integers: the inverse of its scale, or 0 where that overflows a float, so
// that values next to nothing become 0.
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
    for (size_t i = 0; i < CK_BLOCK; i++)
        values[i] = i < count && factor != 0 ? (int8_t)roundf(src[i] * factor) : 0;
    return scale;
}

static void join_nibbles(uint8_t *values, const uint8_t *nibbles) {
    for (size_t i = 0; i < CK_BLOCK / 2; i++)
        values[i] = (uint8_t)(nibbles[i] | nibbles[i + CK_BLOCK / 2] << 4);
}

// As ggml: the scale makes the value of largest magnitude, with its sign, -8. Returns it.
static float quantize_q4_block(uint8_t *values, const float *src, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        if (fabsf(src[i]) > fabsf(largest))
            largest = src[i];
    const float scale = holds_nonfinite(src, count) ? NAN : largest / -8;
    const float factor = inverse(scale);
    uint8_t nibbles[CK_BLOCK];
    for (size_t i = 0; i < CK_BLOCK; i++) {
        // Two statements, so that no compiler fuses them and the rounding is the same everywhere.
        const float product = i < count && factor != 0 ? src[i] * factor : 0;
        const int whole = (int)(product + 8.5f);
        nibbles[i] = (uint8_t)(whole < 15 ? whole : 15);
    }
    join_nibbles(values, nibbles);
    return scale;
}

// As ggml: the scale makes the largest value 15 above the smallest, which it returns in `minimum`.
static float quantize_q4_1_block(uint8_t *values, float *minimum, const float *src, size_t count) {
    float largest = src[0];
    float smallest = src[0];
    for (size_t i = 1; i < count; i++) {
        largest = src[i] > largest ? src[i] : largest;
        smallest = src[i] < smallest ? src[i] : smallest;
    }
    const float scale = holds_nonfinite(src, count) ? NAN : (largest - smallest) / 15;
    const float factor = inverse(scale);
    uint8_t nibbles[CK_BLOCK];
    for (size_t i = 0; i < CK_BLOCK; i++) {
        // Two statements, as in q4_0.
        const float product = i < count && factor != 0 ? (src[i] - smallest) * factor : 0;
        const int whole = (int)(product + 0.5f);
        nibbles[i] = (uint8_t)(whole < 15 ? whole : 15);
    }
    join_nibbles(values, nibbles);
    *minimum = smallest;
    return scale;
}

void quantize_row(ck_element_type type, void *values, void *scales, const float *src, size_t cols) {
    if (type == CK_FLOAT32) {
        memcpy(values, src, cols * sizeof(float));
        return;
    }
    if (type == CK_BFLOAT16) {
        for (size_t i = 0; i < cols; i++)
            ((uint16_t *)values)[i] = bfloat16_from_float(src[i]);
        return;
    }
    if (type == CK_FLOAT16) {
        for (size_t i = 0; i < cols; i++)
            ((uint16_t *)values)[i] = float16_from_float(src[i]);
        return;
    }
    for (size_t block = 0; block < row_blocks(cols); block++) {
        const size_t first = block * CK_BLOCK;
        const size_t count = cols - first < CK_BLOCK ? cols - first : CK_BLOCK;
        char *at = (char *)values + block * bytes_of_row(type, CK_BLOCK);
        if (type == CK_Q4_1) {
            uint16_t *pair = (uint16_t *)scales + 2 * block;
            float minimum;
            pair[0] = float16_from_float(
                quantize_q4_1_block((uint8_t *)at, &minimum, src + first, count));
            pair[1] = float16_from_float(minimum);
            continue;
        }
        const float scale = type == CK_Q4_0 ? quantize_q4_block((uint8_t *)at, src + first, count)
                                            : quantize_q8_block((int8_t *)at, src + first, count);
        if (type == CK_Q8_F32)
            ((float *)scales)[block] = scale;
        else
            ((uint16_t *)scales)[block] = float16_from_float(scale);
    }
}

float quantize_group(int8_t *values, const float *src, size_t size) {
    // Adding this constant and subtracting it again rounds off the fraction of much smaller
    // numbers.
    const float whole = 0x1.8p23f;
    float largest = 0;
    bool holds_nan = false;
    for (size_t i = 0; i < size; i++) {
        const float magnitude = fabsf(src[i]);
        holds_nan |= magnitude != magnitude;
        largest = magnitude > largest ? magnitude : largest;
    }
    const float scale = largest / 127;
    if (!(scale > 0 && scale < INFINITY)) {
        memset(values, 0, size);
        return holds_nan ? NAN : scale;
    }
    for (size_t i = 0; i < size; i++) {
        // A tiny scale loses so much precision that a result may exceed 127. NaN becomes 0.
        const float step = src[i] / scale;
        const float rounded = (step + whole) - whole;
        const float limited = rounded > 127 ? 127 : rounded < -127 ? -127 : rounded;
        values[i] = (int8_t)(limited == limited ? limited : 0);
    }
    return holds_nan ? NAN : scale;
}
