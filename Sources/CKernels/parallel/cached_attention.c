// Attention of new tokens over sequences whose earlier keys and values are in a cache.
//
// One thread owns a head of keys and values of a sequence: it stores the new ones and then attends,
// so no thread waits for another, and no sum depends on the number of threads.
#include "../elements.h"
#include "attention.h"
#include "parallel_operations.h"

#include <math.h>

// With more queries than this, tiles are worth transposing.
#define MOST_SINGLE_QUERIES 4

static void store_in_cache(const struct ck_microkernels *micro, ck_array cache, size_t past,
                           const float *rows, size_t ld, size_t count, size_t HS) {
    for (size_t i = 0; i < count; i++) {
        const ck_array stored = array_from(cache, (past + i) * HS);
        if (stored.type == CK_BFLOAT16)
            micro->round_row(stored.data, rows + i * ld, HS);
        else
            memcpy(stored.data, rows + i * ld, HS * sizeof(float));
    }
}

// Head `h` of keys and values of one part, and the heads of queries that share it.
static void attend(const ck_context *ctx, const ck_cached_attention_arguments *a,
                   const ck_cache_part *part, size_t h) {
    const struct ck_microkernels *micro = ctx->micro;
    const size_t HS = a->HS, group = a->NH / a->NKH;
    const size_t start = h * part->capacity * HS;
    const ck_array keys = array_from((ck_array){part->keys, a->cache_type}, start);
    const ck_array values = array_from((ck_array){part->values, a->cache_type}, start);
    store_in_cache(micro, keys, part->past, a->k + part->row * a->ld_k + h * HS, a->ld_k,
                   part->count, HS);
    store_in_cache(micro, values, part->past, a->v + part->row * a->ld_v + h * HS, a->ld_v,
                   part->count, HS);
    for (size_t g = h * group; g < (h + 1) * group; g++) {
        const size_t ld_out = a->NH * HS;
        const float *q = a->q + part->row * a->ld_q + g * HS;
        float *out = a->out + part->row * ld_out + g * HS;
        const attention_head head = {
            .q = {array_of_floats(q), a->ld_q},
            .k = {keys, HS},
            .v = {values, HS},
            .out = {array_of_floats(out), ld_out},
            .past = part->past,
            .HS = HS,
            .scale = 1.0f / sqrtf((float)HS),
        };
        if (part->count - part->silent <= MOST_SINGLE_QUERIES) {
            for (size_t i = part->silent; i < part->count; i++)
                micro->attention_row(out + i * ld_out, q + i * a->ld_q, keys.data, values.data,
                                     a->cache_type, head.scale, part->past + i + 1, HS);
            continue;
        }
        const attention_math math = attention_math_for(ctx, CK_FLOAT32);
        const attention_scratch s = attention_thread_scratch(ctx, HS);
        const size_t queries = attention_group_tiles(HS) * ATTENTION_QUERIES;
        for (size_t first = part->silent; first < part->count; first += queries)
            attention_forward_group(&math, &head, &s, NULL, first,
                                    attention_smaller(queries, part->count - first));
    }
}

// Takes heads of keys and values, one after the other, until none are left.
static void attend_share(const ck_context *ctx, const ck_cached_attention_arguments *a,
                         atomic_size_t *next) {
    const size_t tasks = a->count * a->NKH;
    for (size_t task; (task = take(next)) < tasks;)
        attend(ctx, a, &a->parts[task / a->NKH], task % a->NKH);
}

void ck_parallel_cached_attention(const ck_context *ctx, const ck_cached_attention_arguments *a) {
    // Each key and value is read once per query, or once per tile of queries.
    double floats = 0;
    for (size_t i = 0; i < a->count; i++)
        floats += 2.0 * (double)(a->parts[i].past + a->parts[i].count) *
                  (double)(a->parts[i].count - a->parts[i].silent) * (double)(a->NKH * a->HS);
    atomic_size_t next = 0;
    RUN_IN_TEAM(team_size(ctx, floats / FLOATS_PER_THREAD), attend_share(ctx, a, &next));
}
