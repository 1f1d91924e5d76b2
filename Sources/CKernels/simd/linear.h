// Few rows of input times stored weights: bound by the memory that the weights come from. A group
// of weight rows is read once, front to back, and multiplied with every row of input; each result
// is summed in one vector whatever the group, so it does not depend on who else is in it.
//
// float32 and bfloat16 weights are multiplied as floats. For the integer formats that would take
// longer than memory does, so the input is turned into int16 with a scale for each block
// (quantize_input), products of a block are summed exactly in int32, and both scales are applied
// to a block's sum.
#ifndef SIMD_LINEAR_H
#define SIMD_LINEAR_H

#include "pack.h"
#include "weights.h"

// Rows of weights and of input that are multiplied at once at most: as many sums as there are
// registers for, and as sum_lanes_of_four takes.
#define GROUP_ROWS 4
#define GROUP_INPUTS 4

// How many bytes ahead weights are fetched at least: about what memory delivers to one core in the
// time it takes to answer.
#define FETCH_AHEAD 4096

typedef int8_t vb __attribute__((vector_size(2 * LANES), aligned(1), may_alias));
typedef uint8_t vub __attribute__((vector_size(2 * LANES), aligned(1), may_alias));
typedef int16_t vw_unaligned __attribute__((vector_size(4 * LANES), aligned(2), may_alias));

// Where a block of input holds nothing larger, it counts as zero: 32767 / x must be a float.
#define SMALLEST_INPUT 1e-30f

#ifndef HAVE_ADD_PAIRS
// sum + the sums of two products each.
ALWAYS_INLINE vi v_add_pairs(vi sum, vw a, vw b) { return sum + v_multiply_pairs(a, b); }
#endif

#define BLOCK_WORD_VECTORS (CK_WEIGHT_BLOCK / (2 * LANES))

static void quantize_input(int16_t *words, float *scales, float *offsets, const float *x,
                           size_t n) {
    size_t block = 0;
    for (; block * CK_WEIGHT_BLOCK < n; block++) {
        float values[CK_WEIGHT_BLOCK] = {0};
        const size_t first = block * CK_WEIGHT_BLOCK;
        const size_t left = n - first < CK_WEIGHT_BLOCK ? n - first : CK_WEIGHT_BLOCK;
        FOR_EACH_VECTOR(i, left, STORE(values + i, LOAD(x + first + i)););
        vf largest = v_zero();
        vf poison = v_zero();
        for (int i = 0; i < CK_WEIGHT_BLOCK; i += LANES) {
            const vf v = v_load(values + i);
            largest = v_max(largest, v_max(v, -v));
            poison += v * v_zero(); // NaN for NaN and infinity, which integers cannot hold
        }
        const float most = v_max_lanes(largest);
        const float bad = v_sum_lanes(poison);
        const bool usable = bad == 0 && most > SMALLEST_INPUT;
        const vf factor = v_splat(usable ? 32767.0f / most : 0);
        // Adding 1.5 * 2^23 rounds to a whole number, which subtracting it again leaves.
        const vf rounder = v_splat(12582912.0f);
        vf total = v_zero();
        for (int i = 0; i < CK_WEIGHT_BLOCK && usable; i += LANES) {
            const vf whole = v_fma(v_load(values + i), factor, rounder) - rounder;
            total += whole;
            v_store(values + i, whole);
        }
        for (int i = 0; i < CK_WEIGHT_BLOCK; i++)
            words[first + (size_t)i] = usable ? (int16_t)values[i] : 0;
        scales[block] = (usable ? most / 32767.0f : 0) + bad;
        offsets[block] = -8 * v_sum_lanes(total);
    }
    // What completes a vector is multiplied, too.
    for (; block % LANES != 0; block++)
        scales[block] = offsets[block] = 0;
}

// A group of weight rows and of rows of input. Past the end the last one is repeated, and its
// results are dropped.
typedef struct {
    const char *values[GROUP_ROWS];
    const char *scales[GROUP_ROWS];
    const float *x[GROUP_INPUTS];
    const int16_t *words[GROUP_INPUTS];
    const float *x_scales[GROUP_INPUTS];
    const float *x_offsets[GROUP_INPUTS];
    size_t cols;
    size_t ahead; // bytes to what is fetched
} product_group;

// Fetches what follows `count` blocks of each row by g->ahead.
ALWAYS_INLINE void fetch_ahead(const product_group *g, const ck_weight_format format,
                               const int rows, size_t block, const int count) {
    const size_t block_bytes = weight_row_bytes(format, CK_WEIGHT_BLOCK);
    for (int r = 0; r < rows; r++)
        for (size_t byte = 0; byte < (size_t)count * block_bytes; byte += 64)
            __builtin_prefetch(g->values[r] + block * block_bytes + byte + g->ahead);
}

