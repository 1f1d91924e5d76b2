#include "../elements.h"
#include "reference_operations.h"

#include <math.h>

// The product of n elements of a and b, from element `at` of each on.
static double dot(ck_array a, size_t at_a, ck_array b, size_t at_b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)element_at(a, at_a + i) * element_at(b, at_b + i);
    return sum;
}

// One head of one sequence, whose first query is element `start` of qkv.
typedef struct {
    ck_array qkv;
    size_t start, C, HS;
} head;

// Where query, key and value of position t start in qkv.
static size_t query(const head *h, size_t t) { return h->start + t * 3 * h->C; }
static size_t key(const head *h, size_t t) { return query(h, t) + h->C; }
static size_t value(const head *h, size_t t) { return key(h, t) + h->C; }

// q . k of position t's query and position j's key, scaled.
static double score(const head *h, size_t t, size_t j) {
    return dot(h->qkv, query(h, t), h->qkv, key(h, j), h->HS) / sqrt((double)h->HS);
}

// Elements of the output that are summed at once.
#define SUMS 64

// Scores are computed again wherever they are needed: no memory, and nothing to keep in step.
void ck_reference_attention_forward(const ck_context *ctx, ck_array out, float *lse, ck_array qkv,
                                    size_t B, size_t T, size_t C, size_t NH) {
    const size_t HS = C / NH;
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t n = 0; n < B * NH; n++) {
        const size_t b = n / NH, column = n % NH * HS;
        const head h = {qkv, b * T * 3 * C + column, C, HS};
        for (size_t t = 0; t < T; t++) {
            double maximum = -INFINITY, denominator = 0;
            for (size_t j = 0; j <= t; j++)
                maximum = fmax(maximum, score(&h, t, j));
            for (size_t j = 0; j <= t; j++)
                denominator += exp(score(&h, t, j) - maximum);
            lse[n * T + t] = (float)(maximum + log(denominator));
            for (size_t first = 0; first < HS; first += SUMS) {
                const size_t count = HS - first < SUMS ? HS - first : SUMS;
                double sums[SUMS] = {0};
                for (size_t j = 0; j <= t; j++) {
                    const double p = exp(score(&h, t, j) - maximum) / denominator;
                    for (size_t d = 0; d < count; d++)
                        sums[d] += p * element_at(qkv, value(&h, j) + first + d);
                }
                for (size_t d = 0; d < count; d++)
                    set_element(out, (b * T + t) * C + column + first + d, (float)sums[d]);
            }
        }
    }
}

void ck_reference_attention_backward(const ck_context *ctx, float *dqkv, const float *dout,
                                     ck_array out, ck_array qkv, const float *lse, size_t B,
                                     size_t T, size_t C, size_t NH) {
    const size_t HS = C / NH;
    const double scale = 1.0 / sqrt((double)HS);
    const ck_array gradient = array_of_floats(dout);
    memset(dqkv, 0, B * T * 3 * C * sizeof(float));
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t n = 0; n < B * NH; n++) {
        const size_t b = n / NH, column = n % NH * HS;
        const head h = {qkv, b * T * 3 * C + column, C, HS};
        for (size_t t = 0; t < T; t++) {
            const size_t at = (b * T + t) * C + column;
            const double dot_out = dot(gradient, at, out, at, HS);
            for (size_t j = 0; j <= t; j++) {
                const double p = exp(score(&h, t, j) - lse[n * T + t]);
                const double ds = p * (dot(gradient, at, qkv, value(&h, j), HS) - dot_out) * scale;
                for (size_t d = 0; d < HS; d++) {
                    dqkv[query(&h, t) + d] += (float)(ds * element_at(qkv, key(&h, j) + d));
                    dqkv[key(&h, j) + d] += (float)(ds * element_at(qkv, query(&h, t) + d));
                    dqkv[value(&h, j) + d] += (float)(p * dout[at + d]);
                }
            }
        }
    }
}
