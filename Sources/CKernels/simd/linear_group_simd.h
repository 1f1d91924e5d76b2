// A group of weight rows and of rows of input, and how a thread walks through it. linear_simd.h and
// the files it includes multiply it.
#ifndef SIMD_LINEAR_GROUP_H
#define SIMD_LINEAR_GROUP_H

#include "elements_simd.h"

// The most rows of weights and of input that are multiplied at once: as many sums as there are
// registers for, and as sum_lanes_of_four takes.
#define GROUP_ROWS 4
#define GROUP_INPUTS 4

// How many bytes ahead weights are prefetched, at least: about what memory delivers to one core
// while a request is pending.
#define FETCH_AHEAD 2048
// The same for scales, of which there are few: some cache lines.
#define FETCH_SCALES_AHEAD 256

// A group of weight rows and of rows of input. Past the end the last one is repeated, and its
// results are dropped.
typedef struct {
    const char *values[GROUP_ROWS];
    const char *scales[GROUP_ROWS];
    const float *x[GROUP_INPUTS];
    const int16_t *words[GROUP_INPUTS];
    const uint8_t *bytes[GROUP_INPUTS];
    const float *x_scales[GROUP_INPUTS];
    const float *x_offsets[GROUP_INPUTS];
    size_t cols;
} product_group;

// Prefetches what follows `count` blocks of each row by FETCH_AHEAD: bytes of the next row or a
// later one.
ALWAYS_INLINE void fetch_ahead(const product_group *g, const ck_element_type type, const int rows,
                               size_t block, const int count) {
    const size_t block_bytes = bytes_of_row(type, CK_BLOCK);
    for (int r = 0; r < rows; r++)
        for (size_t byte = 0; byte < (size_t)count * block_bytes; byte += 64)
            __builtin_prefetch(g->values[r] + block * block_bytes + byte + FETCH_AHEAD);
}

#endif
