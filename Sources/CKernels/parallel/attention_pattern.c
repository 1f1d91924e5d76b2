// How much each token attends to each position. Attention itself never holds these numbers all at
// once. They are computed only when somebody looks at them, so one row at a time is fast enough.
#include "../elements.h"
#include "parallel_operations.h"
#include "team.h"

#include <math.h>

// Takes rows of all heads, one after the other, until none are left.
static void write_share(const ck_context *ctx, const ck_attention_pattern_arguments *a,
                        atomic_size_t *next) {
    const size_t positions = a->past + a->count;
    const float scale = 1.0f / sqrtf((float)a->HS);
    for (size_t row; (row = take(next)) < a->NH * a->count;) {
        const size_t h = row / a->count, t = row % a->count, visible = a->past + t + 1;
        const size_t head_of_keys = h / (a->NH / a->NKH);
        const ck_array keys = array_from(a->keys, head_of_keys * a->capacity * a->HS);
        float *out = a->out + row * positions;
        ctx->micro->attention_weights(out, a->q + t * a->ld_q + h * a->HS, keys.data, keys.type,
                                      scale, visible, a->HS);
        memset(out + visible, 0, (positions - visible) * sizeof(float));
    }
}

void ck_parallel_attention_pattern(const ck_context *ctx, const ck_attention_pattern_arguments *a) {
    const double flops = (double)(a->NH * a->count) * (double)((a->past + a->count) * a->HS);
    atomic_size_t next = 0;
    RUN_IN_TEAM(team_size(ctx, flops / FLOPS_PER_THREAD), write_share(ctx, a, &next));
}
