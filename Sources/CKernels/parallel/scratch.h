// How the caller's scratch memory is divided: by the matrix product, attention and layernorm, one
// at a time.
#ifndef SCRATCH_H
#define SCRATCH_H

#include "../microkernels.h"

// The matrix product: two blocks of A shared by the team; for each thread a panel of B, and the
// sums of what is rounded when they are complete.
#define GEMM_BLOCK_ROWS 1008 // rows of A packed at once, a multiple of every tile_rows
#define GEMM_BLOCK_K 768     // depth of a block: a panel of B takes a seventh of a 1 MiB cache
#define GEMM_A_FLOATS ((size_t)GEMM_BLOCK_ROWS * GEMM_BLOCK_K)
#define GEMM_B_FLOATS ((size_t)GEMM_BLOCK_K * CK_MAX_PANEL_COLS)
#define GEMM_THREAD_FLOATS (GEMM_B_FLOATS + (size_t)GEMM_BLOCK_ROWS * CK_MAX_PANEL_COLS)

// Attention: a tile is this many queries by this many keys. Queries are a multiple of every
// panel_cols, so the widest micro-kernels do the work.
#define ATTENTION_QUERIES 48
#define ATTENTION_KEYS 128

// For each thread: two tiles of HS rows (transposed queries; the output, or backwards its
// transposed gradient), two tiles of scores, and four numbers a query; keys and values that become
// floats.
static inline size_t attention_floats(size_t HS) {
    return (2 * HS + 2 * ATTENTION_KEYS + 4) * ATTENTION_QUERIES + 2 * ATTENTION_KEYS * HS;
}

#endif
