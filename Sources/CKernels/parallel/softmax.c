// Softmax over the vocabulary, and the cross-entropy loss with its gradient.
#include "parallel_operations.h"
#include "team.h"

#include <math.h>

// exp costs as much as moving several floats.
#define SOFTMAX_TEAM(N, V) team_size(ctx, 4.0 * (double)(N) * (double)(V) / FLOATS_PER_THREAD)

void ck_parallel_softmax_forward(const ck_context *ctx, float *probs, const float *logits, size_t N,
                                 size_t V, size_t Vp) {
#pragma omp parallel num_threads(SOFTMAX_TEAM(N, V))
    {
        size_t begin, end;
        team_share(N, 1, &begin, &end);
        for (size_t i = begin; i < end; i++) {
            float maximum, sum;
            ctx->micro->softmax_stats(&maximum, &sum, logits + i * Vp, V);
            ctx->micro->softmax_write(probs + i * Vp, logits + i * Vp, maximum, 1.0f / sum, V);
            __builtin_memset(probs + i * Vp + V, 0, (Vp - V) * sizeof(float));
        }
    }
}

void ck_parallel_crossentropy_forward(const ck_context *ctx, float *losses, const float *logits,
                                      const int32_t *targets, size_t N, size_t V, size_t Vp) {
#pragma omp parallel num_threads(SOFTMAX_TEAM(N, V))
    {
        size_t begin, end;
        team_share(N, 1, &begin, &end);
        for (size_t i = begin; i < end; i++) {
            float maximum, sum;
            ctx->micro->softmax_stats(&maximum, &sum, logits + i * Vp, V);
            losses[i] = logf(sum) - (logits[i * Vp + (size_t)targets[i]] - maximum);
        }
    }
}

void ck_parallel_crossentropy_forward_backward(const ck_context *ctx, float *losses, float *logits,
                                               const int32_t *targets, float dloss, size_t N,
                                               size_t V, size_t Vp) {
#pragma omp parallel num_threads(SOFTMAX_TEAM(N, V))
    {
        size_t begin, end;
        team_share(N, 1, &begin, &end);
        for (size_t i = begin; i < end; i++) {
            float *row = logits + i * Vp;
            const size_t target = (size_t)targets[i];
            float maximum, sum;
            ctx->micro->softmax_stats(&maximum, &sum, row, V);
            losses[i] = logf(sum) - (row[target] - maximum);
            ctx->micro->softmax_write(row, row, maximum, dloss / sum, V);
            row[target] -= dloss;
            __builtin_memset(row + V, 0, (Vp - V) * sizeof(float));
        }
    }
}
