// Operations on rows that treat every element alike, and the sums over a row.
#ifndef SIMD_ELEMENTWISE_H
#define SIMD_ELEMENTWISE_H

#include "math_simd.h"

static void gelu_forward(float *out, const float *inp, size_t n) {
    FOR_EACH_VECTOR(i, n, STORE(out + i, v_gelu(LOAD(inp + i))););
}

static void gelu_backward(float *dinp, const float *inp, const float *dout, size_t n) {
    FOR_EACH_VECTOR(i, n, STORE(dinp + i, LOAD(dout + i) * v_gelu_derivative(LOAD(inp + i))););
}

static void swiglu_forward(float *out, const float *gate, const float *up, size_t n) {
    FOR_EACH_VECTOR(i, n, STORE(out + i, v_silu(LOAD(gate + i)) * LOAD(up + i)););
}

static void add(float *out, const float *a, const float *b, size_t n) {
    FOR_EACH_VECTOR(i, n, STORE(out + i, LOAD(a + i) + LOAD(b + i)););
}

static void scale_rows(float *x, size_t ld, const float *factor, size_t rows, size_t cols) {
    for (size_t row = 0; row < rows; row++) {
        const vf f = v_splat(factor[row]);
        FOR_EACH_VECTOR(i, cols, STORE(x + row * ld + i, LOAD(x + row * ld + i) * f););
    }
}

static float dot(const float *a, const float *b, size_t n) {
    vf sum = v_zero();
    FOR_EACH_VECTOR(i, n, sum = v_fma(LOAD(a + i), LOAD(b + i), sum););
    return v_sum_lanes(sum);
}

// A vector of as many doubles as a vector has floats.
typedef double vd __attribute__((vector_size(2 * sizeof(vf))));

static double sum_of_squares(const float *x, size_t n) {
    // In double every square is exact, and none overflows.
    vd sum = {0};
    FOR_EACH_VECTOR(i, n, {
        const vd wide = __builtin_convertvector(LOAD(x + i), vd);
        sum += wide * wide;
    });
    double total = 0;
    for (int i = 0; i < LANES; i++)
        total += sum[i];
    return total;
}

#endif
