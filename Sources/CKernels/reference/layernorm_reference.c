#include "../elements.h"
#include "reference_operations.h"

#include <math.h>

void ck_reference_layernorm_forward(const ck_context *ctx, ck_array out, float *mean, float *rstd,
                                    const float *inp, const float *weight, const float *bias,
                                    size_t N, size_t C) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        const float *x = inp + i * C;
        double sum = 0;
        for (size_t c = 0; c < C; c++)
            sum += x[c];
        const double row_mean = sum / C;
        double squares = 0;
        for (size_t c = 0; c < C; c++)
            squares += (x[c] - row_mean) * (x[c] - row_mean);
        const double row_rstd = 1.0 / sqrt(squares / C + 1e-5);
        for (size_t c = 0; c < C; c++)
            set_element(out, i * C + c,
                        (float)((x[c] - row_mean) * row_rstd * weight[c] + bias[c]));
        mean[i] = (float)row_mean;
        rstd[i] = (float)row_rstd;
    }
}

void ck_reference_layernorm_backward(const ck_context *ctx, float *dinp, float *dweight,
                                     float *dbias, const float *dout, const float *inp,
                                     const float *weight, const float *mean, const float *rstd,
                                     size_t N, size_t C) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        const float *x = inp + i * C;
        const float *d = dout + i * C;
        double dnorm_mean = 0, dnorm_norm_mean = 0;
        for (size_t c = 0; c < C; c++) {
            const double norm = ((double)x[c] - mean[i]) * rstd[i];
            dnorm_mean += (double)d[c] * weight[c] / C;
            dnorm_norm_mean += (double)d[c] * weight[c] * norm / C;
        }
        for (size_t c = 0; c < C; c++) {
            const double norm = ((double)x[c] - mean[i]) * rstd[i];
            dinp[i * C + c] +=
                (float)(((double)d[c] * weight[c] - dnorm_mean - norm * dnorm_norm_mean) * rstd[i]);
        }
    }
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t c = 0; c < C; c++) {
        double weight_sum = 0, bias_sum = 0;
        for (size_t i = 0; i < N; i++) {
            weight_sum += ((double)inp[i * C + c] - mean[i]) * rstd[i] * dout[i * C + c];
            bias_sum += dout[i * C + c];
        }
        if (dweight)
            dweight[c] += (float)weight_sum;
        if (dbias)
            dbias[c] += (float)bias_sum;
    }
}
