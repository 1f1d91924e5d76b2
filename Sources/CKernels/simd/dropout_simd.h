// Dropout: the numbers of ../dropout.h, a vector of elements at a time.
#ifndef SIMD_DROPOUT_H
#define SIMD_DROPOUT_H

#include "../dropout.h"
#include "elements_simd.h"

// dropout_number of a vector of elements, from one row or from one row each.
ALWAYS_INLINE vu v_dropout_numbers(vu low, vu high, vu columns) {
    vu x = columns * DROPOUT_FACTOR0 + low;
    x = (x ^ x >> 16) * DROPOUT_FACTOR1;
    x = ((x ^ x >> 15) + high) * DROPOUT_FACTOR2;
    return x ^ x >> 16;
}

// What each element is multiplied by: 0 where its number is below the threshold, else scale.
ALWAYS_INLINE vf v_dropout_factors(vu numbers, uint32_t threshold, float scale) {
    return v_select((vi)(numbers >= threshold), v_splat(scale), v_zero());
}

static void dropout(float *out, const float *inp, const float *residual, size_t n,
                    dropout_seed seed, size_t column, float rate) {
    const uint32_t threshold = dropout_threshold(rate);
    const float scale = dropout_scale(rate);
    const vu low = (vu){0} + seed.low;
    const vu high = (vu){0} + seed.high;
    FOR_EACH_VECTOR(i, n, {
        const vu columns = (vu)v_lane_index() + (uint32_t)(column + i);
        const vf factors =
            v_dropout_factors(v_dropout_numbers(low, high, columns), threshold, scale);
        const vf x = LOAD(inp + i);
        STORE(out + i, residual ? v_fma(x, factors, LOAD(residual + i)) : x * factors);
    });
}

#endif
