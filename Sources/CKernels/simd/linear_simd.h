// Few rows of input times stored weights, limited by reading the weights from memory. A group of
// weight rows is read once, front to back, and multiplied with every row of input. Each result is
// summed in one vector whatever the group, so it does not depend on the rest of the group.
//
// Weights that are floats of any kind are multiplied as floats, the others as in
// linear_ints_simd.h.
#ifndef SIMD_LINEAR_H
#define SIMD_LINEAR_H

#include "linear_ints_simd.h"
#include "pack_simd.h"

ALWAYS_INLINE void add_float_blocks(vf acc[][GROUP_INPUTS], const product_group *g,
                                    const ck_element_type type, const int rows, const int N) {
    const size_t blocks = g->cols / CK_BLOCK;
    for (size_t block = 0; block < blocks; block++) {
        fetch_ahead(g, type, rows, block, 1);
        for (int r = 0; r < rows; r++) {
            vf w[BLOCK_VECTORS];
            load_block(w, type, g->values[r], block);
            for (int v = 0; v < BLOCK_VECTORS; v++)
                for (int n = 0; n < N; n++) {
                    const vf x = v_load(g->x[n] + block * CK_BLOCK + v * LANES);
                    acc[r][n] = v_fma(w[v], x, acc[r][n]);
                }
        }
    }
    const size_t done = blocks * CK_BLOCK;
    FOR_EACH_VECTOR(i, g->cols - done, {
        for (int r = 0; r < rows; r++) {
            const vf w = load_floats(type, g->values[r], done + i, lanes);
            for (int n = 0; n < N; n++)
                acc[r][n] = v_fma(w, LOAD(g->x[n] + done + i), acc[r][n]);
        }
    });
}

// `rows` rows of weights, at most GROUP_ROWS and `step` apart, times up to `widest` rows of input.
ALWAYS_INLINE void multiply_group(float *out, size_t ldo, const ck_matrix *weight, size_t row,
                                  size_t rows, size_t step, const ck_linear_input *inp,
                                  size_t first, size_t N, const ck_element_type type,
                                  const int widest) {
    const size_t row_bytes = bytes_of_row(type, weight->cols);
    const size_t scale_bytes = scale_bytes_of_row(type, weight->cols);
    product_group g = {.cols = weight->cols};
    g.values[0] = (const char *)weight->values + row * row_bytes;
    if (has_scales(type))
        g.scales[0] = (const char *)weight->scales + row * scale_bytes;
    for (int r = 1; r < GROUP_ROWS; r++) {
        const bool is_there = (size_t)r < rows;
        g.values[r] = g.values[r - 1] + (is_there ? step * row_bytes : 0);
        if (has_scales(type))
            g.scales[r] = g.scales[r - 1] + (is_there ? step * scale_bytes : 0);
    }
    for (int n = 0; n < widest; n++) {
        const size_t at = first + ((size_t)n < N ? (size_t)n : N - 1);
        g.x[n] = inp->floats + at * weight->cols;
        if (has_scales(type)) {
            g.words[n] = inp->words + at * inp->ld_words;
            g.bytes[n] = inp->bytes + at * inp->ld_words * sizeof(int16_t);
            g.x_scales[n] = inp->scales + at * inp->ld_blocks;
            g.x_offsets[n] = inp->offsets + at * inp->ld_blocks;
        }
    }

    vf acc[GROUP_ROWS][GROUP_INPUTS];
    for (int r = 0; r < GROUP_ROWS; r++)
        for (int n = 0; n < widest; n++)
            acc[r][n] = v_zero();
    if (has_scales(type))
        add_int_blocks(acc, &g, type, GROUP_ROWS, widest);
    else
        add_float_blocks(acc, &g, type, GROUP_ROWS, widest);
    for (int n = 0; n < widest && (size_t)n < N; n++) {
        vf of_rows[LANES];
        for (int r = 0; r < GROUP_ROWS; r++)
            of_rows[r] = acc[r][n];
        float sums[GROUP_ROWS];
        sum_lanes_of_four(sums, of_rows);
        float *to = out + (first + (size_t)n) * ldo;
        for (size_t r = 0; r < rows; r++)
            to[r * step] = sums[r];
    }
}

