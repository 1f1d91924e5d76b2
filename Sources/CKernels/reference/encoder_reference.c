#include "../elements.h"
#include "reference_operations.h"

void ck_reference_encoder_forward(const ck_context *ctx, float *out, const int32_t *tokens,
                                  ck_array wte, ck_array wpe, size_t B, size_t T, size_t C) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < B * T; i++)
        for (size_t c = 0; c < C; c++)
            out[i * C + c] =
                element_at(wte, (size_t)tokens[i] * C + c) + element_at(wpe, i % T * C + c);
}

void ck_reference_encoder_backward(const ck_context *ctx, float *dwte, float *dwpe,
                                   const float *dout, const int32_t *tokens, size_t B, size_t T,
                                   size_t C) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t c = 0; c < C; c++) {
        for (size_t i = 0; i < B * T; i++) {
            dwte[(size_t)tokens[i] * C + c] += dout[i * C + c];
            dwpe[i % T * C + c] += dout[i * C + c];
        }
    }
}
