#include "../dropout.h"
#include "../elements.h"
#include "reference_operations.h"

#include <math.h>

#define SQRT_2_OVER_PI 0.7978845608028654
#define SQRT_HALF 0.7071067811865476

void ck_reference_gelu_forward(const ck_context *ctx, ck_array out, ck_array inp, size_t n) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < n; i++) {
        const double x = element_at(inp, i);
        const double u = SQRT_2_OVER_PI * (x + 0.044715 * x * x * x);
        set_element(out, i, (float)(0.5 * x * (1.0 + tanh(u))));
    }
}

void ck_reference_gelu_backward(const ck_context *ctx, float *dinp, ck_array inp, const float *dout,
                                size_t n) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < n; i++) {
        const double x = element_at(inp, i);
        const double u = SQRT_2_OVER_PI * (x + 0.044715 * x * x * x);
        const double du = SQRT_2_OVER_PI * (1.0 + 3.0 * 0.044715 * x * x);
        const double t = tanh(u);
        dinp[i] = (float)(dout[i] * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * du));
    }
}

void ck_reference_exact_gelu_forward(const ck_context *ctx, float *out, const float *inp,
                                     size_t n) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < n; i++)
        // Unlike 1 + erf, this keeps its relative precision near zero.
        out[i] = (float)(0.5 * inp[i] * erfc(-SQRT_HALF * inp[i]));
}

void ck_reference_swiglu_forward(const ck_context *ctx, ck_array out, ck_array gate, ck_array up,
                                 size_t n) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < n; i++) {
        const double x = element_at(gate, i);
        set_element(out, i, (float)(x / (1.0 + exp(-x)) * element_at(up, i)));
    }
}

void ck_reference_swiglu_backward(const ck_context *ctx, float *dgate, float *dup, ck_array gate,
                                  ck_array up, const float *dout, size_t n) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < n; i++) {
        const double x = element_at(gate, i);
        const double d = dout[i];
        const double sigmoid = 1.0 / (1.0 + exp(-x));
        dgate[i] = (float)(d * element_at(up, i) * sigmoid * (1.0 + x / (1.0 + exp(x))));
        dup[i] = (float)(d * x / (1.0 + exp(-x)));
    }
}

void ck_reference_residual_forward(const ck_context *ctx, float *out, const float *a,
                                   const float *b, size_t n) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] + b[i];
}

void ck_reference_dropout(const ck_context *ctx, float *out, const float *inp,
                          const float *residual, float rate, uint64_t key, uint64_t first,
                          size_t n) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < n; i++) {
        const dropout_seed seed = dropout_seed_of(key, (first + i) / CK_DROPOUT_ROW);
        const uint32_t number = dropout_number(seed, (uint32_t)((first + i) % CK_DROPOUT_ROW));
        const float factor = number < dropout_threshold(rate) ? 0 : dropout_scale(rate);
        // Rounded once, so that every instruction set gives these bits.
        out[i] = residual ? fmaf(inp[i], factor, residual[i]) : inp[i] * factor;
    }
}

void ck_reference_scale_columns(const ck_context *ctx, float *x, size_t ld, float factor, size_t N,
                                size_t n) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t row = 0; row < N; row++)
        for (size_t i = 0; i < n; i++)
            x[row * ld + i] = factor == 0 ? 0 : x[row * ld + i] * factor;
}
