#include "../elements.h"
#include "reference_operations.h"
#include "weight_at.h"

void ck_reference_dequantize_rows(const ck_context *ctx, float *out, const ck_matrix *weight,
                                  const int32_t *rows, size_t count) {
    (void)ctx;
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < weight->cols; c++)
            out[i * weight->cols + c] = weight_at(weight, (size_t)rows[i], c);
}

void ck_reference_linear_forward(const ck_context *ctx, const ck_linear *layers, size_t count,
                                 const float *inp, size_t N, size_t C) {
    for (size_t l = 0; l < count; l++) {
        const ck_linear *layer = &layers[l];
        const size_t OC = layer->weight->rows;
#pragma omp parallel for num_threads(ctx->threads)
        for (size_t o = 0; o < OC; o++) {
            for (size_t i = 0; i < N; i++) {
                double sum = layer->bias ? layer->bias[o] : 0;
                for (size_t c = 0; c < C; c++)
                    sum += (double)inp[i * C + c] * weight_at(layer->weight, o, c);
                if (layer->residual)
                    sum += layer->residual[i * OC + o];
                layer->out[i * OC + o] = (float)sum;
            }
        }
        if (layer->gelu)
            ck_reference_gelu_forward(ctx, array_of_floats(layer->out), array_of_floats(layer->out),
                                      N * OC);
    }
}
