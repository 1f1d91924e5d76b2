// Transposing rows into the panels that gemm.h reads: what is k-contiguous in memory must be
// row-contiguous (A) or column-contiguous (B) in a panel. Stored weights become floats on the way,
// or, for a processor that multiplies them, pairs of bfloat16.
#ifndef SIMD_PACK_H
#define SIMD_PACK_H

#include "elements_simd.h"
#include "vector_simd.h"

// Interleaves `rows` (a power of two) vectors: element p of row i moves to position p * rows + i of
// the sequence that v[0], v[1], ... then are. Each round doubles the interleaved groups.
ALWAYS_INLINE void interleave(vf *v, const int rows) {
    for (int round = 1; round < rows; round *= 2) {
        vf next[LANES];
        for (int i = 0; i < rows / 2; i++) {
            next[2 * i] = INTERLEAVE_LOW(v[i], v[i + rows / 2]);
            next[2 * i + 1] = INTERLEAVE_HIGH(v[i], v[i + rows / 2]);
        }
        for (int i = 0; i < rows; i++)
            v[i] = next[i];
    }
}

typedef float four_floats __attribute__((vector_size(16), aligned(4), may_alias));

// The sums of lanes i, i + 4, i + 8 ... for each i < 4.
ALWAYS_INLINE four_floats sum_every_fourth(vf x) {
    float lanes[LANES];
    v_store(lanes, x);
    four_floats total = *(const four_floats *)lanes;
    for (int i = 4; i < LANES; i += 4)
        total += *(const four_floats *)(lanes + i);
    return total;
}

// The sums of the lanes of four vectors.
ALWAYS_INLINE void sum_lanes_of_four(float *sums, vf *v) {
    interleave(v, 4);
    *(four_floats *)sums = sum_every_fourth((v[0] + v[1]) + (v[2] + v[3]));
}

// dst[p * ld + i] = src[i * lds + p] for i < group, p < k; rows from `rows` on are zero. `group` is
// a constant power of two: LANES, or less, and then ld. Of a group larger than ld only the first ld
// rows are kept.
ALWAYS_INLINE void transpose_group(float *dst, size_t ld, const float *src, size_t lds, size_t rows,
                                   size_t k, const int group) {
    size_t p = 0;
    for (; p + LANES <= k; p += LANES) {
        vf v[LANES];
        for (int i = 0; i < group; i++)
            v[i] = (size_t)i < rows ? v_load(src + i * lds + p) : v_zero();
        interleave(v, group);
        // One column of the group in each vector, or several that lie one after the other in dst.
        const size_t step = group == LANES ? ld : LANES;
        const bool overlaps = ld < (size_t)group;
        for (int i = 0; i < group - overlaps; i++)
            v_store(dst + p * ld + i * step, v[i]);
        // A column wider than ld runs into the next, which then overwrites it; the last must not.
        if (overlaps)
            v_store_partial(dst + p * ld + (group - 1) * step, v[group - 1], ld);
    }
    for (; p < k; p++)
        for (size_t i = 0; i < (size_t)group && i < ld; i++)
            dst[p * ld + i] = i < rows ? src[i * lds + p] : 0;
}

#if TILE_ROWS <= LANES && (TILE_ROWS & (TILE_ROWS - 1)) == 0
#define PACK_A_GROUP TILE_ROWS
#else
#define PACK_A_GROUP LANES
#endif

static void pack_a(float *dst, const float *src, size_t lds, size_t rows, size_t k) {
    for (size_t i = 0; i < TILE_ROWS; i += PACK_A_GROUP) {
        const size_t left = i < rows ? rows - i : 0;
        transpose_group(dst + i, TILE_ROWS, src + i * lds, lds, left, k, PACK_A_GROUP);
    }
}

static void pack_a_transposed(float *dst, const float *src, size_t lds, size_t rows, size_t k) {
    if (rows == TILE_ROWS) {
        for (size_t p = 0; p < k; p++)
            __builtin_memcpy(dst + p * TILE_ROWS, src + p * lds, TILE_ROWS * sizeof(float));
        return;
    }
    for (size_t p = 0; p < k; p++)
        for (size_t i = 0; i < TILE_ROWS; i++)
            dst[p * TILE_ROWS + i] = i < rows ? src[p * lds + i] : 0;
}

static void pack_b(float *dst, const float *src, size_t lds, size_t cols, size_t k) {
    for (size_t p = 0; p < k; p++) {
        const float *row = src + p * lds;
        float *packed = dst + p * TILE_VECTORS * LANES;
        FOR_EACH_VECTOR(j, cols, STORE(packed + j, LOAD(row + j)););
    }
}

static void pack_b_transposed(float *dst, size_t ldd, const float *src, size_t lds, size_t cols,
                              size_t k) {
    for (size_t j = 0; j < cols; j += LANES)
        transpose_group(dst + j, ldd, src + j * lds, lds, cols - j, k, LANES);
}

