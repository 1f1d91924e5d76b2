// RMS normalisation of one row.
#ifndef SIMD_RMSNORM_H
#define SIMD_RMSNORM_H

#include "vector_simd.h"

static void rmsnorm_forward_row(float *out, const float *inp, const float *weight, float epsilon,
                                size_t C) {
    vf squares = v_zero();
    FOR_EACH_VECTOR(i, C, {
        const vf x = LOAD(inp + i);
        squares = v_fma(x, x, squares);
    });
    const vf scale = v_splat(1.0f / sqrtf(v_sum_lanes(squares) / (float)C + epsilon));
    FOR_EACH_VECTOR(i, C, STORE(out + i, LOAD(inp + i) * scale * LOAD(weight + i)););
}

#endif
