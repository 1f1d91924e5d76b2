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
    return (attention_head){.q = {q, 3 * C},
                            .k = {array_from(q, C), 3 * C},
                            .v = {array_from(q, 2 * C), 3 * C},
                            .out = {array_from(out, b * T * C + h * HS), C},
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
    const attention_math math = attention_math_for(ctx, qkv.type);
    const size_t groups = (T + group - 1) / group;
    const size_t tasks = B * NH * groups;
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team_size(ctx, 2.0 * B * T * T * C / FLOPS_PER_THREAD))
    {
        const attention_scratch s = attention_thread_scratch(ctx, C / NH);
        attention_begin(&math);
        for (size_t task; (task = take(&next)) < tasks;) {
            // Head by head, whose keys and values then are still near. The last group of a
            // sequence sees the most keys: longer tasks come first.
            const size_t b = task / groups / NH, h = task / groups % NH;
            const size_t after = task % groups * group;
            const attention_head head = head_at(qkv, out, b, h, T, C, NH);
            const size_t count = attention_smaller(group, T - after);
            attention_forward_group(&math, &head, &s, lse + (b * NH + h) * T, T - after - count,
                                    count);
        }
        attention_end(&math);
    }
}

void ck_parallel_attention_backward(const ck_context *ctx, float *dqkv, const float *dout,
                                    ck_array out, ck_array qkv, const float *lse, size_t B,
                                    size_t T, size_t C, size_t NH) {
    const size_t HS = C / NH;
    const size_t group = attention_group_tiles(HS) * ATTENTION_QUERIES;
    const attention_math math = attention_math_for(ctx, qkv.type);
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team_size(ctx, 5.0 * B * T * T * C / FLOPS_PER_THREAD))
    {
        const attention_scratch s = attention_thread_scratch(ctx, HS);
        attention_begin(&math);
        for (size_t task; (task = take(&next)) < B * NH;) {
            const size_t b = task / NH, h = task % NH;
            const attention_head head = head_at(qkv, out, b, h, T, C, NH);
            float *dq = dqkv + b * T * 3 * C + h * HS;
            const attention_gradients gradients = {dq, dq + C, dq + 2 * C, 3 * C};
            const attention_rows dout_rows = {array_of_floats(dout + b * T * C + h * HS), C};
            for (size_t first = 0, end; first < T; first = end) {
                end = attention_part_end(first, T, group);
                attention_backward_group(&math, &head, &s, &gradients, dout_rows, lse + task * T,
                                         first, end - first);
            }
        }
        attention_end(&math);
    }
}
