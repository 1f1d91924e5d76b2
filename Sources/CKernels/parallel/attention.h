// Tiles of attention, for whole sequences (attention.c) and for those whose keys and values are in
// a cache (cached_attention.c): the parts of a thread's scratch memory, the products of a tile, and
// the forward pass of a group of tiles.
#ifndef ATTENTION_H
#define ATTENTION_H

#include "../elements.h"
#include "scratch.h"
#include "team.h"

// The parts of one thread's scratch. A group is all the queries whose results are summed at once;
// transposed, each of its tiles is HS rows of ATTENTION_QUERIES.
typedef struct {
    float *queries; // (group, HS), and transposed
    float *queries_transposed;
    float *outputs; // (group, HS); backwards the gradients of the queries
    float *douts;   // (group, HS), and transposed: backwards only
    float *douts_transposed;
    float *keys, *values;                 // (ATTENTION_KEYS, HS)
    float *dkeys, *dvalues;               // the same: backwards only
    float *scores, *grads;                // (ATTENTION_KEYS, ATTENTION_QUERIES)
    float *maximum, *sum, *rescale, *dot; // (group)
} attention_scratch;

// One head of one sequence: q (rows ld apart), k and v (rows ld_cache apart), out (rows ld_out
// apart). Query i stands at position past + i and sees the keys up to there.
typedef struct {
    ck_array q, k, v, out;
    size_t ld, ld_cache, ld_out, past, HS;
    float scale; // 1 / sqrt(HS)
} attention_head;

// A tile of queries and keys: key j is visible to query i when j <= i + diagonal. Each `step`
// queries only go as far as one of them sees.
typedef struct {
    size_t queries, keys, step;
    ptrdiff_t diagonal;
} attention_tile;

attention_tile attention_tile_at(const struct ck_microkernels *micro, size_t position,
                                 size_t queries, size_t key, size_t keys);

// c (keys, queries; ldc ATTENTION_QUERIES) = a (keys, HS; lda) * b (HS, queries), where it is
// visible.
void attention_scores(const struct ck_microkernels *micro, const attention_tile *tile, size_t HS,
                      const float *a, size_t lda, const float *b, float *c);

// c (keys, HS) += a (keys, queries; rows ATTENTION_QUERIES apart) * b (queries, HS).
void attention_sum_queries(const struct ck_microkernels *micro, const attention_tile *tile,
                           size_t HS, const float *a, const float *b, float *c);

// c (queries, HS) = [c +] a (keys, queries; rows ATTENTION_QUERIES apart) transposed * b (keys,
// HS).
void attention_sum_keys(const struct ck_microkernels *micro, const attention_tile *tile, size_t HS,
                        const float *a, const float *b, float *c, bool accumulate);

// dst (cols, ATTENTION_QUERIES) = src (rows, cols; lds) transposed.
void attention_transpose(const struct ck_microkernels *micro, float *dst, const float *src,
                         size_t lds, size_t rows, size_t cols);

// The calling thread's part of the scratch memory.
attention_scratch attention_thread_scratch(const ck_context *ctx, size_t HS);

// Queries first ..< first + count, at most a group: their rows of out, and of lse unless NULL.
void attention_forward_group(const struct ck_microkernels *micro, const attention_head *head,
                             const attention_scratch *s, float *lse, size_t first, size_t count);

static inline size_t attention_smaller(size_t a, size_t b) { return a < b ? a : b; }

// Where a part of 0 ..< count that ends at `end` begins when parts are `size` long: an incomplete
// one comes first, where queries see the fewest keys.
static inline size_t attention_part_end(size_t begin, size_t count, size_t size) {
    const size_t incomplete = count % size;
    return begin == 0 && incomplete > 0 ? incomplete : begin + size;
}

// The transposed tile whose first query is number `first` of the group.
static inline float *attention_transposed(float *tiles, size_t first, size_t HS) {
    const size_t before = (first + ATTENTION_QUERIES - 1) / ATTENTION_QUERIES;
    return tiles + before * ATTENTION_QUERIES * HS;
}

#endif
