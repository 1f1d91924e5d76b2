#include "reference.h"

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
