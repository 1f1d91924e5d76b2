// Transposing rows into the panels that gemm.h reads: what is k-contiguous in memory must be
// row-contiguous (A) or column-contiguous (B) in a panel.
#ifndef SIMD_PACK_H
#define SIMD_PACK_H

#include "vector.h"

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

#endif
