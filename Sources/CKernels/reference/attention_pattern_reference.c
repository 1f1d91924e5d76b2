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

void ck_reference_attention_pattern(const ck_context *ctx,
                                    const ck_attention_pattern_arguments *a) {
    const size_t HS = a->HS, positions = a->past + a->count;
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t row = 0; row < a->NH * a->count; row++) {
        const size_t h = row / a->count, t = row % a->count, visible = a->past + t + 1;
        const size_t strip = h / (a->NH / a->NKH) * a->capacity * HS;
        const float *q = a->q + t * a->ld_q + h * HS;
        float *out = a->out + row * positions;
        double maximum = -INFINITY, sum = 0;
        for (size_t s = 0; s < visible; s++)
            maximum = fmax(maximum, score(q, a->keys, strip + s * HS, HS));
        for (size_t s = 0; s < visible; s++)
            sum += exp(score(q, a->keys, strip + s * HS, HS) - maximum);
        for (size_t s = 0; s < positions; s++)
            out[s] = s < visible
                         ? (float)(exp(score(q, a->keys, strip + s * HS, HS) - maximum) / sum)
                         : 0;
    }
}
