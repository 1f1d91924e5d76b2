#include "../elements.h"
#include "reference_operations.h"
#include "weight_at.h"

void ck_reference_matmul_forward(const ck_context *ctx, ck_array out, ck_array gelu_out,
                                 ck_array inp, const ck_matrix *weight, const float *bias,
                                 const float *residual, size_t N) {
    const size_t C = weight->cols, OC = weight->rows;
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        for (size_t o = 0; o < OC; o++) {
            double sum = bias ? bias[o] : 0;
            for (size_t c = 0; c < C; c++)
                sum += (double)element_at(inp, i * C + c) * weight_at(weight, o, c);
            if (residual)
                sum += residual[i * OC + o];
            set_element(out, i * OC + o, (float)sum);
        }
    }
    if (gelu_out.data)
        ck_reference_gelu_forward(ctx, gelu_out, out, N * OC);
}

void ck_reference_matmul_backward_input(const ck_context *ctx, float *dinp, const float *dout,
                                        const ck_matrix *weight, ck_array gelu_inp, size_t N,
                                        bool accumulate) {
    const size_t C = weight->cols, OC = weight->rows;
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < N; i++) {
        for (size_t c = 0; c < C; c++) {
            double sum = accumulate ? dinp[i * C + c] : 0;
            for (size_t o = 0; o < OC; o++)
                sum += (double)dout[i * OC + o] * weight_at(weight, o, c);
            dinp[i * C + c] = (float)sum;
        }
    }
    if (gelu_inp.data)
        ck_reference_gelu_backward(ctx, dinp, gelu_inp, dinp, N * C);
}

void ck_reference_matmul_backward_weight(const ck_context *ctx, float *dweight, float *dbias,
                                         const float *dout, ck_array inp, size_t N, size_t C,
                                         size_t OC, bool accumulate) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t o = 0; o < OC; o++) {
        for (size_t c = 0; c < C; c++) {
            double sum = accumulate ? dweight[o * C + c] : 0;
            for (size_t i = 0; i < N; i++)
                sum += (double)dout[i * OC + o] * element_at(inp, i * C + c);
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
