#include "reference_operations.h"

#include <math.h>

// q . k of query row i and key row j, scaled.
static double score(const float *q, const float *k, size_t HS) {
    double sum = 0;
    for (size_t d = 0; d < HS; d++)
        sum += (double)q[d] * k[d];
    return sum / sqrt((double)HS);
}

static double dot(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

// Scores are computed again wherever they are needed: no memory, and nothing to keep in step.
void ck_reference_attention_forward(const ck_context *ctx, float *out, float *lse, const float *qkv,
                                    size_t B, size_t T, size_t C, size_t NH) {
    const size_t HS = C / NH;
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t head = 0; head < B * NH; head++) {
        const size_t b = head / NH, h = head % NH;
        const float *q = qkv + b * T * 3 * C + h * HS;
        for (size_t t = 0; t < T; t++) {
            const float *q_t = q + t * 3 * C;
            double maximum = -INFINITY, sum = 0;
            for (size_t j = 0; j <= t; j++)
                maximum = fmax(maximum, score(q_t, q + j * 3 * C + C, HS));
            for (size_t j = 0; j <= t; j++)
                sum += exp(score(q_t, q + j * 3 * C + C, HS) - maximum);
            lse[head * T + t] = (float)(maximum + log(sum));
            float *out_t = out + (b * T + t) * C + h * HS;
            for (size_t d = 0; d < HS; d++)
                out_t[d] = 0;
            for (size_t j = 0; j <= t; j++) {
                const double p = exp(score(q_t, q + j * 3 * C + C, HS) - maximum) / sum;
                for (size_t d = 0; d < HS; d++)
                    out_t[d] += (float)(p * q[j * 3 * C + 2 * C + d]);
            }
        }
    }
}

void ck_reference_attention_backward(const ck_context *ctx, float *dqkv, const float *dout,
                                     const float *out, const float *qkv, const float *lse, size_t B,
                                     size_t T, size_t C, size_t NH) {
    const size_t HS = C / NH;
    const double scale = 1.0 / sqrt((double)HS);
    __builtin_memset(dqkv, 0, B * T * 3 * C * sizeof(float));
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t head = 0; head < B * NH; head++) {
        const size_t b = head / NH, h = head % NH;
        const size_t start = b * T * 3 * C + h * HS;
        for (size_t t = 0; t < T; t++) {
            const float *q = qkv + start + t * 3 * C;
            float *dq = dqkv + start + t * 3 * C;
            const size_t at = (b * T + t) * C + h * HS;
            const double dot_out = dot(dout + at, out + at, HS);
            for (size_t j = 0; j <= t; j++) {
                const float *k = qkv + start + j * 3 * C + C;
                float *dk = dqkv + start + j * 3 * C + C;
                const double p = exp(score(q, k, HS) - lse[head * T + t]);
                const double ds = p * (dot(dout + at, k + C, HS) - dot_out) * scale;
                for (size_t d = 0; d < HS; d++) {
                    dq[d] += (float)(ds * k[d]);
                    dk[d] += (float)(ds * q[d]);
                    dk[C + d] += (float)(p * dout[at + d]);
                }
            }
        }
    }
}
