// Operations on typed arrays. With bfloat16, each must give exactly the bits of its float32 result
// for the same numbers, rounded once; the other checks compare the float32 result with the
// reference.
#include "kernel_check.h"

static const ck_element_type types[] = {CK_FLOAT32, CK_BFLOAT16};

#define EACH_TYPE(type) for (const ck_element_type *type = types; type < types + 2; type++)

// Sizes around vectors of 4, 8 and 16; the last is large enough for a team of three.
static const size_t sizes[][2] = {{1, 1},  {3, 3},  {2, 4},  {5, 7},   {7, 9},
                                  {6, 16}, {5, 17}, {3, 33}, {2, 768}, {193, 258}};

static void check_encoder(size_t T, size_t C) {
    const size_t V = 11;
    const int32_t *tokens = ids(T, V);
    const float *wte = uniform(V * C, -1, 1), *wpe = uniform(T * C, -1, 1);
    EACH_SIDE(i) EACH_TYPE(wte_type) EACH_TYPE(wpe_type) {
        const ck_array token_rows = as_array(*wte_type, wte, V * C);
        const ck_array position_rows = as_array(*wpe_type, wpe, T * C);
        float *out = garbage(T * C), *expected = garbage(T * C);
        RUN(i, encoder_forward, out, tokens, NULL, token_rows, position_rows, 1, T, C);
        RUN(i, encoder_forward, expected, tokens, NULL, widened(token_rows, V * C),
            widened(position_rows, T * C), 1, T, C);
        compare_bytes("encoder_forward of types", out, expected, T * C * sizeof(float));
    }
}

static void check_layernorm(size_t N, size_t C) {
    const float *inp = uniform(N * C, -1, 3);
    const float *weight = uniform(C, -1, 1), *bias = uniform(C, -1, 1);
    EACH_SIDE(i) {
        const ck_array out = as_array(CK_BFLOAT16, garbage(N * C), N * C);
        float *expected = garbage(N * C), *mean[2], *rstd[2];
        for (int run = 0; run < 2; run++) {
            mean[run] = garbage(N);
            rstd[run] = garbage(N);
        }
        RUN(i, layernorm_forward, out, mean[0], rstd[0], inp, weight, bias, N, C);
        RUN(i, layernorm_forward, float_array(expected), mean[1], rstd[1], inp, weight, bias, N, C);
        compare_rounded("layernorm_forward to bfloat16", out, expected, N * C);
        compare_bytes("layernorm_forward to bfloat16, mean", mean[0], mean[1], N * sizeof(float));
        compare_bytes("layernorm_forward to bfloat16, rstd", rstd[0], rstd[1], N * sizeof(float));
    }
}

static void check_rmsnorm(size_t N, size_t C) {
    const float *inp = uniform(N * C, -1, 3), *weight = uniform(C, -1, 1);
    EACH_SIDE(i) {
        const ck_array out = as_array(CK_BFLOAT16, garbage(N * C), N * C);
        float *expected = garbage(N * C), *rstd[2] = {garbage(N), garbage(N)};
        RUN(i, rmsnorm_forward, out, rstd[0], inp, weight, 1e-5f, N, C);
        RUN(i, rmsnorm_forward, float_array(expected), rstd[1], inp, weight, 1e-5f, N, C);
        compare_rounded("rmsnorm_forward to bfloat16", out, expected, N * C);
        compare_bytes("rmsnorm_forward to bfloat16, rstd", rstd[0], rstd[1], N * sizeof(float));
    }
}

static void check_rope(size_t N, size_t HS) {
    const size_t NH = 2, ld = NH * HS + 3, n = (N - 1) * ld + NH * HS;
    const float *rotations = uniform(N * HS, -1, 1), *floats = uniform(n, -1, 1);
    EACH_SIDE(i) {
        const ck_array x = as_array(CK_BFLOAT16, floats, n), wide = widened(x, n);
        RUN(i, rope_forward, x, ld, rotations, N, NH, HS);
        RUN(i, rope_forward, wide, ld, rotations, N, NH, HS);
        compare_rounded("rope_forward of bfloat16", x, wide.data, n);
    }
}

