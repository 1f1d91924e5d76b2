#include "../elements.h"
#include "reference_operations.h"

void ck_reference_encoder_forward(const ck_context *ctx, float *out, const int32_t *tokens,
                                  const int32_t *positions, ck_array wte, ck_array wpe, size_t B,
                                  size_t T, size_t C) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < B * T; i++) {
        const size_t position = positions ? (size_t)positions[i] : i % T;
        for (size_t c = 0; c < C; c++) {
            const float token = element_at(wte, (size_t)tokens[i] * C + c);
            out[i * C + c] = wpe.data ? token + element_at(wpe, position * C + c) : token;
        }
    }
}

void ck_reference_encoder_backward(const ck_context *ctx, float *dwte, float *dwpe,
                                   const float *dout, const int32_t *tokens,
                                   const int32_t *positions, size_t B, size_t T, size_t C) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t c = 0; c < C; c++) {
        for (size_t i = 0; i < B * T; i++) {
            const size_t position = positions ? (size_t)positions[i] : i % T;
            dwte[(size_t)tokens[i] * C + c] += dout[i * C + c];
            if (dwpe)
                dwpe[position * C + c] += dout[i * C + c];
        }
    }
}
