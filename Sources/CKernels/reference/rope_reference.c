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

void ck_reference_rope_forward(const ck_context *ctx, float *x, const float *rotations, size_t N,
                               size_t NH, size_t HS) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t head = 0; head < N * NH; head++) {
        const float *turn = rotations + head / NH * HS;
        for (size_t i = 0; i < HS; i += 2) {
            const double a = x[head * HS + i], b = x[head * HS + i + 1];
            x[head * HS + i] = (float)(a * turn[i] - b * turn[i + 1]);
            x[head * HS + i + 1] = (float)(a * turn[i + 1] + b * turn[i]);
        }
    }
}
