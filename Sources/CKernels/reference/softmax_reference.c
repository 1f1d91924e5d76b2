#include "reference_operations.h"

#include <math.h>

static void row_stats(double *maximum, double *sum, const float *logits, size_t V) {
    *maximum = -INFINITY;
    for (size_t v = 0; v < V; v++)
        *maximum = fmax(*maximum, logits[v]);
    *sum = 0;
    for (size_t v = 0; v < V; v++)
        *sum += exp(logits[v] - *maximum);
}

void ck_reference_softmax_forward(const ck_context *ctx, float *probs, const float *logits,
                                  size_t N, size_t V, size_t Vp) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        double maximum, sum;
        row_stats(&maximum, &sum, logits + i * Vp, V);
        for (size_t v = 0; v < Vp; v++)
            probs[i * Vp + v] = v < V ? (float)(exp(logits[i * Vp + v] - maximum) / sum) : 0;
    }
}

void ck_reference_crossentropy_forward(const ck_context *ctx, float *losses, const float *logits,
                                       const int32_t *targets, size_t N, size_t V, size_t Vp) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        double maximum, sum;
        row_stats(&maximum, &sum, logits + i * Vp, V);
        losses[i] = (float)(log(sum) - (logits[i * Vp + (size_t)targets[i]] - maximum));
    }
}

void ck_reference_crossentropy_forward_backward(const ck_context *ctx, float *losses, float *logits,
                                                const int32_t *targets, float dloss, size_t N,
                                                size_t V, size_t Vp) {
    ck_reference_crossentropy_forward(ctx, losses, logits, targets, N, V, Vp);
    ck_reference_softmax_forward(ctx, logits, logits, N, V, Vp);
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++)
        for (size_t v = 0; v < V; v++)
            logits[i * Vp + v] = (logits[i * Vp + v] - (v == (size_t)targets[i])) * dloss;
}
