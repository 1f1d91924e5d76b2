// The elementwise half of attention, on a tile of transposed scores: a row is a key and a lane is a
// query, so maxima and sums over keys are vertical and no lane ever talks to another.
#ifndef SIMD_ATTENTION_H
#define SIMD_ATTENTION_H

#include "../microkernels.h"
#include "elements_simd.h"
#include "math_simd.h"

// Keys whose largest scores are sought side by side, as each comparison waits for the one before.
#define KEYS_SIDE_BY_SIDE 4

// All bits set in the lanes of queries first, first + 1, ... that may see key j.
ALWAYS_INLINE vi visible(size_t first, size_t key, ptrdiff_t diagonal) {
    const vi earliest = (vi)v_zero() + (int32_t)((ptrdiff_t)key - diagonal - (ptrdiff_t)first);
    return v_lane_index() >= earliest;
}

// x, or `other` where key j is invisible to queries first, first + 1, ... of a masked vector.
ALWAYS_INLINE vf mask(vf x, float other, const bool masked, size_t first, size_t key,
                      ptrdiff_t diagonal) {
    return masked ? v_select(visible(first, key, diagonal), x, v_splat(other)) : x;
}

// Whether query q does not see all the keys that are computed for it: no vector without such a
// query is masked. `masked` is a constant at every call below.
ALWAYS_INLINE bool hides_keys(const ck_attention_tile *tile, size_t q) {
    return (ptrdiff_t)ck_keys_of_step(tile, q) - 1 > (ptrdiff_t)q + tile->diagonal;
}

// The larger; b where a is NaN.
ALWAYS_INLINE vf v_larger(vf a, vf b) { return v_select(a > b, a, b); }

// The softmax of one vector of queries from query q on.
ALWAYS_INLINE void softmax_vector(const ck_attention_tile *tile, float *scores, size_t ld,
                                  float *maximum, float *sum, float *rescale, float scale,
                                  const bool masked, size_t q, size_t lanes) {
    const size_t keys = ck_keys_of_step(tile, q);
    const ptrdiff_t diagonal = tile->diagonal;
    vf largest[KEYS_SIDE_BY_SIDE];
    for (int i = 0; i < KEYS_SIDE_BY_SIDE; i++)
        largest[i] = v_splat(-INFINITY);
    size_t j = 0;
    for (; j + KEYS_SIDE_BY_SIDE <= keys; j += KEYS_SIDE_BY_SIDE)
        for (size_t i = 0; i < KEYS_SIDE_BY_SIDE; i++)
            largest[i] = v_larger(
                mask(LOAD(scores + (j + i) * ld + q), -INFINITY, masked, q, j + i, diagonal),
                largest[i]);
    for (; j < keys; j++)
        largest[0] = v_larger(mask(LOAD(scores + j * ld + q), -INFINITY, masked, q, j, diagonal),
                              largest[0]);
    const vf earlier = LOAD(maximum + q);
    const vf here = v_larger(v_larger(largest[0], largest[1]), v_larger(largest[2], largest[3]));
    const vf m = v_larger(here * v_splat(scale), earlier);
    vf total = v_zero();
    for (j = 0; j < keys; j++) {
        float *score = scores + j * ld + q;
        const vf p = mask(v_exp(v_fma(LOAD(score), v_splat(scale), -m)), 0, masked, q, j, diagonal);
        total += p;
        STORE(score, p);
    }
    const vf factor = v_exp(earlier - m);
    STORE(rescale + q, factor);
    STORE(sum + q, v_fma(LOAD(sum + q), factor, total));
    STORE(maximum + q, m);
}

static void attention_softmax(const ck_attention_tile *tile, float *scores, size_t ld,
                              float *maximum, float *sum, float *rescale, float scale) {
    FOR_EACH_VECTOR(q, tile->queries, {
        if (ck_keys_of_step(tile, q) == 0)
            STORE(rescale + q, v_splat(1));
        else if (hides_keys(tile, q))
            softmax_vector(tile, scores, ld, maximum, sum, rescale, scale, true, q, lanes);
        else
            softmax_vector(tile, scores, ld, maximum, sum, rescale, scale, false, q, lanes);
    });
}

ALWAYS_INLINE void gradient_vector(const ck_attention_tile *tile, float *scores, float *grads,
                                   size_t ld, const float *lse, const float *dot, float scale,
                                   const bool masked, size_t q, size_t lanes) {
    const size_t keys = ck_keys_of_step(tile, q);
    const ptrdiff_t diagonal = tile->diagonal;
    const vf row_lse = LOAD(lse + q);
    const vf row_dot = LOAD(dot + q);
    for (size_t j = 0; j < keys; j++) {
        float *score = scores + j * ld + q;
        float *grad = grads + j * ld + q;
        const vf p =
            mask(v_exp(v_fma(LOAD(score), v_splat(scale), -row_lse)), 0, masked, q, j, diagonal);
        STORE(score, p);
        STORE(grad, p * (LOAD(grad) - row_dot) * v_splat(scale));
    }
}

static void attention_gradient(const ck_attention_tile *tile, float *scores, float *grads,
                               size_t ld, const float *lse, const float *dot, float scale) {
    FOR_EACH_VECTOR(q, tile->queries, {
        if (hides_keys(tile, q))
            gradient_vector(tile, scores, grads, ld, lse, dot, scale, true, q, lanes);
        else
            gradient_vector(tile, scores, grads, ld, lse, dot, scale, false, q, lanes);
    });
}

static void load_rows(float *dst, ck_array src, size_t lds, size_t rows, size_t cols) {
    WITH_ARRAY_TYPE(type, src.type, {
        for (size_t row = 0; row < rows; row++)
            FOR_EACH_VECTOR(
                i, cols,
                STORE(dst + row * cols + i, load_floats(type, src.data, row * lds + i, lanes)););
    });
}

static void store_rows(ck_array dst, size_t ldd, const float *src, const float *factor, size_t rows,
                       size_t cols) {
    WITH_ARRAY_TYPE(type, dst.type, {
        for (size_t row = 0; row < rows; row++) {
            const vf f = v_splat(factor[row]);
            FOR_EACH_VECTOR(i, cols, {
                const vf x = LOAD(src + row * cols + i) * f;
                store_floats(type, dst.data, row * ldd + i, x, lanes);
            });
        }
    });
}

#endif
