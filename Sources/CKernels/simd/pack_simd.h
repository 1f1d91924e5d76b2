// Packs operands into the tiles and panels that gemm_simd.h reads, where rows of A and columns of B
// are side by side. What is stored along k is transposed; what is stored across k is only moved.
// Elements of any type become floats or, on a processor that multiplies them, pairs of bfloat16.
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
// a constant power of two: LANES, or less, and then ld. If a group is larger than ld, only its
// first ld rows are kept.
ALWAYS_INLINE void transpose_group(float *dst, size_t ld, const float *src, size_t lds, size_t rows,
                                   size_t k, const int group) {
    size_t p = 0;
    for (; p + LANES <= k; p += LANES) {
        vf v[LANES];
        for (int i = 0; i < group; i++)
            v[i] = (size_t)i < rows ? v_load(src + i * lds + p) : v_zero();
        interleave(v, group);
        // One column of the group in each vector, or several that are consecutive in dst.
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

#define PANEL_COLS (TILE_VECTORS * LANES)

#ifndef HAVE_PAIRS
// The floats of low, then those of high, rounded to bfloat16, as a vector of pairs.
ALWAYS_INLINE vf v_pairs(vf low, vf high) {
    const vu16 halves[2] = {v_to_bfloat16(low), v_to_bfloat16(high)};
    vf pairs;
    __builtin_memcpy(&pairs, halves, sizeof pairs);
    return pairs;
}
#endif

// Lane i: the pair of low[i] and high[i], which are bfloat16.
ALWAYS_INLINE vf v_zip_bfloat16(vu16 low, vu16 high) {
    return (vf)(__builtin_convertvector(high, vu) << 16 | __builtin_convertvector(low, vu));
}

#ifndef HAVE_ZIP_PAIRS
// The same for floats, rounded to bfloat16.
ALWAYS_INLINE vf v_zip_pairs(vf low, vf high) {
    return v_zip_bfloat16(v_to_bfloat16(low), v_to_bfloat16(high));
}
#endif

// ---- Stored along k -----------------------------------------------------------------------------

// Where a matrix's rows already hold packed floats, `ld` per row: floats themselves, or pairs of
// bfloat16. NULL where they do not, or where the address is not aligned to a float.
ALWAYS_INLINE const float *packed_in_place(const ck_matrix *x, const ck_element_type type,
                                           size_t row, size_t p, const bool pairs, size_t *ld) {
    *ld = pairs ? x->cols / 2 : x->cols;
    if (type == CK_FLOAT32 && !pairs)
        return (const float *)x->values + row * x->cols + p;
    if (type != CK_BFLOAT16 || !pairs || x->cols % 2 != 0)
        return NULL;
    const uint16_t *values = (const uint16_t *)x->values + row * x->cols + p;
    return (uintptr_t)values % sizeof(float) == 0 ? (const float *)(const void *)values : NULL;
}

// line = `count` elements of a row from a block's first on, as floats or as pairs.
ALWAYS_INLINE void pack_line(float *line, const ck_element_type type, const ck_matrix *x,
                             size_t row, size_t block, size_t count, const bool pairs) {
    if (type == CK_BFLOAT16 && pairs) {
        const uint16_t *from = (const uint16_t *)x->values + row * x->cols + block * CK_BLOCK;
        if (count == CK_BLOCK) {
            __builtin_memcpy(line, from, CK_BLOCK * sizeof *from);
            return;
        }
        __builtin_memset(line, 0, CK_BLOCK * sizeof *from);
        __builtin_memcpy(line, from, count * sizeof *from);
        return;
    }
    vf w[BLOCK_VECTORS];
    load_weights(w, type, x, row, block, count);
    for (size_t v = 0; v < BLOCK_VECTORS; v += 1 + pairs)
        v_store(line + (pairs ? v / 2 : v) * LANES, pairs ? v_pairs(w[v], w[v + 1]) : w[v]);
}

// dst[q * ld + i] = packed float q of row `row` + i, for i < group; rows from `rows` on are zero.
ALWAYS_INLINE void pack_along(float *dst, size_t ld, const ck_element_type type, const ck_matrix *x,
                              size_t row, size_t rows, size_t p, size_t k, const bool pairs,
                              const int group) {
    const size_t depth = 1 + pairs;
    size_t in_place_ld;
    const float *in_place = packed_in_place(x, type, row, p, pairs, &in_place_ld);
    // The last element of an odd k is next to something that is not part of the sum.
    if (in_place && k % depth == 0) {
        transpose_group(dst, ld, in_place, in_place_ld, rows, k / depth, group);
        return;
    }
    float lines[LANES][CK_BLOCK];
    for (size_t q = 0; q < k; q += CK_BLOCK) {
        const size_t left = k - q < CK_BLOCK ? k - q : CK_BLOCK;
        for (size_t i = 0; i < (size_t)group && i < rows; i++)
            pack_line(lines[i], type, x, row + i, (p + q) / CK_BLOCK, left, pairs);
        transpose_group(dst + q / depth * ld, ld, lines[0], CK_BLOCK, rows,
                        (left + depth - 1) / depth, group);
    }
}

// ---- Stored across k ----------------------------------------------------------------------------

// `lanes` elements of row p from number `first` on, zero after them.
ALWAYS_INLINE vf load_across(const ck_element_type type, const ck_matrix *x, size_t p, size_t first,
                             size_t lanes) {
    if (!has_scales(type))
        return load_floats(type, x->values, p * x->cols + first, lanes);
    if (first % LANES == 0)
        return load_weight_vector(type, x, p, first, lanes);
    // A tile of six rows may straddle two blocks.
    float floats[2 * CK_BLOCK];
    const size_t block = first / CK_BLOCK;
    for (size_t i = 0; i < 2 && (block + i) * CK_BLOCK < first + lanes; i++) {
        vf w[BLOCK_VECTORS];
        load_weights(w, type, x, p, block + i, CK_BLOCK);
        for (size_t v = 0; v < BLOCK_VECTORS; v++)
            v_store(floats + i * CK_BLOCK + v * LANES, w[v]);
    }
    return v_load_partial(floats + first % CK_BLOCK, lanes);
}

// Packed float number p / depth of `lanes` rows of A or columns of B, from number `first` on.
// `last` is whether p is the last of an odd k.
ALWAYS_INLINE vf pack_vector(const ck_element_type type, const ck_matrix *x, size_t p, size_t first,
                             size_t lanes, const bool pairs, bool last) {
    if (type == CK_BFLOAT16 && pairs) {
        const uint16_t *from = (const uint16_t *)x->values + p * x->cols + first;
        const vu16 none = {0};
        return v_zip_bfloat16(load_16_bits(from, lanes),
                              last ? none : load_16_bits(from + x->cols, lanes));
    }
    const vf low = load_across(type, x, p, first, lanes);
    if (!pairs)
        return low;
    return v_zip_pairs(low, last ? v_zero() : load_across(type, x, p + 1, first, lanes));
}

// dst[q * width + i] = packed float q of number `first` + i, for i < count <= width.
ALWAYS_INLINE void pack_across(float *dst, const size_t width, const ck_element_type type,
                               const ck_matrix *x, size_t first, size_t count, size_t p, size_t k,
                               const bool pairs) {
    const size_t depth = 1 + pairs;
    for (size_t q = 0; q < k; q += depth, dst += width) {
        const bool last = pairs && q + 1 == k;
        FOR_EACH_VECTOR(
            i, count,
            v_store(dst + i, pack_vector(type, x, p + q, first + i, lanes, pairs, last)););
    }
}

// ---- Tiles and panels ---------------------------------------------------------------------------

// Along k, a tile of an operand stored across it touches only part of each cache line and the next
// tile touches the rest, so all tiles go through a few lines at a time.
#define LINES_AT_ONCE 16

ALWAYS_INLINE void pack_tile_across(float *dst, const ck_element_type type, const ck_matrix *x,
                                    size_t first, size_t rows, size_t p, size_t k,
                                    const bool pairs) {
    const size_t depth = 1 + pairs;
    for (size_t q = 0; q < k; q += depth, dst += TILE_ROWS) {
        if (type == CK_FLOAT32 && !pairs && rows == TILE_ROWS) {
            __builtin_memcpy(dst, (const float *)x->values + (p + q) * x->cols + first,
                             TILE_ROWS * sizeof(float));
            continue;
        }
        const bool last = pairs && q + 1 == k;
        for (size_t i = 0; i < TILE_ROWS; i += LANES) {
            const size_t stored = TILE_ROWS - i < LANES ? TILE_ROWS - i : LANES;
            const size_t left = rows > i ? rows - i : 0;
            const size_t lanes = left < stored ? left : stored;
            const vf x_q =
                lanes ? pack_vector(type, x, p + q, first + i, lanes, pairs, last) : v_zero();
            if (stored == LANES)
                v_store(dst + i, x_q);
            else
                v_store_partial(dst + i, x_q, stored);
        }
    }
}

ALWAYS_INLINE void pack_tiles(float *dst, const ck_element_type type, const ck_operand *a,
                              size_t row, size_t rows, size_t p, size_t k, const bool pairs) {
    const size_t depth = 1 + pairs;
    const size_t tile_floats = TILE_ROWS * ((k + depth - 1) / depth);
    const size_t step = a->along_k ? k : LINES_AT_ONCE;
    for (size_t q = 0; q < k; q += step) {
        const size_t columns = k - q < step ? k - q : step;
        float *tile = dst + q / depth * TILE_ROWS;
        for (size_t i = 0; i < rows; i += TILE_ROWS, tile += tile_floats) {
            const size_t left = rows - i < TILE_ROWS ? rows - i : TILE_ROWS;
            if (!a->along_k) {
                pack_tile_across(tile, type, &a->matrix, row + i, left, p + q, columns, pairs);
                continue;
            }
            for (size_t j = 0; j < TILE_ROWS; j += PACK_A_GROUP)
                pack_along(tile + j, TILE_ROWS, type, &a->matrix, row + i + j,
                           left > j ? left - j : 0, p + q, columns, pairs, PACK_A_GROUP);
        }
    }
}

ALWAYS_INLINE void pack_panel(float *dst, const size_t width, const ck_element_type type,
                              const ck_operand *b, size_t col, size_t cols, size_t p, size_t k,
                              const bool pairs) {
    if (!b->along_k) {
        pack_across(dst, width, type, &b->matrix, col, cols, p, k, pairs);
        return;
    }
    for (size_t j = 0; j < cols; j += LANES)
        pack_along(dst + j, width, type, &b->matrix, col + j, cols - j, p, k, pairs, LANES);
}

static void pack_a_floats(float *dst, const ck_operand *a, size_t row, size_t rows, size_t p,
                          size_t k) {
#define PACK(type) pack_tiles(dst, type, a, row, rows, p, k, false)
    WITH_CONSTANT_TYPE(a->matrix.type, PACK)
#undef PACK
}

static void pack_b_floats(float *dst, const ck_operand *b, size_t col, size_t cols, size_t p,
                          size_t k) {
#define PACK(type) pack_panel(dst, PANEL_COLS, type, b, col, cols, p, k, false)
    WITH_CONSTANT_TYPE(b->matrix.type, PACK)
#undef PACK
}

#ifdef HAVE_PAIRS
static void pack_a_pairs(float *dst, const ck_operand *a, size_t row, size_t rows, size_t p,
                         size_t k) {
#define PACK(type) pack_tiles(dst, type, a, row, rows, p, k, true)
    WITH_CONSTANT_TYPE(a->matrix.type, PACK)
#undef PACK
}

static void pack_b_pairs(float *dst, const ck_operand *b, size_t col, size_t cols, size_t p,
                         size_t k) {
#define PACK(type) pack_panel(dst, PANEL_COLS, type, b, col, cols, p, k, true)
    WITH_CONSTANT_TYPE(b->matrix.type, PACK)
#undef PACK
}
#endif

static void transpose(float *dst, size_t ldd, const float *src, size_t lds, size_t cols, size_t k) {
    for (size_t j = 0; j < cols; j += LANES)
        transpose_group(dst + j, ldd, src + j * lds, lds, cols - j, k, LANES);
}

#endif