// Columns of weights turned into floats at once, on the way into a panel.
ALWAYS_INLINE void pack_b_weight_of(float *dst, const ck_element_type type, const ck_matrix *weight,
                                    size_t row, size_t cols, size_t p, size_t k) {
    const size_t ldd = TILE_VECTORS * LANES;
    if (type == CK_FLOAT32) {
        const float *values = (const float *)weight->values + row * weight->cols + p;
        pack_b_transposed(dst, ldd, values, weight->cols, cols, k);
        return;
    }
    float floats[LANES][CK_BLOCK];
    for (size_t j = 0; j < cols; j += LANES) {
        const size_t group = cols - j < LANES ? cols - j : LANES;
        for (size_t q = 0; q < k; q += CK_BLOCK) {
            const size_t left = k - q < CK_BLOCK ? k - q : CK_BLOCK;
            for (size_t i = 0; i < group; i++)
                copy_weights(floats[i], type, weight, row + j + i, p + q, left);
            transpose_group(dst + q * ldd + j, ldd, floats[0], CK_BLOCK, group, left, LANES);
        }
    }
}

static void pack_b_weight(float *dst, const ck_matrix *weight, size_t row, size_t cols, size_t p,
                          size_t k) {
#define PACK(type) pack_b_weight_of(dst, type, weight, row, cols, p, k)
    WITH_CONSTANT_TYPE(weight->type, PACK)
#undef PACK
}

#ifdef HAVE_DOT_PAIRS
static void pack_a_pairs(float *dst, const float *src, size_t lds, size_t rows, size_t k) {
    float pairs[TILE_ROWS][LANES];
    for (size_t p = 0; p < k; p += 2 * LANES) {
        const size_t left = k - p < 2 * LANES ? k - p : 2 * LANES;
        for (size_t i = 0; i < rows; i++) {
            const float *x = src + i * lds + p;
            const vf low = left >= LANES ? v_load(x) : v_load_partial(x, left);
            const vf high = left == 2 * LANES ? v_load(x + LANES)
                            : left > LANES    ? v_load_partial(x + LANES, left - LANES)
                                              : v_zero();
            v_store(pairs[i], v_pairs(low, high));
        }
        pack_a(dst + p / 2 * TILE_ROWS, pairs[0], LANES, rows, (left + 1) / 2);
    }
}

// Pairs already stand in a row of bfloat16, as the floats of a row half as long. NULL where they
// are not, or not where a float may be.
static const float *pairs_in_place(const ck_matrix *weight, size_t row, size_t p) {
    if (weight->type != CK_BFLOAT16 || weight->cols % 2 != 0)
        return NULL;
    const uint16_t *values = (const uint16_t *)weight->values + row * weight->cols + p;
    return (uintptr_t)values % sizeof(float) == 0 ? (const float *)(const void *)values : NULL;
}

// dst (LANES, rows LANES apart) = CK_BLOCK weights of each of `group` rows, rounded to
// bfloat16, in pairs; the other rows are zero.
ALWAYS_INLINE void pair_block(float *dst, const ck_element_type type, const ck_matrix *weight,
                              size_t row, size_t group, size_t block, size_t count) {
    for (size_t i = 0; i < LANES; i++) {
        vf w[BLOCK_VECTORS];
        if (i < group)
            load_weights(w, type, weight, row + i, block, count);
        for (int v = 0; v < BLOCK_VECTORS; v += 2)
            v_store(dst + i * LANES + (size_t)v / 2 * LANES,
                    i < group ? v_pairs(w[v], w[v + 1]) : v_zero());
    }
}

_Static_assert(CK_BLOCK == 2 * LANES, "a block of weights is a vector of pairs");

static void pack_b_weight_pairs(float *dst, const ck_matrix *weight, size_t row, size_t cols,
                                size_t p, size_t k) {
    const size_t ldd = TILE_VECTORS * LANES;
    const float *in_place = pairs_in_place(weight, row, p);
    if (in_place) {
        pack_b_transposed(dst, ldd, in_place, weight->cols / 2, cols, k / 2);
        return;
    }
    for (size_t j = 0; j < cols; j += LANES) {
        const size_t group = cols - j < LANES ? cols - j : LANES;
        for (size_t q = 0; q < k; q += CK_BLOCK) {
            const size_t left = k - q < CK_BLOCK ? k - q : CK_BLOCK;
            const size_t block = (p + q) / CK_BLOCK;
            float pairs[LANES * LANES] __attribute__((aligned(sizeof(vf))));
#define PAIR_BLOCK(type) pair_block(pairs, type, weight, row + j, group, block, left)
            WITH_CONSTANT_TYPE(weight->type, PAIR_BLOCK)
#undef PAIR_BLOCK
            transpose_group(dst + q / 2 * ldd + j, ldd, pairs, LANES, group, (left + 1) / 2, LANES);
        }
    }
}
#endif

#endif
