// Moves lanes between vectors of 16 ints, to turn rows into columns.
#ifndef SIMD_TURNING_H
#define SIMD_TURNING_H

// Of each four lanes, or each two, or of all, interleaves the first ones of both vectors, or the
// last.
#define LOW_INTS(a, b)                                                                             \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH_INTS(a, b)                                                                            \
    __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define LOW_TWOS(a, b)                                                                             \
    __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH_TWOS(a, b)                                                                            \
    __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define LOW_HALVES(a, b)                                                                           \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define HIGH_HALVES(a, b)                                                                          \
    __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#define EVEN_FOURS(a, b)                                                                           \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define ODD_FOURS(a, b)                                                                            \
    __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)

// Treats every four lanes of four vectors as a 4 x 4 table and transposes it, so that lane i of
// each four comes from vector i.
ALWAYS_INLINE void turn_fours(vi *v) {
    const vi low[2] = {LOW_INTS(v[0], v[1]), LOW_INTS(v[2], v[3])};
    const vi high[2] = {HIGH_INTS(v[0], v[1]), HIGH_INTS(v[2], v[3])};
    v[0] = LOW_TWOS(low[0], low[1]);
    v[1] = HIGH_TWOS(low[0], low[1]);
    v[2] = LOW_TWOS(high[0], high[1]);
    v[3] = HIGH_TWOS(high[0], high[1]);
}

// Lane i: the sum of all lanes of v[i]. Overwrites the LANES vectors.
ALWAYS_INLINE vi sum_each(vi *v) {
    // Each step halves the number of vectors and the number of lanes that a sum has in each.
    for (int i = 0; i < 8; i++)
        v[i] = LOW_INTS(v[2 * i], v[2 * i + 1]) + HIGH_INTS(v[2 * i], v[2 * i + 1]);
    for (int i = 0; i < 4; i++)
        v[i] = LOW_TWOS(v[2 * i], v[2 * i + 1]) + HIGH_TWOS(v[2 * i], v[2 * i + 1]);
    for (int i = 0; i < 2; i++)
        v[i] = LOW_HALVES(v[2 * i], v[2 * i + 1]) + HIGH_HALVES(v[2 * i], v[2 * i + 1]);
    return EVEN_FOURS(v[0], v[1]) + ODD_FOURS(v[0], v[1]);
}

#endif
