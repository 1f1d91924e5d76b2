// Softmax of one row of logits, in two passes: its statistics, then exp(x - maximum) * scale.
#ifndef SIMD_SOFTMAX_H
#define SIMD_SOFTMAX_H

#include "math_simd.h"

static void softmax_stats(float *maximum, float *sum, const float *logits, size_t n) {
    vf m = v_splat(-INFINITY);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        m = v_max(m, v_load(logits + i));
    float row_maximum = v_max_lanes(m);
    for (; i < n; i++)
        row_maximum = fmaxf(row_maximum, logits[i]);

    // The maximum ignores NaN; the sum does not, so a NaN among the logits reaches the result.
    vf s = v_zero();
    FOR_EACH_VECTOR(j, n, {
        const vf e = v_exp(LOAD(logits + j) - v_splat(row_maximum));
        s += v_keep_first(e, lanes);
    });
    *maximum = row_maximum;
    *sum = v_sum_lanes(s);
}

static void softmax_write(float *out, const float *logits, float offset, float scale, size_t n) {
    FOR_EACH_VECTOR(i, n,
                    STORE(out + i, v_exp(LOAD(logits + i) - v_splat(offset)) * v_splat(scale)););
}

#endif
