// Layer normalization of one row. This file is the pattern for a new kernel: a row in, a row out,
// FOR_EACH_VECTOR over it, and the shape of each argument where it is declared
// (microkernel_list.h).
#ifndef SIMD_LAYERNORM_H
#define SIMD_LAYERNORM_H

#include "elements_simd.h"

#define LAYERNORM_EPSILON 1e-5f

static void layernorm_forward_row(ck_array out, float *mean, float *rstd, const float *inp,
                                  const float *weight, const float *bias, size_t C) {
    vf sum = v_zero();
    FOR_EACH_VECTOR(i, C, sum += LOAD(inp + i););
    const float row_mean = v_sum_lanes(sum) / (float)C;

    // A second pass for the variance: subtracting squares of sums would cancel. The lanes past the
    // end of the row were loaded as zero and must not count as 0 - mean.
    vf squares = v_zero();
    FOR_EACH_VECTOR(i, C, {
        const vf shift = LOAD(inp + i) - v_splat(row_mean);
        squares += v_keep_first(shift * shift, lanes);
    });
    const float row_rstd = 1.0f / sqrtf(v_sum_lanes(squares) / (float)C + LAYERNORM_EPSILON);

    WITH_ARRAY_TYPE(type, out.type, {
        FOR_EACH_VECTOR(i, C, {
            const vf normalised = (LOAD(inp + i) - v_splat(row_mean)) * v_splat(row_rstd);
            const vf y = v_fma(normalised, LOAD(weight + i), LOAD(bias + i));
            store_floats(type, out.data, i, y, lanes);
        });
    });
    *mean = row_mean;
    *rstd = row_rstd;
}

static void layernorm_backward_row(float *dinp, float *dweight, float *dbias, const float *dout,
                                   const float *inp, const float *weight, float mean, float rstd,
                                   size_t C) {
    // With norm for the normalized row and dnorm = dout * weight for its gradient: dinp += rstd *
    // (dnorm - mean(dnorm) - norm * mean(dnorm * norm)).
    vf dnorm_sum = v_zero();
    vf dnorm_norm_sum = v_zero();
    FOR_EACH_VECTOR(i, C, {
        const vf norm = (LOAD(inp + i) - v_splat(mean)) * v_splat(rstd);
        const vf dout_i = LOAD(dout + i);
        const vf dnorm = dout_i * LOAD(weight + i);
        dnorm_sum += dnorm;
        dnorm_norm_sum = v_fma(dnorm, norm, dnorm_norm_sum);
        STORE(dbias + i, LOAD(dbias + i) + dout_i);
        STORE(dweight + i, v_fma(dout_i, norm, LOAD(dweight + i)));
    });
    const vf dnorm_mean = v_splat(v_sum_lanes(dnorm_sum) / (float)C);
    const vf dnorm_norm_mean = v_splat(v_sum_lanes(dnorm_norm_sum) / (float)C);

    FOR_EACH_VECTOR(i, C, {
        const vf norm = (LOAD(inp + i) - v_splat(mean)) * v_splat(rstd);
        const vf dnorm = LOAD(dout + i) * LOAD(weight + i);
        STORE(dinp + i,
              v_fma(dnorm - dnorm_mean - norm * dnorm_norm_mean, v_splat(rstd), LOAD(dinp + i)));
    });
}

#endif
