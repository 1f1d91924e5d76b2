#include "../elements.h"
#include "reference_operations.h"

void ck_reference_matmul_forward(const ck_context *ctx, float *out, float *gelu_out,
                                 const float *inp, const float *weight, const float *bias,
                                 const float *residual, size_t N, size_t C, size_t OC) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        for (size_t o = 0; o < OC; o++) {
            double sum = bias ? bias[o] : 0;
            for (size_t c = 0; c < C; c++)
                sum += (double)inp[i * C + c] * weight[o * C + c];
            if (residual)
                sum += residual[i * OC + o];
            out[i * OC + o] = (float)sum;
        }
    }
    if (gelu_out)
        ck_reference_gelu_forward(ctx, array_of_floats(gelu_out), array_of_floats(out), N * OC);
}

void ck_reference_matmul_backward_input(const ck_context *ctx, float *dinp, const float *dout,
                                        const float *weight, const float *gelu_inp, size_t N,
                                        size_t C, size_t OC) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        for (size_t c = 0; c < C; c++) {
            double sum = 0;
            for (size_t o = 0; o < OC; o++)
                sum += (double)dout[i * OC + o] * weight[o * C + c];
            dinp[i * C + c] = (float)sum;
        }
    }
    if (gelu_inp)
        ck_reference_gelu_backward(ctx, dinp, array_of_floats(gelu_inp), dinp, N * C);
}

void ck_reference_matmul_backward_weight(const ck_context *ctx, float *dweight, float *dbias,
                                         const float *dout, const float *inp, size_t N, size_t C,
                                         size_t OC, bool accumulate) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t o = 0; o < OC; o++) {
        for (size_t c = 0; c < C; c++) {
            double sum = accumulate ? dweight[o * C + c] : 0;
            for (size_t i = 0; i < N; i++)
                sum += (double)dout[i * OC + o] * inp[i * C + c];
            dweight[o * C + c] = (float)sum;
        }
        if (dbias) {
            double sum = dbias[o];
            for (size_t i = 0; i < N; i++)
                sum += dout[i * OC + o];
            dbias[o] = (float)sum;
        }
    }
}
