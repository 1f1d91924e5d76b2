// Tiles of attention, for whole sequences (attention.c) and for those whose keys and values are in
// a cache (cached_attention.c): the parts of a thread's scratch memory, and one tile of queries.
#ifndef ATTENTION_H
#define ATTENTION_H

#include "scratch.h"
#include "team.h"

// The parts of one thread's scratch. Rows are ATTENTION_QUERIES long.
typedef struct {
    float *queries; // (HS): a tile of q, transposed
    float *outputs; // (HS): the tile of out, rows HS apart; backwards that of dout, transposed
    float *scores;  // (ATTENTION_KEYS)
    float *grads;   // (ATTENTION_KEYS)
    float *maximum; // (1)
    float *sum;     // (1)
    float *rescale; // (1)
    float *dot;     // (1)
    float *keys;    // (ATTENTION_KEYS, HS), no rows of queries: keys that are not stored as floats
    float *values;  // the same
} attention_scratch;

// One head of one sequence: q (rows ld apart), k and v (rows ld_cache apart), out (rows ld_out
// apart). Query i stands at position past + i and sees the keys up to there.
typedef struct {
    const float *q;
    const void *k, *v;
    size_t ld, ld_cache, ld_out, past, HS;
    bool bfloat16; // whether k and v are, rather than float32
    float scale;   // 1 / sqrt(HS)
} attention_head;

// C (rows, cols; ldc) = [C +] A * B for the small products of one tile, panel by panel.
void attention_product(const struct ck_microkernels *micro, size_t rows, size_t cols, size_t k,
                       const float *a, size_t a_row, size_t a_k, const float *b, size_t ldb,
                       float *c, size_t ldc, bool accumulate);

// dst (cols, ATTENTION_QUERIES) = src (rows, cols; lds) transposed.
void attention_transpose(const struct ck_microkernels *micro, float *dst, const float *src,
                         size_t lds, size_t rows, size_t cols);

// The calling thread's part of the scratch memory.
attention_scratch attention_thread_scratch(const ck_context *ctx, size_t HS);

// Queries first ..< first + count: out (count, HS), and lse (count) unless NULL.
void attention_forward_tile(const struct ck_microkernels *micro, const attention_head *head,
                            const attention_scratch *s, float *out, float *lse, size_t first,
                            size_t count);

static inline size_t attention_smaller(size_t a, size_t b) { return a < b ? a : b; }

#endif
