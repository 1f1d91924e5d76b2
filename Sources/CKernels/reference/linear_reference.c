#include "../elements.h"
#include "reference_operations.h"

static float weight_at(const ck_matrix *w, size_t row, size_t col) {
    if (w->type == CK_FLOAT16)
        return float16_to_float(((const uint16_t *)w->values)[row * w->cols + col]);
    if (!has_scales(w->type))
        return element_at((ck_array){(void *)w->values, w->type}, row * w->cols + col);
    const char *values = (const char *)w->values + row * bytes_of_row(w->type, w->cols);
    const size_t block = col / CK_BLOCK;
    const size_t i = col % CK_BLOCK;
    const float scale = block_scale(w->type, w, row, block);
    if (!has_nibbles(w->type))
        return (float)((const int8_t *)values)[col] * scale;
    const uint8_t byte = ((const uint8_t *)values)[block * (CK_BLOCK / 2) + i % 16];
    const int nibble = i < 16 ? byte & 15 : byte >> 4;
    if (w->type == CK_Q4_1)
        return (float)nibble * scale + block_minimum(w, row, block);
    return (float)(nibble - 8) * scale;
}

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
