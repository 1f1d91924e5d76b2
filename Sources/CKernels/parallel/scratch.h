// How the caller's scratch memory is divided: by the matrix product, attention and layernorm, one
// at a time.
#ifndef SCRATCH_H
#define SCRATCH_H

#include "../microkernels.h"

// The matrix product: two blocks of A shared by the team; for each thread a panel of B, and the
// sums of what is rounded when they are complete.
#define GEMM_A_FLOATS ((size_t)CK_MAX_BLOCK_ROWS * CK_MAX_BLOCK_K)
#define GEMM_B_FLOATS ((size_t)CK_MAX_BLOCK_K * CK_MAX_PANEL_COLS)
#define GEMM_THREAD_FLOATS (GEMM_B_FLOATS + (size_t)CK_MAX_BLOCK_ROWS * CK_MAX_PANEL_COLS)

// Attention: a tile is this many queries by this many keys. Queries are a multiple of every
// panel_cols, so the widest micro-kernels do the work.
#define ATTENTION_QUERIES 48
#define ATTENTION_KEYS 128
// As many tiles of queries as share a tile of keys make a group: at most this many floats of
// queries, and tiles, but one at least.
#define ATTENTION_GROUP_FLOATS ((size_t)384 * 64)
#define ATTENTION_GROUP_TILES 8

static inline size_t attention_group_tiles(size_t HS) {
    const size_t tiles = ATTENTION_GROUP_FLOATS / (ATTENTION_QUERIES * HS);
    return tiles < 1 ? 1 : tiles < ATTENTION_GROUP_TILES ? tiles : ATTENTION_GROUP_TILES;
}

// The most that any head size up to HS takes, for each thread: five arrays of a group's rows, four
// of a tile's keys, two tiles of scores, and four numbers a query.
static inline size_t attention_floats(size_t HS) {
    const size_t one_tile = ATTENTION_QUERIES * HS;
    const size_t group = one_tile > ATTENTION_GROUP_FLOATS ? one_tile : ATTENTION_GROUP_FLOATS;
    return 5 * group + 4 * ATTENTION_KEYS * HS +
           (2 * ATTENTION_KEYS + 4 * ATTENTION_GROUP_TILES) * ATTENTION_QUERIES;
}

#endif