ALWAYS_INLINE void add_float_blocks(vf acc[][GROUP_INPUTS], const product_group *g,
                                    const ck_weight_format format, const int rows, const int N) {
    const size_t blocks = g->cols / CK_WEIGHT_BLOCK;
    for (size_t block = 0; block < blocks; block++) {
        fetch_ahead(g, format, rows, block, 1);
        for (int r = 0; r < rows; r++) {
            vf w[BLOCK_VECTORS];
            load_block(w, format, g->values[r], block);
            for (int v = 0; v < BLOCK_VECTORS; v++)
                for (int n = 0; n < N; n++) {
                    const vf x = v_load(g->x[n] + block * CK_WEIGHT_BLOCK + v * LANES);
                    acc[r][n] = v_fma(w[v], x, acc[r][n]);
                }
        }
    }
    const size_t done = blocks * CK_WEIGHT_BLOCK;
    FOR_EACH_VECTOR(i, g->cols - done, {
        for (int r = 0; r < rows; r++) {
            const vf w = load_floats(format, g->values[r], done + i, lanes);
            for (int n = 0; n < N; n++)
                acc[r][n] = v_fma(w, LOAD(g->x[n] + done + i), acc[r][n]);
        }
    });
}

#if LANES == 16
typedef int16_t vw_half __attribute__((vector_size(32), aligned(2), may_alias));

ALWAYS_INLINE vw join_halves(vw_half low, vw_half high) {
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                   16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
}
#endif

// A block as int16; nibbles as 0 ... 15, not yet less 8, see add_int_blocks.
ALWAYS_INLINE void load_words(vw *w, const ck_weight_format format, const char *row, size_t block) {
    if (format != CK_Q4_0) {
        for (int v = 0; v < BLOCK_WORD_VECTORS; v++) {
            const char *p = row + block * CK_WEIGHT_BLOCK + v * 2 * LANES;
            w[v] = __builtin_convertvector(*(const vb *)p, vw);
        }
        return;
    }
    const char *p = row + block * CK_WEIGHT_BLOCK / 2;
#if LANES == 16
    const vw_half bytes = __builtin_convertvector(*(const vu8 *)p, vw_half);
    w[0] = join_halves(bytes & 15, bytes >> 4);
#else
    for (int v = 0; v < BLOCK_WORD_VECTORS / 2; v++) {
        const vub bytes = *(const vub *)(p + v * 2 * LANES);
        w[v] = __builtin_convertvector(bytes & 15, vw);
        w[v + BLOCK_WORD_VECTORS / 2] = __builtin_convertvector(bytes >> 4, vw);
    }
#endif
}

// One block of integers: each lane gets some of the block's products, summed.
ALWAYS_INLINE void add_int_block(vf acc[][GROUP_INPUTS], const product_group *g,
                                 const ck_weight_format format, const int rows, const int N,
                                 size_t block, float (*factors)[GROUP_INPUTS][LANES], size_t lane) {
    for (int r = 0; r < rows; r++) {
        vw w[BLOCK_WORD_VECTORS];
        load_words(w, format, g->values[r], block);
        for (int n = 0; n < N; n++) {
            const int16_t *x = g->words[n] + block * CK_WEIGHT_BLOCK;
            vi sum = {0};
            for (int v = 0; v < BLOCK_WORD_VECTORS; v++)
                sum = v_add_pairs(sum, w[v], *(const vw_unaligned *)(x + v * 2 * LANES));
            acc[r][n] =
                v_fma(__builtin_convertvector(sum, vf), v_splat(factors[r][n][lane]), acc[r][n]);
        }
    }
}

