#include "../dropout.h"
#include "../elements.h"
#include "reference_operations.h"

#include <math.h>

// The dot product of n elements of a and b, each from element `at` on.
static double dot(ck_array a, size_t at_a, ck_array b, size_t at_b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)element_at(a, at_a + i) * element_at(b, at_b + i);
    return sum;
}

// One head of queries of one sequence.
typedef struct {
    const ck_attention_inputs *in;
    size_t b, h;
} head;

// Where the query, key and value of position t start, in their arrays or in the gradients of those.
static size_t query(const head *h, size_t t, size_t ld) {
    return (h->b * h->in->T + t) * ld + h->h * h->in->HS;
}

static size_t shared(const head *h, size_t t, size_t ld) {
    return (h->b * h->in->T + t) * ld + h->h / (h->in->NH / h->in->NKH) * h->in->HS;
}

static size_t key(const head *h, size_t t) { return shared(h, t, h->in->ld_k); }
static size_t value(const head *h, size_t t) { return shared(h, t, h->in->ld_v); }

// q . k of position t's query and position j's key, scaled.
static double score(const head *h, size_t t, size_t j) {
    const ck_attention_inputs *in = h->in;
    return dot(in->q, query(h, t, in->ld_q), in->k, key(h, j), in->HS) / sqrt((double)in->HS);
}

// The first position that position t sees.
static size_t first_key(const head *h, size_t t) {
    return h->in->starts ? (size_t)h->in->starts[h->b * h->in->T + t] : 0;
}

// What dropout multiplies the probability of position j for position t's query by.
static double kept(const head *h, size_t t, size_t j) {
    const ck_attention_inputs *in = h->in;
    if (!(in->dropout > 0))
        return 1;
    const uint64_t row = ((uint64_t)(in->first_sequence + h->b) * in->NH + h->h) * in->T + t;
    const uint32_t number = dropout_number(dropout_seed_of(in->dropout_key, row), (uint32_t)j);
    return number < dropout_threshold(in->dropout) ? 0 : dropout_scale(in->dropout);
}

// Elements of the output that are summed at once.
#define SUMS 64

// Scores are recomputed wherever they are needed: no memory, and nothing to keep in step.
void ck_reference_attention_forward(const ck_context *ctx, ck_array out, float *lse,
                                    const ck_attention_inputs *in) {
    const size_t T = in->T, HS = in->HS;
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t n = 0; n < in->B * in->NH; n++) {
        const head h = {in, n / in->NH, n % in->NH};
        for (size_t t = 0; t < T; t++) {
            const size_t start = first_key(&h, t);
            double maximum = -INFINITY, denominator = 0;
            for (size_t j = start; j <= t; j++)
                maximum = fmax(maximum, score(&h, t, j));
            for (size_t j = start; j <= t; j++)
                denominator += exp(score(&h, t, j) - maximum);
            lse[n * T + t] = (float)(maximum + log(denominator));
            for (size_t first = 0; first < HS; first += SUMS) {
                const size_t count = HS - first < SUMS ? HS - first : SUMS;
                double sums[SUMS] = {0};
                for (size_t j = start; j <= t; j++) {
                    const double p = exp(score(&h, t, j) - maximum) / denominator * kept(&h, t, j);
                    for (size_t d = 0; d < count; d++)
                        sums[d] += p * element_at(in->v, value(&h, j) + first + d);
                }
                const size_t at = query(&h, t, in->NH * HS) + first;
                for (size_t d = 0; d < count; d++)
                    set_element(out, at + d, (float)sums[d]);
            }
        }
    }
}

// One head of queries' share: dq overwritten, dk and dv accumulated into.
static void backward_head(const head *h, const ck_attention_gradients *gradients, const float *dout,
                          ck_array out, const float *lse) {
    const ck_attention_inputs *in = h->in;
    const double scale = 1.0 / sqrt((double)in->HS);
    const ck_array gradient = array_of_floats(dout);
    for (size_t t = 0; t < in->T; t++) {
        const size_t at = query(h, t, in->NH * in->HS);
        const double dot_out = dot(gradient, at, out, at, in->HS);
        float *dq = gradients->dq + query(h, t, gradients->ld_q);
        memset(dq, 0, in->HS * sizeof(float));
        for (size_t j = first_key(h, t); j <= t; j++) {
            const double p = exp(score(h, t, j) - lse[t]), keep = kept(h, t, j);
            const double dp = dot(gradient, at, in->v, value(h, j), in->HS) * keep;
            const double ds = p * (dp - dot_out) * scale;
            float *dk = gradients->dk + shared(h, j, gradients->ld_k);
            float *dv = gradients->dv + shared(h, j, gradients->ld_v);
            for (size_t d = 0; d < in->HS; d++) {
                dq[d] += (float)(ds * element_at(in->k, key(h, j) + d));
                dk[d] += (float)(ds * element_at(in->q, query(h, t, in->ld_q) + d));
                dv[d] += (float)(p * keep * dout[at + d]);
            }
        }
    }
}

void ck_reference_attention_backward(const ck_context *ctx, const ck_attention_gradients *gradients,
                                     const float *dout, ck_array out, const float *lse,
                                     const ck_attention_inputs *in) {
    const size_t heads = in->NH / in->NKH;
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t n = 0; n < in->B * in->NKH; n++) {
        const size_t b = n / in->NKH, first = n % in->NKH * heads;
        const head h = {in, b, first};
        for (size_t t = 0; t < in->T; t++) {
            memset(gradients->dk + shared(&h, t, gradients->ld_k), 0, in->HS * sizeof(float));
            memset(gradients->dv + shared(&h, t, gradients->ld_v), 0, in->HS * sizeof(float));
        }
        for (size_t i = first; i < first + heads; i++)
            backward_head(&(head){in, b, i}, gradients, dout, out, lse + (b * in->NH + i) * in->T);
    }
}
