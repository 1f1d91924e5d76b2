// RMS normalization of one row.
#ifndef SIMD_RMSNORM_H
#define SIMD_RMSNORM_H

#include "elements_simd.h"

static float rmsnorm_forward_row(ck_array out, const float *inp, const float *weight, float epsilon,
                                 size_t C) {
    vf squares = v_zero();
    FOR_EACH_VECTOR(i, C, {
        const vf x = LOAD(inp + i);
        squares = v_fma(x, x, squares);
    });
    const float rstd = 1.0f / sqrtf(v_sum_lanes(squares) / (float)C + epsilon);
    WITH_ARRAY_TYPE(type, out.type, {
        FOR_EACH_VECTOR(i, C, {
            const vf y = LOAD(inp + i) * v_splat(rstd) * LOAD(weight + i);
            store_floats(type, out.data, i, y, lanes);
        });
    });
    return rstd;
}

static void rmsnorm_backward_row(float *dinp, float *dweight, const float *dout, const float *inp,
                                 const float *weight, float rstd, size_t C) {
    // With norm for the normalized row and dnorm = dout * weight for its gradient: dinp += rstd *
    // (dnorm - norm * mean(dnorm * norm)).
    vf dnorm_norm_sum = v_zero();
    FOR_EACH_VECTOR(i, C, {
        const vf dout_norm = LOAD(dout + i) * (LOAD(inp + i) * v_splat(rstd));
        dnorm_norm_sum = v_fma(dout_norm, LOAD(weight + i), dnorm_norm_sum);
        STORE(dweight + i, LOAD(dweight + i) + dout_norm);
    });
    const vf dnorm_norm_mean = v_splat(v_sum_lanes(dnorm_norm_sum) / (float)C);
    FOR_EACH_VECTOR(i, C, {
        const vf norm = LOAD(inp + i) * v_splat(rstd);
        const vf dnorm = LOAD(dout + i) * LOAD(weight + i);
        STORE(dinp + i, v_fma(dnorm - norm * dnorm_norm_mean, v_splat(rstd), LOAD(dinp + i)));
    });
}

#endif
