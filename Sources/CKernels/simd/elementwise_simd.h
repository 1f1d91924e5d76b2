// Operations on rows that treat every element alike, and the sums over a row.
#ifndef SIMD_ELEMENTWISE_H
#define SIMD_ELEMENTWISE_H

#include "elements_simd.h"
#include "math_simd.h"

static void encoder_forward_row(float *out, ck_array token, ck_array position, size_t C) {
    WITH_ARRAY_TYPES(token_type, token.type, position_type, position.type, {
        FOR_EACH_VECTOR(i, C, {
            const vf t = load_floats(token_type, token.data, i, lanes);
            const vf p = load_floats(position_type, position.data, i, lanes);
            STORE(out + i, t + p);
        });
    });
}

static void gelu_forward(ck_array out, ck_array inp, size_t n) {
    WITH_ARRAY_TYPES(out_type, out.type, inp_type, inp.type, {
        FOR_EACH_VECTOR(i, n, {
            const vf x = load_floats(inp_type, inp.data, i, lanes);
            store_floats(out_type, out.data, i, v_gelu(x), lanes);
        });
    });
}

static void gelu_backward(float *dinp, ck_array inp, const float *dout, size_t n) {
    WITH_ARRAY_TYPE(type, inp.type, {
        FOR_EACH_VECTOR(i, n, {
            const vf x = load_floats(type, inp.data, i, lanes);
            STORE(dinp + i, LOAD(dout + i) * v_gelu_derivative(x));
        });
    });
}

static void exact_gelu_forward(float *out, const float *inp, size_t n) {
    FOR_EACH_VECTOR(i, n, STORE(out + i, v_exact_gelu(LOAD(inp + i))););
}

static void swiglu_forward(ck_array out, ck_array gate, ck_array up, size_t n) {
    WITH_ARRAY_TYPES(out_type, out.type, inp_type, gate.type, {
        FOR_EACH_VECTOR(i, n, {
            const vf g = load_floats(inp_type, gate.data, i, lanes);
            const vf u = load_floats(inp_type, up.data, i, lanes);
            store_floats(out_type, out.data, i, v_silu(g) * u, lanes);
        });
    });
}

static void swiglu_backward(float *dgate, float *dup, ck_array gate, ck_array up, const float *dout,
                            size_t n) {
    WITH_ARRAY_TYPE(type, gate.type, {
        FOR_EACH_VECTOR(i, n, {
            const vf g = load_floats(type, gate.data, i, lanes);
            const vf u = load_floats(type, up.data, i, lanes);
            const vf d = LOAD(dout + i);
            STORE(dgate + i, d * u * v_silu_derivative(g));
            STORE(dup + i, d * v_silu(g));
        });
    });
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

static double sum_of_squares(const float *x, size_t n) {
    // In double every square is exact, and none overflows.
    vd sum = {0};
    FOR_EACH_VECTOR(i, n, {
        const vd wide = __builtin_convertvector(LOAD(x + i), vd);
        sum += wide * wide;
    });
    return v_sum_doubles(&sum);
}

#endif
