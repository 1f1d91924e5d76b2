// Sums of products for whole bytes where a vector has 16 lanes: a strip of 16 rows of weights, one
// in each lane. Four bytes of each row are transposed into a vector, which every row of input then
// shares; a block's sum becomes floats and is scaled once for all 16 rows, and no sums across lanes
// are left for the end. The more rows of input, the less the transposing costs.
#ifndef SIMD_LINEAR_STRIPS_H
#define SIMD_LINEAR_STRIPS_H

#include "linear_group_simd.h"
#include "turning_simd.h"

_Static_assert(LANES == 16, "a strip has a row for each lane");

#define STRIP_ROWS LANES
// Blocks whose scales are transposed at once: as many floats as half a vector has.
#define STRIP_BLOCKS (LANES / 2)
// Vectors of pairs of words in a block of a strip.
#define STRIP_PAIRS (CK_BLOCK / 2)
// Rows of input whose sums run side by side, so that each has time for its last product.
#define SIDE_BY_SIDE_SUMS 4

typedef int32_t v_half_ints __attribute__((vector_size(32), aligned(1), may_alias));

// Turns vectors that hold 8 ints of row i and then of row i + 8 into vectors that hold one int of
// each row.
ALWAYS_INLINE void turn_strip(vi *v) {
    turn_fours(v);
    turn_fours(v + 4);
    for (int i = 0; i < 4; i++) {
        const vi upper = v[i], lower = v[i + 4];
        v[i] = __builtin_shufflevector(upper, lower, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24,
                                       25, 26, 27);
        v[i + 4] = __builtin_shufflevector(upper, lower, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15,
                                           28, 29, 30, 31);
    }
}

#define JOIN_HALVES(a, b)                                                                          \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

// The words of a block of input in the order in which load_strip has those of weights: of each four
// the even ones, then the odd ones.
ALWAYS_INLINE void store_strip_words(int16_t *to, const int16_t *words) {
    for (size_t i = 0; i < CK_BLOCK; i += 4) {
        to[i] = words[i];
        to[i + 1] = words[i + 2];
        to[i + 2] = words[i + 1];
        to[i + 3] = words[i + 3];
    }
}

// A block of each row as pairs of words.
ALWAYS_INLINE void load_strip(vw *w, const char *rows, size_t row_bytes) {
    vi bytes[8];
    for (size_t i = 0; i < 8; i++) {
        const v_half_ints upper = *(const v_half_ints *)(rows + i * row_bytes);
        const v_half_ints lower = *(const v_half_ints *)(rows + (i + 8) * row_bytes);
        bytes[i] = JOIN_HALVES(upper, lower);
    }
    turn_strip(bytes);
    for (int i = 0; i < 8; i++) {
        w[2 * i] = ((vw)bytes[i] << 8) >> 8;
        w[2 * i + 1] = (vw)bytes[i] >> 8;
    }
}

// The scales of `count` blocks of each row, a vector for each block.
ALWAYS_INLINE void load_strip_scales(vf *of_block, const char *rows, size_t row_bytes,
                                     const ck_element_type type, size_t block, size_t count) {
    vi turned[STRIP_BLOCKS];
    for (size_t i = 0; i < STRIP_BLOCKS; i++) {
        const vf upper = load_scales(type, rows + i * row_bytes, block, count);
        const vf lower = load_scales(type, rows + (i + 8) * row_bytes, block, count);
        turned[i] = (vi)LOW_HALVES(upper, lower);
    }
    turn_strip(turned);
    for (int i = 0; i < STRIP_BLOCKS; i++)
        of_block[i] = (vf)turned[i];
}
#undef JOIN_HALVES

