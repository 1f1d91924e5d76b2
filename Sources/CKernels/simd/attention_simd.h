// The elementwise half of attention, on a tile of transposed scores: a row is a key and a lane is a
// query, so maxima and sums over keys are vertical and lanes never interact.
#ifndef SIMD_ATTENTION_H
#define SIMD_ATTENTION_H

#include "../microkernels.h"
#include "dropout_simd.h"
#include "elements_simd.h"
#include "math_simd.h"

// Keys whose maxima are taken side by side, because each comparison waits for the one before.
#define KEYS_SIDE_BY_SIDE 4

// Which keys that are computed for a vector of queries are hidden from some of them: those after
// the query, or also those before its start. A constant at every call below.
typedef enum { NOTHING_HIDDEN, LATER_HIDDEN, EARLIER_HIDDEN } hidden_keys;

// x, or `other` where key j is invisible to queries q, q + 1, ...; `starts` are counted from the
// tile's first key.
ALWAYS_INLINE vf mask(vf x, float other, const hidden_keys hidden, size_t q, size_t j,
                      ptrdiff_t diagonal, vi starts) {
    if (hidden == NOTHING_HIDDEN)
        return x;
    const vi earliest = (vi)v_zero() + (int32_t)((ptrdiff_t)j - diagonal - (ptrdiff_t)q);
    vi visible = v_lane_index() >= earliest;
    if (hidden == EARLIER_HIDDEN)
        visible &= starts <= (int32_t)j;
    return v_select(visible, x, v_splat(other));
}

// What is hidden from some of the `lanes` queries from q on, so that only vectors that need it are
// masked.
ALWAYS_INLINE hidden_keys hidden_from(const ck_attention_tile *tile, size_t q, size_t lanes) {
    // Starts never fall: the last query has the latest.
    if (tile->starts && float_bits(tile->starts[q + lanes - 1]) > tile->key)
        return EARLIER_HIDDEN;
    const ptrdiff_t last_key = (ptrdiff_t)ck_keys_of_step(tile, q) - 1;
    return last_key > (ptrdiff_t)q + tile->diagonal ? LATER_HIDDEN : NOTHING_HIDDEN;
}

// Runs `body` with `hidden` and `drops` as constants, for the queries of a vector.
#define WITH_LIMITS(tile, q, lanes, body)                                                          \
    do {                                                                                           \
        const hidden_keys found = hidden_from(tile, q, lanes);                                     \
        if ((tile)->dropout.low)                                                                   \
            WITH_HIDDEN(found, true, body);                                                        \
        else                                                                                       \
            WITH_HIDDEN(found, false, body);                                                       \
    } while (0)

#define WITH_HIDDEN(found, drop, body)                                                             \
    do {                                                                                           \
        const bool drops = drop;                                                                   \
        if ((found) == EARLIER_HIDDEN) {                                                           \
            const hidden_keys hidden = EARLIER_HIDDEN;                                             \
            body;                                                                                  \
        } else if ((found) == LATER_HIDDEN) {                                                      \
            const hidden_keys hidden = LATER_HIDDEN;                                               \
            body;                                                                                  \
        } else {                                                                                   \
            const hidden_keys hidden = NOTHING_HIDDEN;                                             \
            body;                                                                                  \
        }                                                                                          \
    } while (0)

// What dropout multiplies the probabilities of key j by, for queries with these seeds.
ALWAYS_INLINE vf kept(const ck_attention_tile *tile, size_t j, vf low, vf high) {
    const vu columns = (vu){0} + (uint32_t)(tile->key + j);
    return v_dropout_factors(v_dropout_numbers((vu)low, (vu)high, columns), tile->dropout.threshold,
                             tile->dropout.scale);
}

// The larger; b where a is NaN.
ALWAYS_INLINE vf v_larger(vf a, vf b) { return v_select(a > b, a, b); }

