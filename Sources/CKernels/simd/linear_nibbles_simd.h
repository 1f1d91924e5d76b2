// Sums of products for nibbles where the processor sums four products of an unsigned and a signed
// byte: four blocks of nibbles at once. A word of input is 256 times its signed upper byte plus its
// unsigned lower one, so two sums make exactly the sum for the words.
#ifndef SIMD_LINEAR_NIBBLES_H
#define SIMD_LINEAR_NIBBLES_H

#include "linear_group_simd.h"

_Static_assert(LANES == 16, "a vector of bytes holds the nibbles of four blocks");

// Blocks that are multiplied at once.
#define NIBBLE_BLOCKS 4

// The parts of four blocks of input: the upper bytes of all first halves, which low nibbles are
// multiplied by, the upper bytes of the second halves, then the lower bytes in the same order.
enum { UPPER_FIRST, UPPER_SECOND, LOWER_FIRST, LOWER_SECOND };

typedef uint8_t v_bytes __attribute__((vector_size(64), aligned(1), may_alias));
typedef uint8_t v_half_block __attribute__((vector_size(16), aligned(1), may_alias));

// One block of words, in its place among the four.
ALWAYS_INLINE void store_split_words(uint8_t *bytes, size_t block, const int16_t *words) {
    typedef uint16_t vhw __attribute__((vector_size(32), aligned(2), may_alias));
    uint8_t *four = bytes + block / NIBBLE_BLOCKS * NIBBLE_BLOCKS * CK_BLOCK * sizeof *words;
    uint8_t *to = four + block % NIBBLE_BLOCKS * sizeof(v_half_block);
    for (size_t half = 0; half < 2; half++) {
        const vhw word = *(const vhw *)(words + half * CK_BLOCK / 2);
        *(v_half_block *)(to + (UPPER_FIRST + half) * sizeof(v_bytes)) =
            __builtin_convertvector(word >> 8, v_half_block);
        *(v_half_block *)(to + (LOWER_FIRST + half) * sizeof(v_bytes)) =
            __builtin_convertvector(word, v_half_block);
    }
}

// Four blocks, with four lanes each. `unit` is their place among LANES blocks, a constant.
ALWAYS_INLINE void add_four_blocks(vf acc[][GROUP_INPUTS], const product_group *g, const int rows,
                                   const int N, size_t block, const vf factors[][GROUP_INPUTS],
                                   const int unit) {
    for (int r = 0; r < rows; r++) {
        const vi both = (vi) * (const v_bytes *)(g->values[r] + block * CK_BLOCK / 2);
        const vi first = both & 0x0f0f0f0f;
        const vi second = both >> 4 & 0x0f0f0f0f;
        for (int n = 0; n < N; n++) {
            const v_bytes *x = (const v_bytes *)(g->bytes[n] + block * CK_BLOCK * sizeof(int16_t));
            vi upper = v_dot_bytes((vi){0}, first, (vi)x[UPPER_FIRST]);
            upper = v_dot_bytes(upper, second, (vi)x[UPPER_SECOND]);
            vi lower = v_dot_bytes((vi){0}, (vi)x[LOWER_FIRST], first);
            lower = v_dot_bytes(lower, (vi)x[LOWER_SECOND], second);
            const vf sum = __builtin_convertvector((upper << 8) + lower, vf);
            acc[r][n] = v_fma(sum, v_repeat_four(factors[r][n], unit), acc[r][n]);
        }
    }
}

// As many of the `count` blocks from `first` on as come in fours; returns how many that is.
ALWAYS_INLINE size_t add_nibble_blocks(vf acc[][GROUP_INPUTS], const product_group *g,
                                       const int rows, const int N, size_t first, size_t count,
                                       const vf factors[][GROUP_INPUTS]) {
#define ADD_FOUR(unit)                                                                             \
    if (count < NIBBLE_BLOCKS * (unit + 1))                                                        \
        return NIBBLE_BLOCKS * unit;                                                               \
    fetch_ahead(g, CK_Q4_0, rows, first + NIBBLE_BLOCKS * unit, NIBBLE_BLOCKS);                    \
    add_four_blocks(acc, g, rows, N, first + NIBBLE_BLOCKS * unit, factors, unit);
    ADD_FOUR(0)
    ADD_FOUR(1)
    ADD_FOUR(2)
    ADD_FOUR(3)
#undef ADD_FOUR
    return LANES;
}

#endif
