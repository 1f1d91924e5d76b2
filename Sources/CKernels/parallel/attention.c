// Causal attention over whole sequences, in tiles of queries and keys with a running softmax
// between them (Dao et al. 2022). One thread owns a group of queries of a head, backwards a whole
// head of a sequence, so nothing is shared and nothing is summed in an order that depends on the
// threads.
#include "attention.h"
#include "parallel_operations.h"

#include <math.h>

static attention_head head_at(ck_array qkv, ck_array out, size_t b, size_t h, size_t T, size_t C,
                              size_t NH) {
    const size_t HS = C / NH;
    const ck_array q = array_from(qkv, b * T * 3 * C + h * HS);
    return (attention_head){.q = q,
                            .k = array_from(q, C),
                            .v = array_from(q, 2 * C),
                            .out = array_from(out, b * T * C + h * HS),
                            .ld = 3 * C,
                            .ld_cache = 3 * C,
                            .ld_out = C,
                            .HS = HS,
                            .scale = 1.0f / sqrtf((float)HS)};
}

// How many queries a thread takes at once: as many as share tiles of keys best, or fewer where
// heads are too few for the team.
static size_t forward_group(const ck_context *ctx, size_t heads, size_t T, size_t HS) {
    size_t tiles = attention_group_tiles(HS);
    while (tiles > 1 && heads * T < (size_t)ctx->threads * 4 * tiles * ATTENTION_QUERIES)
        tiles--;
    return tiles * ATTENTION_QUERIES;
}

void ck_parallel_attention_forward(const ck_context *ctx, ck_array out, float *lse, ck_array qkv,
                                   size_t B, size_t T, size_t C, size_t NH) {
    const size_t group = forward_group(ctx, B * NH, T, C / NH);
    const size_t groups = (T + group - 1) / group;
    const size_t tasks = B * NH * groups;
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team_size(ctx, 2.0 * B * T * T * C / FLOPS_PER_THREAD))
    {
        const attention_scratch s = attention_thread_scratch(ctx, C / NH);
        for (size_t task; (task = take(&next)) < tasks;) {
            // Head by head, whose keys and values then are still near. The last group of a
            // sequence sees the most keys: longer tasks come first.
            const size_t b = task / groups / NH, h = task / groups % NH;
            const size_t after = task % groups * group;
            const attention_head head = head_at(qkv, out, b, h, T, C, NH);
            const size_t count = attention_smaller(group, T - after);
            attention_forward_group(ctx->micro, &head, &s, lse + (b * NH + h) * T,
                                    T - after - count, count);
        }
    }
}

// The gradients of one head's inputs: rows of dq, dk and dv, `ld` apart.
typedef struct {
    float *dq, *dk, *dv;
    size_t ld;
} head_gradients;

// dst (rows; ld) = [dst +] src (rows, HS): added where `added` counts the first rows.
static void store_gradients(const struct ck_microkernels *micro, float *dst, size_t ld,
                            const float *src, size_t added, size_t rows, size_t HS) {
    for (size_t row = 0; row < rows; row++) {
        if (row < added)
            micro->add(dst + row * ld, dst + row * ld, src + row * HS, HS);
        else
            memcpy(dst + row * ld, src + row * HS, HS * sizeof(float));
    }
}

// What the backward pass needs of queries first ..< first + count, at most a group.
static void load_group(const struct ck_microkernels *micro, const attention_head *head,
                       const attention_scratch *s, const float *dout, size_t first, size_t count) {
    const size_t HS = head->HS;
    const size_t at = first * head->ld_out;
    micro->load_rows(s->queries, array_from(head->q, first * head->ld), head->ld, count, HS);
    micro->load_rows(s->douts, array_of_floats(dout + at), head->ld_out, count, HS);
    // The softmax's gradient needs sum over keys of P * dP, which is dout . out.
    for (size_t i = 0; i < count; i++) {
        const ck_array out = array_from(head->out, at + i * head->ld_out);
        if (out.type != CK_FLOAT32)
            micro->load_rows(s->outputs, out, HS, 1, HS);
        s->dot[i] =
            micro->dot(s->douts + i * HS, out.type == CK_FLOAT32 ? out.data : s->outputs, HS);
    }
    memset(s->outputs, 0, count * HS * sizeof(float));
    for (size_t i = 0, end; i < count; i = end) {
        end = attention_part_end(i, count, ATTENTION_QUERIES);
        attention_transpose(micro, attention_transposed(s->queries_transposed, i, HS),
                            s->queries + i * HS, HS, end - i, HS);
        attention_transpose(micro, attention_transposed(s->douts_transposed, i, HS),
                            s->douts + i * HS, HS, end - i, HS);
    }
}

