// Sums of a group's products for the integer formats. As floats they would take longer than reading
// memory, so the input is turned into int16 with a scale for each block (quantize_input), products
// of a block are summed exactly in int32, and both scales are applied to a block's sum. For
// processors that sum products of bytes, see linear_bytes_simd.h.
#ifndef SIMD_LINEAR_INTS_H
#define SIMD_LINEAR_INTS_H

#include "linear_group_simd.h"

typedef int8_t vb __attribute__((vector_size(2 * LANES), aligned(1), may_alias));
typedef uint8_t vub __attribute__((vector_size(2 * LANES), aligned(1), may_alias));
typedef int16_t vw_unaligned __attribute__((vector_size(4 * LANES), aligned(2), may_alias));

// A block of input with nothing larger than this is taken as zero: 32767 / x must be a float.
#define SMALLEST_INPUT 1e-30f

#ifdef HAVE_ADD_BYTE_PRODUCTS
#include "linear_bytes_simd.h"
#else
typedef int16_t v_lane_words __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

// The words of a block of input, made from whole numbers.
ALWAYS_INLINE void store_words(int16_t *block, const vf *whole) {
    for (int v = 0; v < BLOCK_VECTORS; v++)
        *(v_lane_words *)(block + v * LANES) =
            __builtin_convertvector(__builtin_convertvector(whole[v], vi), v_lane_words);
}
#endif

#ifdef HAVE_DOT_BYTES
#include "linear_nibbles_simd.h"
#endif

#ifndef HAVE_ADD_BYTE_PRODUCTS
#ifndef HAVE_ADD_PAIRS
// sum + the sums of two products each.
ALWAYS_INLINE vi v_add_pairs(vi sum, vw a, vw b) { return sum + v_multiply_pairs(a, b); }
#endif
#if LANES == 16
#ifndef HAVE_ADD_PAIR
// sum + the sums of the products of each lane's pair with one pair.
ALWAYS_INLINE vi v_add_pair(vi sum, vw a, const int16_t *pair) {
    int32_t both;
    __builtin_memcpy(&both, pair, sizeof both);
    return v_add_pairs(sum, a, (vw)((vi){0} + both));
}
#endif
#define HAVE_STRIPS
#include "linear_alone_simd.h"
#endif
#endif

