#include "reference_operations.h"

#include <math.h>

void ck_reference_rmsnorm_forward(const ck_context *ctx, float *out, const float *inp,
                                  const float *weight, float epsilon, size_t N, size_t C) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        const float *x = inp + i * C;
        double squares = 0;
        for (size_t c = 0; c < C; c++)
            squares += (double)x[c] * x[c];
        const double scale = 1.0 / sqrt(squares / C + epsilon);
        for (size_t c = 0; c < C; c++)
            out[i * C + c] = (float)(x[c] * scale * weight[c]);
    }
}