// A tile whose first query is number i of the group and stands at `position`, with the loaded tile
// of keys from `key` on.
static void backward_tile(const struct ck_microkernels *micro, const attention_head *head,
                          const attention_scratch *s, const float *lse, size_t i,
                          const attention_tile *tile) {
    const size_t HS = head->HS;
    attention_scores(micro, tile, HS, s->keys, HS,
                     attention_transposed(s->queries_transposed, i, HS), s->scores);
    attention_scores(micro, tile, HS, s->values, HS,
                     attention_transposed(s->douts_transposed, i, HS), s->grads);
    micro->attention_gradient(s->scores, s->grads, ATTENTION_QUERIES, lse, s->dot + i, head->scale,
                              tile->keys, tile->queries, tile->diagonal, tile->step);
    attention_sum_queries(micro, tile, HS, s->scores, s->douts + i * HS, s->dvalues);
    attention_sum_queries(micro, tile, HS, s->grads, s->queries + i * HS, s->dkeys);
    attention_sum_keys(micro, tile, HS, s->grads, s->keys, s->outputs + i * HS, true);
}

// Queries first ..< first + count, at most a group: their gradients, and what they add to those of
// keys and values, of which the rows before `first` were written by earlier groups.
static void backward_group(const struct ck_microkernels *micro, const attention_head *head,
                           const attention_scratch *s, const head_gradients *gradients,
                           const float *dout, const float *lse, size_t first, size_t count) {
    const size_t HS = head->HS, ld = gradients->ld;
    load_group(micro, head, s, dout, first, count);
    const size_t visible = first + count;
    for (size_t key = 0; key < visible; key += ATTENTION_KEYS) {
        const size_t keys = attention_smaller(ATTENTION_KEYS, visible - key);
        const size_t at = key * head->ld_cache;
        micro->load_rows(s->keys, array_from(head->k, at), head->ld_cache, keys, HS);
        micro->load_rows(s->values, array_from(head->v, at), head->ld_cache, keys, HS);
        memset(s->dkeys, 0, keys * HS * sizeof(float));
        memset(s->dvalues, 0, keys * HS * sizeof(float));
        for (size_t i = 0, end; i < count; i = end) {
            end = attention_part_end(i, count, ATTENTION_QUERIES);
            if (key >= first + end)
                continue;
            const attention_tile tile = attention_tile_at(micro, first + i, end - i, key, keys);
            backward_tile(micro, head, s, lse + first + i, i, &tile);
        }
        const size_t added = key < first ? first - key : 0;
        store_gradients(micro, gradients->dk + key * ld, ld, s->dkeys, added, keys, HS);
        store_gradients(micro, gradients->dv + key * ld, ld, s->dvalues, added, keys, HS);
    }
    store_gradients(micro, gradients->dq + first * ld, ld, s->outputs, 0, count, HS);
}

void ck_parallel_attention_backward(const ck_context *ctx, float *dqkv, const float *dout,
                                    ck_array out, ck_array qkv, const float *lse, size_t B,
                                    size_t T, size_t C, size_t NH) {
    const size_t HS = C / NH;
    const size_t group = attention_group_tiles(HS) * ATTENTION_QUERIES;
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team_size(ctx, 5.0 * B * T * T * C / FLOPS_PER_THREAD))
    {
        const attention_scratch s = attention_thread_scratch(ctx, HS);
        for (size_t task; (task = take(&next)) < B * NH;) {
            const size_t b = task / NH, h = task % NH;
            const attention_head head = head_at(qkv, out, b, h, T, C, NH);
            float *dq = dqkv + b * T * 3 * C + h * HS;
            const head_gradients gradients = {dq, dq + C, dq + 2 * C, 3 * C};
            for (size_t first = 0, end; first < T; first = end) {
                end = attention_part_end(first, T, group);
                backward_group(ctx->micro, &head, &s, &gradients, dout + b * T * C + h * HS,
                               lse + task * T, first, end - first);
            }
        }
    }
}
