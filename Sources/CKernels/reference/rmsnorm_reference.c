#include "../elements.h"
#include "reference_operations.h"

#include <math.h>

void ck_reference_rmsnorm_forward(const ck_context *ctx, ck_array out, float *rstd,
                                  const float *inp, const float *weight, float epsilon, size_t N,
                                  size_t C) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        const float *x = inp + i * C;
        double squares = 0;
        for (size_t c = 0; c < C; c++)
            squares += (double)x[c] * x[c];
        const double scale = 1.0 / sqrt(squares / C + epsilon);
        for (size_t c = 0; c < C; c++)
            set_element(out, i * C + c, (float)(x[c] * scale * weight[c]));
        if (rstd)
            rstd[i] = (float)scale;
    }
}

void ck_reference_rmsnorm_backward(const ck_context *ctx, float *dinp, float *dweight,
                                   const float *dout, const float *inp, const float *weight,
                                   const float *rstd, size_t N, size_t C) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        const float *x = inp + i * C;
        const float *d = dout + i * C;
        double dnorm_norm_mean = 0;
        for (size_t c = 0; c < C; c++)
            dnorm_norm_mean += (double)d[c] * weight[c] * x[c] * rstd[i] / C;
        for (size_t c = 0; c < C; c++) {
            const double norm = (double)x[c] * rstd[i];
            dinp[i * C + c] +=
                (float)(((double)d[c] * weight[c] - norm * dnorm_norm_mean) * rstd[i]);
        }
    }
    if (!dweight)
        return;
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t c = 0; c < C; c++) {
        double sum = 0;
        for (size_t i = 0; i < N; i++)
            sum += (double)inp[i * C + c] * rstd[i] * dout[i * C + c];
        dweight[c] += (float)sum;
    }
}
