// One row of input times the weights that linear_strips_simd.h multiplies with several, to the same
// bits: the same integer sums, scaled and added in the same order. Weights are read in place, in
// GROUP_ROWS long streams, and the sums are transposed instead.
#ifndef SIMD_LINEAR_ALONE_H
#define SIMD_LINEAR_ALONE_H

#include "linear_strips_simd.h"

typedef float v_four_floats __attribute__((vector_size(16), aligned(4), may_alias));

// The sums of four blocks of four rows: lane 4 * i + r is of block first + i * apart, row r.
ALWAYS_INLINE vi sums_of_blocks(const product_group *g, const int16_t *x, size_t first,
                                size_t apart, size_t last) {
    vi sums[LANES];
    for (size_t i = 0; i < 4; i++) {
        // Blocks past the last have scales of 0.
        const size_t block = first + i * apart < last ? first + i * apart : last;
        const vw words = *(const vw_unaligned *)(x + block * CK_BLOCK);
        for (int r = 0; r < GROUP_ROWS; r++) {
            const vw w =
                __builtin_convertvector(*(const vb *)(g->values[r] + block * CK_BLOCK), vw);
            sums[4 * i + (size_t)r] = v_add_pairs((vi){0}, w, words);
        }
    }
    return sum_each(sums);
}

// acc[r] += the products of up to LANES blocks of row r from `first` on.
ALWAYS_INLINE v_four_floats add_blocks_alone(v_four_floats acc, const product_group *g,
                                             const ck_element_type type, const int16_t *x,
                                             const float *x_scales, size_t first, size_t count) {
    // Vector j has blocks j, j + apart, j + 2 * apart and j + 3 * apart.
    const size_t apart = (count + 3) / 4;
    const vi places = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};
    const vi fours = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};
    const vi order = places + fours * (int32_t)apart;
    vi scales[GROUP_ROWS];
    for (int r = 0; r < GROUP_ROWS; r++)
        scales[r] = (vi)v_pick(load_scales(type, g->scales[r], first, count), order);
    turn_fours(scales);
    const vf of_input = v_pick(v_load(x_scales + first), order);

    vf sums[4], factors[4];
#define MULTIPLY_FOURS(j)                                                                          \
    if (j < apart) {                                                                               \
        for (int r = 0; r < GROUP_ROWS; r++)                                                       \
            __builtin_prefetch(g->values[r] + (first + j * 4) * CK_BLOCK + FETCH_AHEAD);           \
        for (int r = 0; r < GROUP_ROWS; r++)                                                       \
            __builtin_prefetch(g->values[r] + (first + j * 4 + 2) * CK_BLOCK + FETCH_AHEAD);       \
        const vi whole = sums_of_blocks(g, x, first + j, apart, first + count - 1);                \
        sums[j] = __builtin_convertvector(whole, vf);                                              \
        factors[j] =                                                                               \
            (vf)scales[j] * __builtin_shufflevector(of_input, of_input, j, j, j, j, 4 + j, 4 + j,  \
                                                    4 + j, 4 + j, 8 + j, 8 + j, 8 + j, 8 + j,      \
                                                    12 + j, 12 + j, 12 + j, 12 + j);               \
    }
    MULTIPLY_FOURS(0)
    MULTIPLY_FOURS(1)
    MULTIPLY_FOURS(2)
    MULTIPLY_FOURS(3)
#undef MULTIPLY_FOURS
#define FOUR_OF(v, i) __builtin_shufflevector(v, v, 4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3)
#define ADD_FOUR(i, j)                                                                             \
    if (j < apart)                                                                                 \
        acc = __builtin_elementwise_fma(FOUR_OF(sums[j], i), FOUR_OF(factors[j], i), acc);
#define ADD_FOURS(i) ADD_FOUR(i, 0) ADD_FOUR(i, 1) ADD_FOUR(i, 2) ADD_FOUR(i, 3)
    ADD_FOURS(0)
    ADD_FOURS(1)
    ADD_FOURS(2)
    ADD_FOURS(3)
#undef FOUR_OF
#undef ADD_FOUR
#undef ADD_FOURS
    return acc;
}

// out[i] = row `row` + i of the weights times row `n` of the input, i < rows.
ALWAYS_INLINE void multiply_alone(float *out, const ck_matrix *weight, size_t row, size_t rows,
                                  const ck_linear_input *inp, size_t n,
                                  const ck_element_type type) {
    const size_t row_bytes = bytes_of_row(type, weight->cols);
    const size_t scale_bytes = scale_bytes_of_row(type, weight->cols);
    const size_t step = (rows + GROUP_ROWS - 1) / GROUP_ROWS;
    const int16_t *x = inp->words + n * inp->ld_words;
    const float *x_scales = inp->scales + n * inp->ld_blocks;
    const size_t blocks = row_blocks(weight->cols);
    for (size_t i = 0; i < step; i++) {
        product_group g;
        for (size_t r = 0; r < GROUP_ROWS; r++) {
            const size_t at = row + (i + r * step < rows ? i + r * step : i);
            g.values[r] = (const char *)weight->values + at * row_bytes;
            g.scales[r] = (const char *)weight->scales + at * scale_bytes;
        }
        v_four_floats acc = {0};
        for (size_t first = 0; first < blocks; first += LANES) {
            for (int r = 0; r < GROUP_ROWS; r++)
                __builtin_prefetch(g.scales[r] + first * scale_bytes_of_row(type, CK_BLOCK) +
                                   FETCH_SCALES_AHEAD);
            const size_t count = blocks - first < LANES ? blocks - first : LANES;
            acc = add_blocks_alone(acc, &g, type, x, x_scales, first, count);
        }
        for (size_t r = 0; r < GROUP_ROWS && i + r * step < rows; r++)
            out[i + r * step] = acc[r];
    }
}

#endif