#if LANES == 16
// Two blocks of nibbles at once, as the 16 bytes of one do not fill a vector: the lower half of the
// lanes is for the first block.
ALWAYS_INLINE void add_two_nibble_blocks(vf acc[][GROUP_INPUTS], const product_group *g,
                                         const int rows, const int N, size_t block,
                                         float (*factors)[GROUP_INPUTS][LANES], size_t lane) {
    vw x[GROUP_INPUTS][2];
    for (int n = 0; n < N; n++) {
        const int16_t *words = g->words[n] + block * CK_WEIGHT_BLOCK;
        const vw_half *quarters = (const vw_half *)words;
        x[n][0] = join_halves(quarters[0], quarters[2]);
        x[n][1] = join_halves(quarters[1], quarters[3]);
    }
    for (int r = 0; r < rows; r++) {
        const vw bytes = __builtin_convertvector(*(const vub *)(g->values[r] + block * 16), vw);
        for (int n = 0; n < N; n++) {
            const vi sum = v_add_pairs(v_multiply_pairs(bytes & 15, x[n][0]), bytes >> 4, x[n][1]);
            typedef float two_floats __attribute__((vector_size(8), aligned(4), may_alias));
            const two_floats pair = *(const two_floats *)&factors[r][n][lane];
            const vf factor =
                __builtin_shufflevector(pair, pair, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
            acc[r][n] = v_fma(__builtin_convertvector(sum, vf), factor, acc[r][n]);
        }
    }
}
#endif

ALWAYS_INLINE void add_int_blocks(vf acc[][GROUP_INPUTS], const product_group *g,
                                  const ck_weight_format format, const int rows, const int N) {
    const size_t blocks = weight_blocks(g->cols);
    // Of LANES blocks at a time: the scale of the weights times that of the input.
    float factors[GROUP_ROWS][GROUP_INPUTS][LANES];
    for (size_t first = 0; first < blocks; first += LANES) {
        const size_t count = blocks - first < LANES ? blocks - first : LANES;
        for (int r = 0; r < rows; r++) {
            const vf scale = load_scales(format, g->scales[r], first, count);
            for (int n = 0; n < N; n++) {
                const vf factor = scale * v_load(g->x_scales[n] + first);
                v_store(factors[r][n], factor);
                // What taking 8 from each nibble would have taken from the sums of these blocks.
                if (format == CK_Q4_0)
                    acc[r][n] = v_fma(factor, v_load(g->x_offsets[n] + first), acc[r][n]);
            }
        }
        size_t lane = 0;
#if LANES == 16
        for (; format == CK_Q4_0 && lane + 4 <= count; lane += 4) {
            fetch_ahead(g, format, rows, first + lane, 4);
            add_two_nibble_blocks(acc, g, rows, N, first + lane, factors, lane);
            add_two_nibble_blocks(acc, g, rows, N, first + lane + 2, factors, lane + 2);
        }
#endif
        for (; lane < count; lane++) {
            fetch_ahead(g, format, rows, first + lane, 1);
            add_int_block(acc, g, format, rows, N, first + lane, factors, lane);
        }
    }
}

// Up to GROUP_ROWS rows of weights times up to `widest` rows of input.
ALWAYS_INLINE void multiply_group(float *out, size_t ldo, const ck_weight *weight, size_t row,
                                  size_t rows, const ck_linear_input *inp, size_t first, size_t N,
                                  size_t ahead, const ck_weight_format format, const int widest) {
    const size_t row_bytes = weight_row_bytes(format, weight->cols);
    const size_t scale_bytes = weight_row_scale_bytes(format, weight->cols);
    product_group g = {.cols = weight->cols, .ahead = ahead};
    g.values[0] = (const char *)weight->values + row * row_bytes;
    g.scales[0] = (const char *)weight->scales + row * scale_bytes;
    for (int r = 1; r < GROUP_ROWS; r++) {
        const bool is_there = (size_t)r < rows;
        g.values[r] = g.values[r - 1] + (is_there ? row_bytes : 0);
        g.scales[r] = g.scales[r - 1] + (is_there ? scale_bytes : 0);
    }
    for (int n = 0; n < widest; n++) {
        const size_t at = first + ((size_t)n < N ? (size_t)n : N - 1);
        g.x[n] = inp->floats + at * weight->cols;
        if (weight_has_scales(format)) {
            g.words[n] = inp->words + at * inp->ld_words;
            g.x_scales[n] = inp->scales + at * inp->ld_blocks;
            g.x_offsets[n] = inp->offsets + at * inp->ld_blocks;
        }
    }

    vf acc[GROUP_ROWS][GROUP_INPUTS];
    for (int r = 0; r < GROUP_ROWS; r++)
        for (int n = 0; n < widest; n++)
            acc[r][n] = v_zero();
    if (weight_has_scales(format))
        add_int_blocks(acc, &g, format, GROUP_ROWS, widest);
    else
        add_float_blocks(acc, &g, format, GROUP_ROWS, widest);
    for (int n = 0; n < widest && (size_t)n < N; n++) {
        vf of_rows[LANES];
        for (int r = 0; r < GROUP_ROWS; r++)
            of_rows[r] = acc[r][n];
        float sums[GROUP_ROWS];
        sum_lanes_of_four(sums, of_rows);
        float *to = out + (first + (size_t)n) * ldo;
        if (rows == GROUP_ROWS)
            __builtin_memcpy(to, sums, sizeof sums);
        else
            for (size_t r = 0; r < rows; r++)
                to[r] = sums[r];
    }
}

ALWAYS_INLINE void multiply_rows(float *out, size_t ldo, const ck_weight *weight, size_t row,
                                 size_t rows, const ck_linear_input *inp, size_t N,
                                 const ck_weight_format format) {
    // The same place in a later group is fetched: what lies between is, by the rows between.
    const size_t group_bytes = weight_row_bytes(format, weight->cols) * GROUP_ROWS;
    const size_t ahead = (FETCH_AHEAD + group_bytes - 1) / group_bytes * group_bytes;
    for (size_t r = 0; r < rows; r += GROUP_ROWS) {
        const size_t some = rows - r < GROUP_ROWS ? rows - r : GROUP_ROWS;
#define MULTIPLY_GROUP(widest)                                                                     \
    multiply_group(out + r, ldo, weight, row + r, some, inp, n, N - n, ahead, format, widest)
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

static void weight_product(float *out, size_t ldo, const ck_weight *weight, size_t row, size_t rows,
                           const ck_linear_input *inp, size_t N) {
#define MULTIPLY_ROWS(format) multiply_rows(out, ldo, weight, row, rows, inp, N, format)
    WITH_CONSTANT_FORMAT(weight->format, MULTIPLY_ROWS)
#undef MULTIPLY_ROWS
}

#endif