// The softmax of one vector of queries from query q on.
ALWAYS_INLINE void softmax_vector(const ck_attention_tile *tile, float *scores, size_t ld,
                                  float *maximum, float *sum, float *rescale, float scale,
                                  const hidden_keys hidden, const bool drops, size_t q,
                                  size_t lanes) {
    const size_t keys = ck_keys_of_step(tile, q);
    const ptrdiff_t diagonal = tile->diagonal;
    const vi starts =
        hidden == EARLIER_HIDDEN ? (vi)LOAD(tile->starts + q) - (int32_t)tile->key : (vi){0};
    const vf low = drops ? LOAD(tile->dropout.low + q) : v_zero();
    const vf high = drops ? LOAD(tile->dropout.high + q) : v_zero();
    vf largest[KEYS_SIDE_BY_SIDE];
    for (int i = 0; i < KEYS_SIDE_BY_SIDE; i++)
        largest[i] = v_splat(-INFINITY);
    size_t j = 0;
    for (; j + KEYS_SIDE_BY_SIDE <= keys; j += KEYS_SIDE_BY_SIDE)
        for (size_t i = 0; i < KEYS_SIDE_BY_SIDE; i++)
            largest[i] = v_larger(mask(LOAD(scores + (j + i) * ld + q), -INFINITY, hidden, q, j + i,
                                       diagonal, starts),
                                  largest[i]);
    for (; j < keys; j++)
        largest[0] = v_larger(
            mask(LOAD(scores + j * ld + q), -INFINITY, hidden, q, j, diagonal, starts), largest[0]);
    const vf earlier = LOAD(maximum + q);
    const vf here = v_larger(v_larger(largest[0], largest[1]), v_larger(largest[2], largest[3]));
    const vf m = v_larger(here * v_splat(scale), earlier);
    vf total = v_zero();
    for (j = 0; j < keys; j++) {
        float *score = scores + j * ld + q;
        const vf p =
            mask(v_exp(v_fma(LOAD(score), v_splat(scale), -m)), 0, hidden, q, j, diagonal, starts);
        total += p;
        STORE(score, drops ? p * kept(tile, j, low, high) : p);
    }
    vf factor = v_exp(earlier - m);
    // A query that has seen no key yet has nothing to rescale.
    if (hidden == EARLIER_HIDDEN)
        factor = v_select(m == v_splat(-INFINITY), v_splat(1), factor);
    STORE(rescale + q, factor);
    STORE(sum + q, v_fma(LOAD(sum + q), factor, total));
    STORE(maximum + q, m);
}

static void attention_softmax(const ck_attention_tile *tile, float *scores, size_t ld,
                              float *maximum, float *sum, float *rescale, float scale) {
    FOR_EACH_VECTOR(q, tile->queries, {
        if (ck_keys_of_step(tile, q) == 0)
            STORE(rescale + q, v_splat(1));
        else
            WITH_LIMITS(tile, q, lanes,
                        softmax_vector(tile, scores, ld, maximum, sum, rescale, scale, hidden,
                                       drops, q, lanes));
    });
}

ALWAYS_INLINE void gradient_vector(const ck_attention_tile *tile, float *scores, float *grads,
                                   size_t ld, const float *lse, const float *dot, float scale,
                                   const hidden_keys hidden, const bool drops, size_t q,
                                   size_t lanes) {
    const size_t keys = ck_keys_of_step(tile, q);
    const ptrdiff_t diagonal = tile->diagonal;
    const vi starts =
        hidden == EARLIER_HIDDEN ? (vi)LOAD(tile->starts + q) - (int32_t)tile->key : (vi){0};
    const vf low = drops ? LOAD(tile->dropout.low + q) : v_zero();
    const vf high = drops ? LOAD(tile->dropout.high + q) : v_zero();
    const vf row_lse = LOAD(lse + q);
    const vf row_dot = LOAD(dot + q);
    for (size_t j = 0; j < keys; j++) {
        float *score = scores + j * ld + q;
        float *grad = grads + j * ld + q;
        const vf p = mask(v_exp(v_fma(LOAD(score), v_splat(scale), -row_lse)), 0, hidden, q, j,
                          diagonal, starts);
        if (drops) {
            const vf factor = kept(tile, j, low, high);
            STORE(score, p * factor);
            STORE(grad, p * (LOAD(grad) * factor - row_dot) * v_splat(scale));
        } else {
            STORE(score, p);
            STORE(grad, p * (LOAD(grad) - row_dot) * v_splat(scale));
        }
    }
}

static void attention_gradient(const ck_attention_tile *tile, float *scores, float *grads,
                               size_t ld, const float *lse, const float *dot, float scale) {
    FOR_EACH_VECTOR(q, tile->queries,
                    WITH_LIMITS(tile, q, lanes,
                                gradient_vector(tile, scores, grads, ld, lse, dot, scale, hidden,
                                                drops, q, lanes)););
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