static void quantize_input(int16_t *words, uint8_t *bytes, int16_t *pairs, float *scales,
                           float *offsets, const float *x, size_t n) {
    size_t block = 0;
    for (; block * CK_BLOCK < n; block++) {
        float values[CK_BLOCK] = {0};
        const size_t first = block * CK_BLOCK;
        const size_t left = n - first < CK_BLOCK ? n - first : CK_BLOCK;
        FOR_EACH_VECTOR(i, left, STORE(values + i, LOAD(x + first + i)););
        vf largest = v_zero();
        vf poison = v_zero();
        for (int i = 0; i < CK_BLOCK; i += LANES) {
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
        for (int i = 0; i < CK_BLOCK && usable; i += LANES) {
            const vf whole = v_fma(v_load(values + i), factor, rounder) - rounder;
            total += whole;
            v_store(values + i, whole);
        }
        vf whole[BLOCK_VECTORS];
        for (int v = 0; v < BLOCK_VECTORS; v++)
            whole[v] = usable ? v_load(values + v * LANES) : v_zero();
        store_words(words + first, whole);
#ifdef HAVE_DOT_BYTES
        store_split_words(bytes, block, words + first);
#else
        (void)bytes;
#endif
        scales[block] = (usable ? most / 32767.0f : 0) + bad;
        offsets[block] = -8 * v_sum_lanes(total);
    }
    // What pads a vector is multiplied too.
    for (; block % LANES != 0; block++)
        scales[block] = offsets[block] = 0;
#ifdef HAVE_STRIPS
    for (size_t first = 0; first < n && pairs; first += CK_BLOCK)
        store_strip_words(pairs + first * CK_INPUT_GROUP, words + first);
#else
    (void)pairs;
#endif
}

#ifndef HAVE_ADD_BYTE_PRODUCTS
#define BLOCK_WORD_VECTORS (CK_BLOCK / (2 * LANES))

#if LANES == 16
typedef int16_t vw_half __attribute__((vector_size(32), aligned(2), may_alias));

ALWAYS_INLINE vw join_halves(vw_half low, vw_half high) {
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                   16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
}
#endif

// A block as int16; nibbles as 0 ... 15, with the rest left to add_int_blocks.
ALWAYS_INLINE void load_words(vw *w, const ck_element_type type, const char *row, size_t block) {
    if (!has_nibbles(type)) {
        for (int v = 0; v < BLOCK_WORD_VECTORS; v++) {
            const char *p = row + block * CK_BLOCK + v * 2 * LANES;
            w[v] = __builtin_convertvector(*(const vb *)p, vw);
        }
        return;
    }
    const char *p = row + block * CK_BLOCK / 2;
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

// One block of integers: each lane gets the sum of some of the block's products.
ALWAYS_INLINE void add_int_block(vf acc[][GROUP_INPUTS], const product_group *g,
                                 const ck_element_type type, const int rows, const int N,
                                 size_t block, float (*factors)[GROUP_INPUTS][LANES], size_t lane) {
    for (int r = 0; r < rows; r++) {
        vw w[BLOCK_WORD_VECTORS];
        load_words(w, type, g->values[r], block);
        for (int n = 0; n < N; n++) {
            const int16_t *x = g->words[n] + block * CK_BLOCK;
            vi sum = {0};
            for (int v = 0; v < BLOCK_WORD_VECTORS; v++)
                sum = v_add_pairs(sum, w[v], *(const vw_unaligned *)(x + v * 2 * LANES));
            acc[r][n] =
                v_fma(__builtin_convertvector(sum, vf), v_splat(factors[r][n][lane]), acc[r][n]);
        }
    }
}

#endif

#if LANES == 16
// Two blocks of nibbles at once, because the 16 bytes of one do not fill a vector: the lower half
// of the lanes is for the first block.
ALWAYS_INLINE void add_two_nibble_blocks(vf acc[][GROUP_INPUTS], const product_group *g,
                                         const int rows, const int N, size_t block,
                                         float (*factors)[GROUP_INPUTS][LANES], size_t lane) {
    vw x[GROUP_INPUTS][2];
    for (int n = 0; n < N; n++) {
        const int16_t *words = g->words[n] + block * CK_BLOCK;
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
                                  const ck_element_type type, const int rows, const int N) {
    const size_t blocks = row_blocks(g->cols);
    for (size_t first = 0; first < blocks; first += LANES) {
        const size_t count = blocks - first < LANES ? blocks - first : LANES;
        // For each of these blocks, the scale of the weights times that of the input.
        vf scales[GROUP_ROWS][GROUP_INPUTS];
        for (int r = 0; r < rows; r++) {
            const size_t at = first * scale_bytes_of_row(type, CK_BLOCK);
            __builtin_prefetch(g->scales[r] + at + FETCH_SCALES_AHEAD);
            const vf scale = load_scales(type, g->scales[r], first, count);
            vf minimums = v_zero();
            if (type == CK_Q4_1) // -1/8, since offsets are -8 times the sums of words
                minimums = -0.125f * minimums_of(load_scale_pairs(g->scales[r], first, count));
            for (int n = 0; n < N; n++) {
                scales[r][n] = scale * v_load(g->x_scales[n] + first);
                // What subtracting 8 from each nibble would have taken from the sums of these
                // blocks.
                if (type == CK_Q4_0)
                    acc[r][n] = v_fma(scales[r][n], v_load(g->x_offsets[n] + first), acc[r][n]);
                if (type == CK_Q4_1)
                    acc[r][n] = v_fma(minimums * v_load(g->x_scales[n] + first),
                                      v_load(g->x_offsets[n] + first), acc[r][n]);
            }
        }
        size_t lane = 0;
#ifdef HAVE_DOT_BYTES
        if (has_nibbles(type))
            lane = add_nibble_blocks(acc, g, rows, N, first, count, scales);
        if (lane == count)
            continue;
#endif
        float factors[GROUP_ROWS][GROUP_INPUTS][LANES];
        for (int r = 0; r < rows; r++)
            for (int n = 0; n < N; n++)
                v_store(factors[r][n], scales[r][n]);
#if LANES == 16
        for (; has_nibbles(type) && lane + 4 <= count; lane += 4) {
            fetch_ahead(g, type, rows, first + lane, 4);
            add_two_nibble_blocks(acc, g, rows, N, first + lane, factors, lane);
            add_two_nibble_blocks(acc, g, rows, N, first + lane + 2, factors, lane + 2);
        }
#endif
        for (; lane < count; lane++) {
            fetch_ahead(g, type, rows, first + lane, 1);
            add_int_block(acc, g, type, rows, N, first + lane, factors, lane);
        }
    }
}

#endif
