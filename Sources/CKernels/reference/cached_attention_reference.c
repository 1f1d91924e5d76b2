#include "../elements.h"
#include "reference_operations.h"

#include <math.h>

static double element(const ck_cached_attention_arguments *a, const void *cache, size_t at) {
    return a->cache_type == CK_BFLOAT16 ? (double)bfloat16_to_float(((const uint16_t *)cache)[at])
                                        : (double)((const float *)cache)[at];
}

static void store(const ck_cached_attention_arguments *a, void *cache, size_t at, float x) {
    if (a->cache_type == CK_BFLOAT16)
        ((uint16_t *)cache)[at] = bfloat16_from_float(x);
    else
        ((float *)cache)[at] = x;
}

static double score(const ck_cached_attention_arguments *a, const float *q, const void *keys,
                    size_t key) {
    double sum = 0;
    for (size_t d = 0; d < a->HS; d++)
        sum += q[d] * element(a, keys, key + d);
    return sum / sqrt((double)a->HS);
}

// Elements of the output that are summed at once.
#define SUMS 64

void ck_reference_cached_attention(const ck_context *ctx, const ck_cached_attention_arguments *a) {
    const size_t HS = a->HS, group = a->NH / a->NKH;
    const size_t tasks = a->count * a->NKH;
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t task = 0; task < tasks; task++) {
        const ck_cache_part *part = &a->parts[task / a->NKH];
        const size_t h = task % a->NKH;
        const size_t strip = h * part->capacity * HS;
        for (size_t i = 0; i < part->count; i++)
            for (size_t d = 0; d < HS; d++) {
                const size_t row = part->row + i, at = strip + (part->past + i) * HS + d;
                store(a, part->keys, at, a->k[row * a->ld_k + h * HS + d]);
                store(a, part->values, at, a->v[row * a->ld_v + h * HS + d]);
            }
        for (size_t g = h * group; g < (h + 1) * group; g++)
            for (size_t i = part->silent; i < part->count; i++) {
                const float *q = a->q + (part->row + i) * a->ld_q + g * HS;
                float *out = a->out + (part->row + i) * a->NH * HS + g * HS;
                const size_t visible = part->past + i + 1;
                double maximum = -INFINITY, sum = 0;
                for (size_t j = 0; j < visible; j++)
                    maximum = fmax(maximum, score(a, q, part->keys, strip + j * HS));
                for (size_t j = 0; j < visible; j++)
                    sum += exp(score(a, q, part->keys, strip + j * HS) - maximum);
                for (size_t first = 0; first < HS; first += SUMS) {
                    const size_t count = HS - first < SUMS ? HS - first : SUMS;
                    double sums[SUMS] = {0};
                    for (size_t j = 0; j < visible; j++) {
                        const double p =
                            exp(score(a, q, part->keys, strip + j * HS) - maximum) / sum;
                        for (size_t d = 0; d < count; d++)
                            sums[d] += p * element(a, part->values, strip + j * HS + first + d);
                    }
                    for (size_t d = 0; d < count; d++)
                        out[first + d] = (float)sums[d];
                }
            }
    }
}