ALWAYS_INLINE void multiply_rows(float *out, size_t ldo, const ck_matrix *weight, size_t row,
                                 size_t rows, const ck_linear_input *inp, size_t N,
                                 const ck_element_type type) {
    // The rows of a group are spread over the matrix: memory is read in GROUP_ROWS long streams.
    const size_t step = (rows + GROUP_ROWS - 1) / GROUP_ROWS;
    for (size_t r = 0; r < step; r++) {
        const size_t some = (rows - r + step - 1) / step;
#define MULTIPLY_GROUP(widest)                                                                     \
    multiply_group(out + r, ldo, weight, row + r, some, step, inp, n, N - n, type, widest)
        for (size_t n = 0; n < N; n += GROUP_INPUTS) {
            if (N - n == 1)
                MULTIPLY_GROUP(1);
            else if (N - n == 2)
                MULTIPLY_GROUP(2);
            else
                MULTIPLY_GROUP(GROUP_INPUTS);
        }
#undef MULTIPLY_GROUP
    }
}

#ifdef HAVE_STRIPS
// multiply_NAME does the same for whole bytes: strip by strip or, for a single row of input, in
// place. Each way is a function of its own: inlined into one, they would share its registers.
#define STRIP_FUNCTION(name, type, widest)                                                         \
    static __attribute__((noinline)) void name(                                                    \
        float *out, size_t ldo, const ck_matrix *weight, size_t row, size_t rows,                  \
        const ck_linear_input *inp, size_t first, size_t count) {                                  \
        multiply_strip(out, ldo, weight, row, rows, inp, first, count, type, widest);              \
    }
#define BYTES_FUNCTION(name, type)                                                                 \
    static __attribute__((noinline)) void alone_##name(float *out, const ck_matrix *weight,        \
                                                       size_t row, size_t rows,                    \
                                                       const ck_linear_input *inp) {               \
        multiply_alone(out, weight, row, rows, inp, 0, type);                                      \
    }                                                                                              \
    STRIP_FUNCTION(strip_2_##name, type, 2)                                                        \
    STRIP_FUNCTION(strip_4_##name, type, 4)                                                        \
    STRIP_FUNCTION(strip_8_##name, type, CK_INPUT_GROUP)                                           \
    static void multiply_##name(float *out, size_t ldo, const ck_matrix *weight, size_t row,       \
                                size_t rows, const ck_linear_input *inp, size_t N) {               \
        if (N == 1) {                                                                              \
            alone_##name(out, weight, row, rows, inp);                                             \
            return;                                                                                \
        }                                                                                          \
        for (size_t r = 0; r < rows; r += STRIP_ROWS) {                                            \
            const size_t some = rows - r < STRIP_ROWS ? rows - r : STRIP_ROWS;                     \
            for (size_t n = 0; n < N; n += CK_INPUT_GROUP) {                                       \
                if (N - n <= 2)                                                                    \
                    strip_2_##name(out + r, ldo, weight, row + r, some, inp, n, N - n);            \
                else if (N - n <= 4)                                                               \
                    strip_4_##name(out + r, ldo, weight, row + r, some, inp, n, N - n);            \
                else                                                                               \
                    strip_8_##name(out + r, ldo, weight, row + r, some, inp, n, N - n);            \
            }                                                                                      \
        }                                                                                          \
    }
BYTES_FUNCTION(q8_0, CK_Q8_0)
BYTES_FUNCTION(q8_f32, CK_Q8_F32)
#undef STRIP_FUNCTION
#undef BYTES_FUNCTION
#endif

static void weight_product(float *out, size_t ldo, const ck_matrix *weight, size_t row, size_t rows,
                           const ck_linear_input *inp, size_t N) {
#ifdef HAVE_STRIPS
    if (weight->type == CK_Q8_0 && weight->rows >= STRIP_ROWS) {
        multiply_q8_0(out, ldo, weight, row, rows, inp, N);
        return;
    }
    if (weight->type == CK_Q8_F32 && weight->rows >= STRIP_ROWS) {
        multiply_q8_f32(out, ldo, weight, row, rows, inp, N);
        return;
    }
#endif
#define MULTIPLY_ROWS(type) multiply_rows(out, ldo, weight, row, rows, inp, N, type)
    WITH_CONSTANT_TYPE(weight->type, MULTIPLY_ROWS)
#undef MULTIPLY_ROWS
}

#endif
