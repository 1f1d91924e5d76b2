// Attention of a single query over cached keys and values: three passes over blocks of keys that a
// running softmax joins, limited by how fast memory delivers keys and values. Also the weights of
// all keys, for those who want to look at them.
#ifndef SIMD_ATTENTION_ROW_H
#define SIMD_ATTENTION_ROW_H

#include "elements_simd.h"
#include "math_simd.h"
#include "pack_simd.h"

// Keys in a block: their scores stay in the nearest cache.
#define ROW_KEYS 512
// Keys multiplied side by side, and vectors of values summed at once.
#define SIDE_BY_SIDE 4

// scores[i] = q . key i, for SIDE_BY_SIDE keys.
ALWAYS_INLINE void score_keys(float *scores, const float *q, const void *keys,
                              const ck_element_type type, size_t first, size_t HS) {
    vf acc[LANES];
    for (int i = 0; i < SIDE_BY_SIDE; i++)
        acc[i] = v_zero();
    FOR_EACH_VECTOR(d, HS, {
        const vf x = LOAD(q + d);
        for (int i = 0; i < SIDE_BY_SIDE; i++)
            acc[i] = v_fma(x, load_floats(type, keys, (first + (size_t)i) * HS + d, lanes), acc[i]);
    });
    sum_lanes_of_four(scores, acc);
}

// The same for a single key.
ALWAYS_INLINE float score_key(const float *q, const void *keys, const ck_element_type type,
                              size_t key, size_t HS) {
    vf acc = v_zero();
    FOR_EACH_VECTOR(d, HS,
                    acc = v_fma(LOAD(q + d), load_floats(type, keys, key * HS + d, lanes), acc););
    return v_sum_lanes(acc);
}

// out[d] += the sum over keys of weights[key] * value[d], for some vectors of d.
ALWAYS_INLINE void add_values(float *out, const float *weights, const void *values,
                              const ck_element_type type, size_t first, size_t count, size_t HS,
                              size_t d, const int vectors, size_t lanes) {
    vf even[SIDE_BY_SIDE], odd[SIDE_BY_SIDE];
    for (int v = 0; v < vectors; v++) {
        even[v] = LOAD(out + d + (size_t)v * LANES);
        odd[v] = v_zero();
    }
    size_t key = 0;
    for (; key + 2 <= count; key += 2) {
        const vf p = v_splat(weights[key]), p_odd = v_splat(weights[key + 1]);
        const size_t at = (first + key) * HS + d;
        for (int v = 0; v < vectors; v++) {
            even[v] = v_fma(p, load_floats(type, values, at + (size_t)v * LANES, lanes), even[v]);
            odd[v] =
                v_fma(p_odd, load_floats(type, values, at + HS + (size_t)v * LANES, lanes), odd[v]);
        }
    }
    for (int v = 0; v < vectors; v++) {
        if (key < count)
            even[v] =
                v_fma(v_splat(weights[key]),
                      load_floats(type, values, (first + key) * HS + d + (size_t)v * LANES, lanes),
                      even[v]);
        STORE(out + d + (size_t)v * LANES, even[v] + odd[v]);
    }
}

// For heads of half a vector, as the smallest models have: two keys or values fill one vector.
#define NARROW_HEAD (LANES / 2)

// scores[i] = q . key i, for 2 * SIDE_BY_SIDE keys.
ALWAYS_INLINE void score_narrow_keys(float *scores, const float *q, const float *keys) {
    float twice[LANES];
    __builtin_memcpy(twice, q, NARROW_HEAD * sizeof *q);
    __builtin_memcpy(twice + NARROW_HEAD, q, NARROW_HEAD * sizeof *q);
    vf products[LANES];
    for (int i = 0; i < SIDE_BY_SIDE; i++)
        products[i] = v_load(twice) * v_load(keys + i * LANES);
    // The results of the first halves of all vectors come first.
    interleave(products, SIDE_BY_SIDE);
    const four_floats even = sum_every_fourth(products[0] + products[1]);
    const four_floats odd = sum_every_fourth(products[2] + products[3]);
    for (int i = 0; i < SIDE_BY_SIDE; i++) {
        scores[2 * i] = even[i];
        scores[2 * i + 1] = odd[i];
    }
}

// out += the sum over 2 * SIDE_BY_SIDE * blocks keys of weights[key] * value.
ALWAYS_INLINE void add_narrow_values(float *out, const float *weights, const float *values,
                                     size_t blocks) {
    const vi is_first_half = v_lane_index() < NARROW_HEAD;
    vf acc[SIDE_BY_SIDE];
    for (int i = 0; i < SIDE_BY_SIDE; i++)
        acc[i] = v_zero();
    for (size_t pair = 0; pair < blocks * SIDE_BY_SIDE; pair += SIDE_BY_SIDE)
        for (size_t i = 0; i < SIDE_BY_SIDE; i++) {
            const float *two = weights + 2 * (pair + i);
            const vf p = v_select(is_first_half, v_splat(two[0]), v_splat(two[1]));
            acc[i] = v_fma(p, v_load(values + (pair + i) * LANES), acc[i]);
        }
    float lanes[LANES];
    v_store(lanes, (acc[0] + acc[1]) + (acc[2] + acc[3]));
    for (int i = 0; i < NARROW_HEAD; i++)
        out[i] += lanes[i] + lanes[i + NARROW_HEAD];
}

