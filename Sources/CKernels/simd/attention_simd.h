// The elementwise half of attention, on a tile of transposed scores: a row is a key and a lane is a
// query, so maxima and sums over keys are vertical and no lane ever talks to another.
#ifndef SIMD_ATTENTION_H
#define SIMD_ATTENTION_H

#include "math_simd.h"

// All bits set in the lanes of queries first, first + 1, ... that may see key j.
ALWAYS_INLINE vi visible(size_t first, size_t key, ptrdiff_t diagonal) {
    const vi earliest = (vi)v_zero() + (int32_t)((ptrdiff_t)key - diagonal - (ptrdiff_t)first);
    return v_lane_index() >= earliest;
}

static void attention_softmax(float *scores, size_t ld, float *maximum, float *sum, float *rescale,
                              float scale, size_t keys, size_t queries, ptrdiff_t diagonal) {
    const vf minus_infinity = v_splat(-INFINITY);
    FOR_EACH_VECTOR(q, queries, {
        const bool masked = (ptrdiff_t)keys - 1 > (ptrdiff_t)q + diagonal;
        const vf old_maximum = LOAD(maximum + q);
        vf m = old_maximum;
        for (size_t j = 0; j < keys; j++) {
            vf s = LOAD(scores + j * ld + q);
            if (masked) {
                s = v_select(visible(q, j, diagonal), s, minus_infinity);
                STORE(scores + j * ld + q, s);
            }
            m = v_max(m, s);
        }
        vf total = v_zero();
        for (size_t j = 0; j < keys; j++) {
            const vf p = v_exp((LOAD(scores + j * ld + q) - m) * v_splat(scale));
            total += p;
            STORE(scores + j * ld + q, p);
        }
        const vf factor = v_exp((old_maximum - m) * v_splat(scale));
        STORE(rescale + q, factor);
        STORE(sum + q, v_fma(LOAD(sum + q), factor, total));
        STORE(maximum + q, m);
    });
}

static void attention_gradient(float *scores, float *grads, size_t ld, const float *lse,
                               const float *dot, float scale, size_t keys, size_t queries,
                               ptrdiff_t diagonal) {
    FOR_EACH_VECTOR(q, queries, {
        const bool masked = (ptrdiff_t)keys - 1 > (ptrdiff_t)q + diagonal;
        const vf row_lse = LOAD(lse + q);
        const vf row_dot = LOAD(dot + q);
        for (size_t j = 0; j < keys; j++) {
            float *score = scores + j * ld + q;
            float *grad = grads + j * ld + q;
            vf p = v_exp(v_fma(LOAD(score), v_splat(scale), -row_lse));
            if (masked)
                p = v_select(visible(q, j, diagonal), p, v_zero());
            STORE(score, p);
            STORE(grad, p * (LOAD(grad) - row_dot) * v_splat(scale));
        }
    });
}

#endif
