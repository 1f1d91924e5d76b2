// Layer normalisation of one row. This file is the pattern for a new kernel: a row in, a row out,
// FOR_EACH_VECTOR over it, the shape of each argument said where it is declared (kernel_table.h).
#ifndef SIMD_LAYERNORM_H
#define SIMD_LAYERNORM_H

#include "vector.h"

#define LAYERNORM_EPSILON 1e-5f

static void layernorm_forward_row(float *out, float *mean, float *rstd, const float *inp,
                                  const float *weight, const float *bias, size_t C) {
    vf sum = v_zero();
    FOR_EACH_VECTOR(i, C, sum += LOAD(inp + i););
    const float m = v_sum_lanes(sum) / (float)C;

    // A second pass for the variance: subtracting squares of sums would cancel. The lanes past the
    // end of the row were loaded as zero and must not count as 0 - m.
    vf squares = v_zero();
    FOR_EACH_VECTOR(i, C, {
        const vf shift = LOAD(inp + i) - v_splat(m);
        squares += v_keep_first(shift * shift, lanes);
    });
    const float s = 1.0f / sqrtf(v_sum_lanes(squares) / (float)C + LAYERNORM_EPSILON);

    FOR_EACH_VECTOR(i, C, {
        const vf normalised = (LOAD(inp + i) - v_splat(m)) * v_splat(s);
        STORE(out + i, v_fma(normalised, LOAD(weight + i), LOAD(bias + i)));
    });
    *mean = m;
    *rstd = s;
}

static void layernorm_backward_row(float *dinp, float *dweight, float *dbias, const float *dout,
                                   const float *inp, const float *weight, float mean, float rstd,
                                   size_t C) {
    // With n the normalised row and g = dout * weight:
    // dinp += rstd * (g - mean(g) - n * mean(g * n)).
    vf sum_g = v_zero();
    vf sum_gn = v_zero();
    FOR_EACH_VECTOR(i, C, {
        const vf n = (LOAD(inp + i) - v_splat(mean)) * v_splat(rstd);
        const vf d = LOAD(dout + i);
        const vf g = d * LOAD(weight + i);
        sum_g += g;
        sum_gn = v_fma(g, n, sum_gn);
        STORE(dbias + i, LOAD(dbias + i) + d);
        STORE(dweight + i, v_fma(d, n, LOAD(dweight + i)));
    });
    const vf mean_g = v_splat(v_sum_lanes(sum_g) / (float)C);
    const vf mean_gn = v_splat(v_sum_lanes(sum_gn) / (float)C);

    FOR_EACH_VECTOR(i, C, {
        const vf n = (LOAD(inp + i) - v_splat(mean)) * v_splat(rstd);
        const vf g = LOAD(dout + i) * LOAD(weight + i);
        STORE(dinp + i, v_fma(g - mean_g - n * mean_gn, v_splat(rstd), LOAD(dinp + i)));
    });
}

#endif
