// Tiles of attention, for whole sequences (attention.c) and for sequences with cached keys and
// values (cached_attention.c): the parts of a thread's scratch memory, the products, and the passes
// over a group of tiles.
#ifndef ATTENTION_H
#define ATTENTION_H

#include "../elements.h"
#include "scratch.h"
#include "team.h"

// The parts of one thread's scratch. A group is all the queries that are processed together.
typedef struct {
    float *queries, *queries_along;       // (group): a slot for each tile, see attention_slot
    float *douts, *douts_along;           // the same, in the backward pass only
    float *outputs;                       // (group, HS); in the backward pass, gradients of queries
    float *keys, *keys_along, *values;    // (ATTENTION_KEYS, HS)
    float *dkeys, *dvalues;               // the same, in the backward pass only
    float *scores, *grads, *packed;       // (ATTENTION_KEYS, ATTENTION_QUERIES)
    float *maximum, *sum, *rescale, *dot; // (group)
    float *starts, *low, *high;           // (group): for attention_tile_at, as the bits of integers
} attention_scratch;

// Rows of elements, `ld` apart.
typedef struct {
    ck_array array;
    size_t ld;
} attention_rows;

// One head of one sequence. Query i stands at position past + i and sees the keys up to there.
typedef struct {
    attention_rows q, k, v, out;
    size_t past, HS;
    float scale;                       // 1 / sqrt(HS)
    const int32_t *starts;             // the first key that each query sees, or NULL: all the same
    float dropout;                     // 0: nothing is dropped
    uint64_t dropout_key, dropout_row; // the row of numbers of the first query
} attention_head;

// What multiplies: floats in place, or packed pairs of bfloat16.
typedef struct {
    const struct ck_microkernels *micro;
    const ck_product *product;
} attention_math;

// The left operand of a product, as ck_gemm_panel has it, and the right one: rows `ld` apart,
// panels `panel` floats apart or, if that is 0, side by side in a row.
typedef struct {
    const float *floats;
    size_t tile, row, k;
} attention_left;

typedef struct {
    const float *floats;
    size_t ld, panel;
} attention_right;

attention_math attention_math_for(const ck_context *ctx, ck_element_type type);

// Each thread calls these before its first product and after its last.
static inline void attention_begin(const attention_math *math) {
    if (math->product->begin)
        math->product->begin();
}

static inline void attention_end(const attention_math *math) {
    if (math->product->end)
        math->product->end();
}

// `count` rows of HS elements, ready to be multiplied: left where they are if `in_place`, else
// gathered in `floats`. Rows that will be packed stay where they are.
attention_rows attention_ready(const attention_math *math, attention_rows rows, size_t count,
                               size_t HS, bool in_place, float *floats);

// Operands made from ready rows: (m, k) or (n, k) when the sum runs along the rows, else (k, m) or
// (k, n). `buffer` holds them if they have to be packed or transposed; n is then at most a tile's
// queries.
attention_left attention_pack_left(const attention_math *math, attention_rows rows, bool along_k,
                                   size_t m, size_t k, float *buffer);
attention_right attention_pack_right(const attention_math *math, attention_rows rows, bool along_k,
                                     size_t n, size_t k, float *buffer);

// Some queries of a head, at most a group: what attention_tile_at needs to know of them.
typedef struct {
    const attention_head *head;
    const attention_scratch *s;
    size_t first, count;
} attention_group;

// Fills s->starts, s->low and s->high for queries first ..< first + count.
attention_group attention_group_of(const attention_head *head, const attention_scratch *s,
                                   size_t first, size_t count);

// The position of the first key seen by any query from number i of the group on.
static inline size_t attention_first_key(const attention_group *group, size_t i) {
    return group->head->starts ? (size_t)group->head->starts[group->first + i] : 0;
}

// The first key of the first tile of keys that the group sees. Tiles start at multiples of their
// size, because where a group begins may depend on the number of threads and sums must not.
static inline size_t attention_first_tile(const attention_group *group) {
    return attention_first_key(group, 0) / ATTENTION_KEYS * ATTENTION_KEYS;
}

