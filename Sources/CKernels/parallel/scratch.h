// How the caller's scratch memory is divided among the parts of the matrix product, attention or
// layernorm, which use it one at a time.
#ifndef SCRATCH_H
#define SCRATCH_H

#include "team.h"

// The matrix product: two blocks of A shared by the team; for each thread a panel of B, and sums
// that are rounded when they are complete.
#define GEMM_B_FLOATS ((size_t)CK_MAX_BLOCK_K * CK_MAX_PANEL_COLS)
#define GEMM_THREAD_FLOATS (GEMM_B_FLOATS + (size_t)CK_MAX_BLOCK_ROWS * CK_MAX_PANEL_COLS)

// Attention: a tile is this many queries by this many keys. Queries are a multiple of every
// vector tile's panel_cols, so the widest micro-kernels do the work.
#define ATTENTION_QUERIES 48
#define ATTENTION_KEYS 128
// The number of query tiles in a group, which share each tile of keys: this many for heads of up to
// 64, fewer for larger ones, but at least one.
#define ATTENTION_GROUP_TILES 8

static inline size_t attention_group_tiles(size_t HS) {
    const size_t tiles = ATTENTION_GROUP_TILES * 64 / HS;
    return tiles < 1 ? 1 : tiles < ATTENTION_GROUP_TILES ? tiles : ATTENTION_GROUP_TILES;
}

// Floats reserved for a row: packing pads to whole panels.
static inline size_t attention_row_floats(size_t HS) { return HS > 64 ? HS : 64; }

// The most floats per thread for any head size up to HS: five arrays of a group's rows, five of a
// tile's keys, three tiles of scores, and seven numbers per query.
static inline size_t attention_floats(size_t HS) {
    const size_t one_tile = ATTENTION_QUERIES * attention_row_floats(HS);
    const size_t most = ATTENTION_GROUP_TILES * ATTENTION_QUERIES * (size_t)64;
    const size_t group = one_tile > most ? one_tile : most;
    return 5 * group + 5 * ATTENTION_KEYS * attention_row_floats(HS) +
           (3 * ATTENTION_KEYS + 7 * ATTENTION_GROUP_TILES) * ATTENTION_QUERIES;
}

// In the backward pass, if heads alone would leave threads idle they are divided into about this
// many parts per thread. Every part counts what it has done, in a cache line of its own.
#define ATTENTION_PARTS 8
#define ATTENTION_COUNTER_FLOATS (CACHE_LINE / sizeof(float))

// Rounding up can give a head one part more than its share, and heads are only divided where each
// thread has fewer than ATTENTION_PARTS of them.
static inline size_t attention_counter_floats(size_t threads) {
    return threads * 2 * ATTENTION_PARTS * ATTENTION_COUNTER_FLOATS;
}

#endif
