#include "../elements.h"
#include "reference_operations.h"

#include <math.h>

void ck_reference_rope_rotations(const ck_context *ctx, float *rotations, const int32_t *positions,
                                 const double *frequencies, size_t N, size_t HS) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t row = 0; row < N; row++) {
        for (size_t i = 0; i < HS; i += 2) {
            const double angle = positions[row] * frequencies[i / 2];
            rotations[row * HS + i] = (float)cos(angle);
            rotations[row * HS + i + 1] = (float)sin(angle);
        }
    }
}

void ck_reference_rope_forward(const ck_context *ctx, ck_array x, size_t ld, const float *rotations,
                               size_t N, size_t NH, size_t HS) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t head = 0; head < N * NH; head++) {
        const float *turn = rotations + head / NH * HS;
        const size_t first = head / NH * ld + head % NH * HS;
        for (size_t i = 0; i < HS; i += 2) {
            const double a = element_at(x, first + i), b = element_at(x, first + i + 1);
            set_element(x, first + i, (float)(a * turn[i] - b * turn[i + 1]));
            set_element(x, first + i + 1, (float)(a * turn[i + 1] + b * turn[i]));
        }
    }
}

void ck_reference_rope_backward(const ck_context *ctx, float *dx, size_t ld, const float *rotations,
                                size_t N, size_t NH, size_t HS) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t head = 0; head < N * NH; head++) {
        const float *turn = rotations + head / NH * HS;
        float *d = dx + head / NH * ld + head % NH * HS;
        for (size_t i = 0; i < HS; i += 2) {
            const double a = d[i], b = d[i + 1];
            d[i] = (float)(a * turn[i] + b * turn[i + 1]);
            d[i + 1] = (float)(b * turn[i] - a * turn[i + 1]);
        }
    }
}
