// Sums of products for the integer formats where the processor sums four products of bytes at once.
// A word of input is 256 times its signed upper byte plus its unsigned lower one, so two sums of
// products make exactly the sum for the words.
#ifndef SIMD_LINEAR_BYTES_H
#define SIMD_LINEAR_BYTES_H

#include "linear_group_simd.h"

typedef int8_t vbytes __attribute__((vector_size(4 * LANES), aligned(1), may_alias));
typedef uint8_t vubytes __attribute__((vector_size(4 * LANES), aligned(1), may_alias));
#define BLOCK_BYTE_VECTORS (CK_BLOCK / (4 * LANES))

_Static_assert(4 * LANES == CK_BLOCK / 2, "the nibbles of a block are a vector of bytes");

// The words of a block of input, made from whole numbers: first all upper bytes, then the lower
// ones.
ALWAYS_INLINE void store_words(int16_t *block, const vf *whole) {
    typedef int8_t v_lane_bytes __attribute__((vector_size(LANES), aligned(1), may_alias));
    int8_t *bytes = (int8_t *)block;
    for (int v = 0; v < BLOCK_VECTORS; v++) {
        const vi word = __builtin_convertvector(whole[v], vi);
        *(v_lane_bytes *)(bytes + v * LANES) = __builtin_convertvector(word >> 8, v_lane_bytes);
        *(v_lane_bytes *)(bytes + CK_BLOCK + v * LANES) =
            __builtin_convertvector(word, v_lane_bytes);
    }
}

// A block as bytes; nibbles as 0 ... 15, with the rest left to add_int_blocks.
ALWAYS_INLINE void load_bytes(vbytes *w, const ck_element_type type, const char *row,
                              size_t block) {
    if (has_nibbles(type)) {
        const vubytes nibbles = *(const vubytes *)(row + block * CK_BLOCK / 2);
        w[0] = (vbytes)(nibbles & 15);
        w[1] = (vbytes)(nibbles >> 4);
        return;
    }
    for (int v = 0; v < BLOCK_BYTE_VECTORS; v++)
        w[v] = *(const vbytes *)(row + block * CK_BLOCK + v * 4 * LANES);
}

// One block of integers: each lane gets the sum of some of the block's products.
ALWAYS_INLINE void add_int_block(vf acc[][GROUP_INPUTS], const product_group *g,
                                 const ck_element_type type, const int rows, const int N,
                                 size_t block, float (*factors)[GROUP_INPUTS][LANES], size_t lane) {
    for (int r = 0; r < rows; r++) {
        vbytes w[BLOCK_BYTE_VECTORS];
        load_bytes(w, type, g->values[r], block);
        for (int n = 0; n < N; n++) {
            const char *x = (const char *)(g->words[n] + block * CK_BLOCK);
            vi upper = {0}, lower = {0};
            for (int v = 0; v < BLOCK_BYTE_VECTORS; v++, x += 4 * LANES) {
                upper = v_add_signed_products(upper, *(const vbytes *)x, w[v]);
                lower = v_add_mixed_products(lower, *(const vubytes *)(x + CK_BLOCK), w[v]);
            }
            const vf sum = __builtin_convertvector((upper << 8) + lower, vf);
            acc[r][n] = v_fma(sum, v_splat(factors[r][n][lane]), acc[r][n]);
        }
    }
}

#endif