// acc[n] += a block of the strip times the same block of row n of the input; a group of rows is at
// x.
ALWAYS_INLINE void add_strip_block(vf *acc, const vw *w, vf scales, const int16_t *x,
                                   const float *x_scales, size_t ld_blocks, const int N) {
#pragma clang loop unroll(full)
    for (int first = 0; first < N; first += SIDE_BY_SIDE_SUMS) {
        const int end = first + SIDE_BY_SIDE_SUMS < N ? first + SIDE_BY_SIDE_SUMS : N;
        vi sum[SIDE_BY_SIDE_SUMS] = {{0}};
#pragma clang loop unroll(full)
        for (int i = 0; i < STRIP_PAIRS; i++)
#pragma clang loop unroll(full)
            for (int n = first; n < end; n++)
                sum[n - first] = v_add_pair(sum[n - first], w[i], x + n * CK_BLOCK + 2 * i);
#pragma clang loop unroll(full)
        for (int n = first; n < end; n++)
            acc[n] = v_fma(__builtin_convertvector(sum[n - first], vf),
                           scales * v_splat(x_scales[(size_t)n * ld_blocks]), acc[n]);
    }
}

// Prefetches some bytes of a strip's rows, front to back.
ALWAYS_INLINE void fetch_strip(const char *rows, size_t first, size_t bytes) {
    for (size_t byte = 0; byte < bytes; byte += 64)
        __builtin_prefetch(rows + first + byte);
}

// out[n * ldo + i] = row `row` + i of the weights times row `first` + n of the input, for `rows`
// rows of weights, at most STRIP_ROWS, and the first `count` of `N` rows of input.
ALWAYS_INLINE void multiply_strip(float *out, size_t ldo, const ck_matrix *weight, size_t row,
                                  size_t rows, const ck_linear_input *inp, size_t first,
                                  size_t count, const ck_element_type type, const int N) {
    const size_t row_bytes = bytes_of_row(type, weight->cols);
    const size_t scale_bytes = scale_bytes_of_row(type, weight->cols);
    // The matrix's last strip begins early; rows that it shares with other strips are dropped.
    const size_t start = weight->rows - row < STRIP_ROWS ? weight->rows - STRIP_ROWS : row;
    const char *values = (const char *)weight->values + start * row_bytes;
    const char *scales = (const char *)weight->scales + start * scale_bytes;
    const int16_t *x = inp->pairs + first * inp->ld_words;
    const float *x_scales = inp->scales + first * inp->ld_blocks;
    vf acc[CK_INPUT_GROUP];
    for (int n = 0; n < N; n++)
        acc[n] = v_zero();
    const size_t blocks = row_blocks(weight->cols);
    for (size_t some = 0; some < blocks; some += STRIP_BLOCKS) {
        const size_t end = blocks - some < STRIP_BLOCKS ? blocks : some + STRIP_BLOCKS;
        fetch_strip(scales + STRIP_ROWS * scale_bytes,
                    some * STRIP_ROWS * scale_bytes_of_row(type, CK_BLOCK),
                    STRIP_BLOCKS * STRIP_ROWS * scale_bytes_of_row(type, CK_BLOCK));
        vf of_block[STRIP_BLOCKS];
        load_strip_scales(of_block, scales, scale_bytes, type, some, end - some);
        for (size_t block = some; block < end; block++) {
            fetch_strip(values + STRIP_ROWS * row_bytes, block * STRIP_ROWS * CK_BLOCK,
                        STRIP_ROWS * CK_BLOCK);
            vw w[STRIP_PAIRS];
            load_strip(w, values + block * CK_BLOCK, row_bytes);
            add_strip_block(acc, w, of_block[block - some], x + block * CK_INPUT_GROUP * CK_BLOCK,
                            x_scales + block, inp->ld_blocks, N);
        }
    }
    for (int n = 0; n < N && (size_t)n < count; n++) {
        float *to = out + (first + (size_t)n) * ldo;
        float sums[STRIP_ROWS];
        v_store(sums, acc[n]);
        __builtin_memcpy(to, sums + (row - start), rows * sizeof *sums);
    }
}

#endif
