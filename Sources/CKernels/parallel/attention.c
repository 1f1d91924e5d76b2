// Causal attention over whole sequences, in tiles of queries and keys with a running softmax
// between them (Dao et al. 2022). One thread owns a head of a sequence, so nothing is shared and
// nothing is summed in an order that depends on the threads.
#include "attention.h"
#include "parallel_operations.h"

#include <math.h>

static attention_head head_at(const float *qkv, size_t b, size_t h, size_t T, size_t C, size_t NH) {
    const size_t HS = C / NH;
    const float *q = qkv + b * T * 3 * C + h * HS;
    return (attention_head){.q = q,
                            .k = q + C,
                            .v = q + 2 * C,
                            .ld = 3 * C,
                            .ld_cache = 3 * C,
                            .ld_out = C,
                            .HS = HS,
                            .scale = 1.0f / sqrtf((float)HS)};
}

void ck_parallel_attention_forward(const ck_context *ctx, float *out, float *lse, const float *qkv,
                                   size_t B, size_t T, size_t C, size_t NH) {
    const size_t tiles = (T + ATTENTION_QUERIES - 1) / ATTENTION_QUERIES;
    const size_t tasks = B * NH * tiles;
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team_size(ctx, 2.0 * B * T * T * C / FLOPS_PER_THREAD))
    {
        const attention_scratch s = attention_thread_scratch(ctx, C / NH);
        for (size_t task; (task = take(&next)) < tasks;) {
            // The last tile of a sequence sees the most keys: the longest tasks come first.
            const size_t tile = tiles - 1 - task / (B * NH);
            const size_t b = task % (B * NH) / NH;
            const size_t h = task % NH;
            const attention_head head = head_at(qkv, b, h, T, C, NH);
            const size_t first = tile * ATTENTION_QUERIES;
            attention_forward_tile(ctx->micro, &head, &s, out + (b * T + first) * C + h * head.HS,
                                   lse + (b * NH + h) * T + first, first,
                                   attention_smaller(ATTENTION_QUERIES, T - first));
        }
    }
}

// Queries first ..< first + count of one head, added to the gradients dq, dk, dv (T, HS; ld), of
// which the rows of this tile's queries in dq are still zero.
static void backward_tile(const struct ck_microkernels *micro, const attention_head *head,
                          const attention_scratch *s, float *dq, float *dk, float *dv,
                          const float *dout, const float *out, const float *lse, size_t first,
                          size_t count) {
    const size_t HS = head->HS, ld = head->ld;
    const float *q = head->q + first * ld;
    dout += first * head->ld_out;
    out += first * head->ld_out;
    attention_transpose(micro, s->queries, q, ld, count, HS);
    attention_transpose(micro, s->outputs, dout, head->ld_out, count, HS);
    // The softmax's gradient needs sum over keys of P * dP, which is dout . out.
    for (size_t i = 0; i < count; i++)
        s->dot[i] = micro->dot(dout + i * head->ld_out, out + i * head->ld_out, HS);

    const size_t visible = first + count;
    for (size_t key = 0; key < visible; key += ATTENTION_KEYS) {
        const size_t keys = attention_smaller(ATTENTION_KEYS, visible - key);
        const float *k = (const float *)head->k + key * ld;
        attention_product(micro, keys, count, HS, k, ld, 1, s->queries, ATTENTION_QUERIES,
                          s->scores, ATTENTION_QUERIES, false);
        attention_product(micro, keys, count, HS, (const float *)head->v + key * ld, ld, 1,
                          s->outputs, ATTENTION_QUERIES, s->grads, ATTENTION_QUERIES, false);
        micro->attention_gradient(s->scores, s->grads, ATTENTION_QUERIES, lse + first, s->dot,
                                  head->scale, keys, count, (ptrdiff_t)first - (ptrdiff_t)key);
        attention_product(micro, keys, HS, count, s->scores, ATTENTION_QUERIES, 1, dout,
                          head->ld_out, dv + key * ld, ld, true);
        attention_product(micro, keys, HS, count, s->grads, ATTENTION_QUERIES, 1, q, ld,
                          dk + key * ld, ld, true);
        attention_product(micro, count, HS, keys, s->grads, 1, ATTENTION_QUERIES, k, ld,
                          dq + first * ld, ld, true);
    }
}

void ck_parallel_attention_backward(const ck_context *ctx, float *dqkv, const float *dout,
                                    const float *out, const float *qkv, const float *lse, size_t B,
                                    size_t T, size_t C, size_t NH) {
    const size_t HS = C / NH;
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team_size(ctx, 5.0 * B * T * T * C / FLOPS_PER_THREAD))
    {
        const attention_scratch s = attention_thread_scratch(ctx, HS);
        for (size_t task; (task = take(&next)) < B * NH;) {
            const size_t b = task / NH;
            const size_t h = task % NH;
            const attention_head head = head_at(qkv, b, h, T, C, NH);
            float *dq = dqkv + b * T * 3 * C + h * HS;
            for (size_t i = 0; i < T; i++)
                for (size_t part = 0; part < 3; part++)
                    __builtin_memset(dq + i * 3 * C + part * C, 0, HS * sizeof(float));
            const size_t at = b * T * C + h * HS;
            for (size_t first = 0; first < T; first += ATTENTION_QUERIES)
                backward_tile(ctx->micro, &head, &s, dq, dq + C, dq + 2 * C, dout + at, out + at,
                              lse + task * T, first,
                              attention_smaller(ATTENTION_QUERIES, T - first));
        }
    }
}