// Whether any of the queries i ..< end of the group sees one of the `keys` keys from `key` on.
static inline bool attention_meets(const attention_group *group, size_t i, size_t end, size_t key,
                                   size_t keys) {
    return key < group->head->past + group->first + end &&
           attention_first_key(group, i) < key + keys;
}

// The tile of the queries i ..< end of the group, and of at most `keys` keys from `key` on.
ck_attention_tile attention_tile_at(const attention_math *math, const attention_group *group,
                                    size_t i, size_t end, size_t key, size_t keys);

// c (keys, queries; rows ATTENTION_QUERIES apart) = a (keys, HS) * b (HS, queries), where visible.
void attention_scores(const attention_math *math, const ck_attention_tile *tile, size_t HS,
                      const attention_left *a, const attention_right *b, float *c);

// c (keys, HS) += a (keys, queries) * b (queries, HS); a: scores.
void attention_sum_queries(const attention_math *math, const ck_attention_tile *tile, size_t HS,
                           const attention_left *a, const attention_right *b, float *c);

// c (queries, HS) = [c +] a (queries, keys) * b (keys, HS); a: scores transposed.
void attention_sum_keys(const attention_math *math, const ck_attention_tile *tile, size_t HS,
                        const attention_left *a, const attention_right *b, float *c,
                        bool accumulate);

// The calling thread's part of the scratch memory.
attention_scratch attention_thread_scratch(const ck_context *ctx, size_t HS);

// Computes queries first ..< first + count, at most a group: their rows of out, and of lse unless
// NULL.
void attention_forward_group(const attention_math *math, const attention_head *head,
                             const attention_scratch *s, float *lse, size_t first, size_t count);

// The gradients of one head's inputs, and whether dk and dv already hold those of another query
// head.
typedef struct {
    ck_attention_gradients of;
    bool accumulate;
} attention_gradients;

// Keys begin ..< end of a head, whole tiles except for the last: one task of the backward pass.
//
// The gradient of a query is summed over its tiles of keys, front to back, in the caller's array,
// so it passes from the previous part to this one and on to the next. A part counts the queries it
// has finished: `queries` for each earlier head that shares the keys, then those of this head.
// `before` is NULL for the first part, `done` for the only one.
typedef struct {
    size_t begin, end;
    atomic_size_t *before, *done;
    size_t queries;
} attention_part;

// Queries first ..< first + count, at most a group, each tile of which sees keys of the part: adds
// what the part contributes to their gradients, and what they contribute to the gradients of its
// keys and values. Earlier groups have written the rows before `first`.
void attention_backward_group(const attention_math *math, const attention_head *head,
                              const attention_scratch *s, const attention_gradients *gradients,
                              const attention_part *part, attention_rows dout, const float *lse,
                              size_t first, size_t count);

static inline size_t attention_smaller(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t attention_larger(size_t a, size_t b) { return a > b ? a : b; }

// The rows from row `first` on.
static inline attention_rows attention_rows_from(attention_rows rows, size_t first) {
    return (attention_rows){array_from(rows.array, first * rows.ld), rows.ld};
}

// Where the part of 0 ..< count that starts at `begin` ends when parts are `size` long. An
// incomplete part comes first, where queries see the fewest keys.
static inline size_t attention_part_end(size_t begin, size_t count, size_t size) {
    const size_t incomplete = count % size;
    return begin == 0 && incomplete > 0 ? incomplete : begin + size;
}

// The number of the tile whose first query is number `first` of its group, and its slot.
static inline size_t attention_tile_number(size_t first) {
    return (first + ATTENTION_QUERIES - 1) / ATTENTION_QUERIES;
}

static inline float *attention_slot(float *slots, size_t first, size_t HS) {
    return slots + attention_tile_number(first) * ATTENTION_QUERIES * attention_row_floats(HS);
}

#endif