// The scores of `count` keys. Returns how many blocks of 2 * SIDE_BY_SIDE of them were narrow.
ALWAYS_INLINE size_t score_block(float *scores, const float *q, const void *keys,
                                 const ck_element_type type, size_t first, size_t count,
                                 size_t HS) {
    const bool is_narrow = HS == NARROW_HEAD && type == CK_FLOAT32;
    size_t key = 0;
    const size_t narrow_blocks = is_narrow ? count / (2 * SIDE_BY_SIDE) : 0;
    for (size_t block = 0; block < narrow_blocks; block++, key += 2 * SIDE_BY_SIDE)
        score_narrow_keys(scores + key, q, (const float *)keys + (first + key) * HS);
    for (; key + SIDE_BY_SIDE <= count; key += SIDE_BY_SIDE)
        score_keys(scores + key, q, keys, type, first + key, HS);
    for (; key < count; key++)
        scores[key] = score_key(q, keys, type, first + key, HS);
    return narrow_blocks;
}

ALWAYS_INLINE float largest_score(const float *scores, size_t count) {
    vf largest = v_splat(-INFINITY);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        largest = v_max(largest, v_load(scores + i));
    float result = v_max_lanes(largest);
    for (; i < count; i++)
        result = fmaxf(result, scores[i]);
    return result;
}

// Turns scores into exp((score - offset) * scale), and returns their sum.
ALWAYS_INLINE float exponentiate(float *scores, float offset, float scale, size_t count) {
    vf sum = v_zero();
    FOR_EACH_VECTOR(i, count, {
        const vf e = v_exp((LOAD(scores + i) - v_splat(offset)) * v_splat(scale));
        STORE(scores + i, e);
        sum += v_keep_first(e, lanes);
    });
    return v_sum_lanes(sum);
}

ALWAYS_INLINE void attend_row(float *out, const float *q, const void *keys, const void *values,
                              const ck_element_type type, float scale, size_t visible, size_t HS) {
    float scores[ROW_KEYS];
    float maximum = -INFINITY, sum = 0;
    FOR_EACH_VECTOR(d, HS, STORE(out + d, v_zero()););
    for (size_t first = 0; first < visible; first += ROW_KEYS) {
        const size_t count = visible - first < ROW_KEYS ? visible - first : ROW_KEYS;
        const size_t narrow_blocks = score_block(scores, q, keys, type, first, count, HS);

        const float larger = fmaxf(maximum, largest_score(scores, count));
        const float kept = first == 0 ? 0 : expf((maximum - larger) * scale);
        sum = sum * kept + exponentiate(scores, larger, scale, count);
        maximum = larger;
        if (first > 0)
            FOR_EACH_VECTOR(d, HS, STORE(out + d, LOAD(out + d) * v_splat(kept)););

        const size_t done = narrow_blocks * 2 * SIDE_BY_SIDE;
        if (done > 0)
            add_narrow_values(out, scores, (const float *)values + first * HS, narrow_blocks);
        size_t d = 0;
        for (; d + SIDE_BY_SIDE * LANES <= HS; d += SIDE_BY_SIDE * LANES)
            add_values(out, scores, values, type, first, count, HS, d, SIDE_BY_SIDE, LANES);
        for (; d + LANES <= HS; d += LANES)
            add_values(out, scores, values, type, first, count, HS, d, 1, LANES);
        if (d < HS)
            add_values(out, scores + done, values, type, first + done, count - done, HS, d, 1,
                       HS - d);
    }
    const vf factor = v_splat(1 / sum);
    FOR_EACH_VECTOR(d, HS, STORE(out + d, LOAD(out + d) * factor););
}

static void attention_row(float *out, const float *q, const void *keys, const void *values,
                          ck_element_type type, float scale, size_t visible, size_t HS) {
    if (type == CK_BFLOAT16)
        attend_row(out, q, keys, values, CK_BFLOAT16, scale, visible, HS);
    else
        attend_row(out, q, keys, values, CK_FLOAT32, scale, visible, HS);
}

static void attention_weights(float *out, const float *q, const void *keys, ck_element_type type,
                              float scale, size_t visible, size_t HS) {
    if (type == CK_BFLOAT16)
        score_block(out, q, keys, CK_BFLOAT16, 0, visible, HS);
    else
        score_block(out, q, keys, CK_FLOAT32, 0, visible, HS);
    exponentiate(out, largest_score(out, visible), scale, visible);
    // In double, and over the powers as they are stored, so that a long row sums to 1 as well as a
    // short one.
    vd sum = {0};
    FOR_EACH_VECTOR(i, visible, sum += __builtin_convertvector(LOAD(out + i), vd););
    const vf factor = v_splat((float)(1 / v_sum_doubles(&sum)));
    FOR_EACH_VECTOR(i, visible, STORE(out + i, LOAD(out + i) * factor););
}

#endif
