#include "../elements.h"
#include "reference_operations.h"

#include <math.h>

// The query times the key that starts at element `key`, scaled.
static double score(const float *q, ck_array keys, size_t key, size_t HS) {
    double sum = 0;
    for (size_t d = 0; d < HS; d++)
        sum += (double)q[d] * element_at(keys, key + d);
    return sum / sqrt((double)HS);
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
        const ck_array keys = {part->keys, a->cache_type};
        const ck_array values = {part->values, a->cache_type};
        for (size_t i = 0; i < part->count; i++)
            for (size_t d = 0; d < HS; d++) {
                const size_t row = part->row + i, at = strip + (part->past + i) * HS + d;
                set_element(keys, at, a->k[row * a->ld_k + h * HS + d]);
                set_element(values, at, a->v[row * a->ld_v + h * HS + d]);
            }
        for (size_t g = h * group; g < (h + 1) * group; g++)
            for (size_t i = part->silent; i < part->count; i++) {
                const float *q = a->q + (part->row + i) * a->ld_q + g * HS;
                float *out = a->out + (part->row + i) * a->NH * HS + g * HS;
                const size_t visible = part->past + i + 1;
                double maximum = -INFINITY, sum = 0;
                for (size_t j = 0; j < visible; j++)
                    maximum = fmax(maximum, score(q, keys, strip + j * HS, HS));
                for (size_t j = 0; j < visible; j++)
                    sum += exp(score(q, keys, strip + j * HS, HS) - maximum);
                for (size_t first = 0; first < HS; first += SUMS) {
                    const size_t count = HS - first < SUMS ? HS - first : SUMS;
                    double sums[SUMS] = {0};
                    for (size_t j = 0; j < visible; j++) {
                        const double p = exp(score(q, keys, strip + j * HS, HS) - maximum) / sum;
                        for (size_t d = 0; d < count; d++)
                            sums[d] += p * element_at(values, strip + j * HS + first + d);
                    }
                    for (size_t d = 0; d < count; d++)
                        out[first + d] = (float)sums[d];
                }
            }
    }
}