static void check_swiglu(size_t n) {
    const float *gate_floats = uniform(n, -6, 6), *up_floats = uniform(n, -1, 1);
    const float *dout = uniform(n, -1, 1);
    EACH_SIDE(i) EACH_TYPE(type) {
        const ck_array gate = as_array(*type, gate_floats, n), wide_gate = widened(gate, n);
        const ck_array up = as_array(*type, up_floats, n), wide_up = widened(up, n);
        float *expected = garbage(n), *d[4] = {garbage(n), garbage(n), garbage(n), garbage(n)};
        RUN(i, swiglu_forward, float_array(expected), wide_gate, wide_up, n);
        EACH_TYPE(out_type) {
            const ck_array out = as_array(*out_type, garbage(n), n);
            RUN(i, swiglu_forward, out, gate, up, n);
            compare_rounded("swiglu_forward of types", out, expected, n);
        }
        RUN(i, swiglu_backward, d[0], d[1], gate, up, dout, n);
        RUN(i, swiglu_backward, d[2], d[3], wide_gate, wide_up, dout, n);
        compare_bytes("swiglu_backward of types, dgate", d[0], d[2], n * sizeof(float));
        compare_bytes("swiglu_backward of types, dup", d[1], d[3], n * sizeof(float));
        RUN(i, swiglu_forward, gate, gate, up, n);
        compare_rounded("swiglu_forward in place", gate, expected, n);
    }
}

static void check_gelu(size_t n) {
    const float *x = uniform(n, -6, 6), *dout = uniform(n, -1, 1);
    EACH_SIDE(i) EACH_TYPE(inp_type) {
        const ck_array inp = as_array(*inp_type, x, n), wide = widened(inp, n);
        float *expected = garbage(n), *dinp = garbage(n), *expected_dinp = garbage(n);
        RUN(i, gelu_forward, float_array(expected), wide, n);
        EACH_TYPE(out_type) {
            const ck_array out = as_array(*out_type, garbage(n), n);
            RUN(i, gelu_forward, out, inp, n);
            compare_rounded("gelu_forward of types", out, expected, n);
        }
        RUN(i, gelu_backward, dinp, inp, dout, n);
        RUN(i, gelu_backward, expected_dinp, wide, dout, n);
        compare_bytes("gelu_backward of types", dinp, expected_dinp, n * sizeof(float));
        RUN(i, gelu_forward, inp, inp, n);
        compare_rounded("gelu_forward in place", inp, expected, n);
    }
}

// Parameters that end up halfway between two bfloat16 numbers, next to nothing, and NaN.
static void check_adamw(size_t n) {
    const ck_adamw_config config = {.learning_rate = 1e-2f,
                                    .beta1 = 0.9f,
                                    .beta2 = 0.95f,
                                    .epsilon = 1e-8f,
                                    .bias_correction1 = 0.1f,
                                    .bias_correction2 = 0.05f,
                                    .grad_scale = 1};
    const float special[] = {1 + 0x1p-8f, 1 + 0x3p-8f, 0x1p-140f, NAN, -0.0f, 3e38f, INFINITY};
    float *params = uniform(n, -1, 1), *grads = uniform(n, -1, 1);
    for (size_t k = 0; k < sizeof special / sizeof special[0] && k < n; k++) {
        params[n - 1 - k] = special[k];
        grads[n - 1 - k] = 0;
    }
    EACH_SIDE(i) {
        float *p[2], *m[2], *v[2];
        const ck_array working = as_array(CK_BFLOAT16, garbage(n), n);
        for (int run = 0; run < 2; run++) {
            p[run] = copy_of(params, n);
            m[run] = memset(make_array(n * sizeof(float)), 0, n * sizeof(float));
            v[run] = memset(make_array(n * sizeof(float)), 0, n * sizeof(float));
            RUN(i, adamw, p[run], grads, m[run], v[run], run == 0 ? working.data : NULL, n, config);
        }
        compare_bytes("adamw params with working ones", p[0], p[1], n * sizeof(float));
        compare_bytes("adamw m with working params", m[0], m[1], n * sizeof(float));
        compare_bytes("adamw v with working params", v[0], v[1], n * sizeof(float));
        compare_rounded("adamw working", working, p[0], n);
    }
}

void check_arrays(void) {
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t N = sizes[s][0], C = sizes[s][1];
        check_encoder(N, C);
        check_layernorm(N, C);
        check_rmsnorm(N, C);
        if (C % 2 == 0)
            check_rope(N, C);
        check_gelu(N * C);
        check_swiglu(N * C);
        check_adamw(N * C);
        release_arrays();
    }
}
