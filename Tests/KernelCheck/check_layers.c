// Embedding, normalization, rotary positions and elementwise operations.
#include "kernel_check.h"

// Sizes around vectors of 4, 8 and 16; the last is large enough for a team of three.
static const size_t sizes[][2] = {{1, 1},  {3, 3},  {2, 4},  {5, 7},   {7, 9},
                                  {6, 16}, {5, 17}, {3, 33}, {2, 768}, {193, 258}};

// Positions that count up, positions that are given, and none at all.
static void check_encoder(size_t N, size_t C) {
    const size_t T = N > 3 ? 3 : N, B = N / T, V = 11;
    const int32_t *tokens = ids(B * T, V), *given = ids(B * T, T);
    const float *wte = uniform(V * C, -1, 1), *wpe = uniform(T * C, -1, 1);
    const float *dout = uniform(B * T * C, -1, 1), *start = uniform(V * C, -1, 1);
    for (int kind = 0; kind < 3; kind++) {
        const int32_t *positions = kind == 1 ? given : NULL;
        float *out[2], *dwte[2], *dwpe[2];
        EACH_SIDE(i) {
            out[i] = garbage(B * T * C);
            dwte[i] = copy_of(start, V * C);
            dwpe[i] = copy_of(start, T * C);
            RUN(i, encoder_forward, out[i], tokens, positions, float_array(wte),
                float_array(kind == 2 ? NULL : wpe), B, T, C);
            RUN(i, encoder_backward, dwte[i], kind == 2 ? NULL : dwpe[i], dout, tokens, positions,
                B, T, C);
        }
        compare("encoder_forward", out[1], out[0], B * T * C, 1e-7);
        compare("encoder_backward dwte", dwte[1], dwte[0], V * C, 1e-6);
        compare("encoder_backward dwpe", dwpe[1], dwpe[0], T * C, 1e-6);
    }
}

static void check_layernorm(size_t N, size_t C) {
    const float *inp = uniform(N * C, -1, 3), *dout = uniform(N * C, -1, 1);
    const float *weight = uniform(C, -1, 1), *bias = uniform(C, -1, 1);
    const float *start = uniform(N * C, -1, 1);
    float *out[2], *mean[2], *rstd[2], *dinp[2], *dweight[2], *dbias[2];
    EACH_SIDE(i) {
        out[i] = garbage(N * C);
        mean[i] = garbage(N);
        rstd[i] = garbage(N);
        dinp[i] = copy_of(start, N * C);
        dweight[i] = copy_of(start, C);
        dbias[i] = copy_of(start, C);
        RUN(i, layernorm_forward, float_array(out[i]), mean[i], rstd[i], inp, weight, bias, N, C);
        RUN(i, layernorm_backward, dinp[i], dweight[i], dbias[i], dout, inp, weight, mean[0],
            rstd[0], N, C);
    }
    compare("layernorm_forward out", out[1], out[0], N * C, 1e-5);
    compare("layernorm_forward mean", mean[1], mean[0], N, 1e-6);
    compare("layernorm_forward rstd", rstd[1], rstd[0], N, 1e-5);
    compare("layernorm_backward dinp", dinp[1], dinp[0], N * C, 1e-5);
    compare("layernorm_backward dweight", dweight[1], dweight[0], C, 1e-5);
    compare("layernorm_backward dbias", dbias[1], dbias[0], C, 1e-5);
}

// Frozen weights have no gradients; those of the input are the same.
static void check_frozen_layernorm(size_t N, size_t C) {
    const float *inp = uniform(N * C, -1, 3), *dout = uniform(N * C, -1, 1);
    const float *weight = uniform(C, -1, 1), *rstd = uniform(N, 0.5f, 1);
    const float *start = uniform(N * C, -1, 1);
    EACH_SIDE(i) {
        float *dinp[4], *dweight[4], *dbias[4];
        for (int frozen = 0; frozen < 4; frozen++) {
            dinp[frozen] = copy_of(start, N * C);
            dweight[frozen] = copy_of(start, C);
            dbias[frozen] = copy_of(start, C);
            RUN(i, layernorm_backward, dinp[frozen], frozen & 1 ? NULL : dweight[frozen],
                frozen & 2 ? NULL : dbias[frozen], dout, inp, weight, rstd, rstd, N, C);
            compare_bytes("layernorm_backward of frozen weights, dinp", dinp[frozen], dinp[0],
                          N * C * sizeof(float));
            compare_bytes("layernorm_backward of a frozen bias, dweight", dweight[frozen],
                          frozen & 1 ? start : dweight[0], C * sizeof(float));
            compare_bytes("layernorm_backward of a frozen weight, dbias", dbias[frozen],
                          frozen & 2 ? start : dbias[0], C * sizeof(float));
        }
    }
}

static void check_rmsnorm(size_t N, size_t C) {
    const float *inp = uniform(N * C, -1, 3), *weight = uniform(C, -1, 1);
    const float *dout = uniform(N * C, -1, 1), *start = uniform(N * C, -1, 1);
    float *out[2], *rstd[2], *dinp[2], *dweight[2];
    EACH_SIDE(i) {
        out[i] = garbage(N * C);
        rstd[i] = garbage(N);
        dinp[i] = copy_of(start, N * C);
        dweight[i] = copy_of(start, C);
        RUN(i, rmsnorm_forward, float_array(out[i]), rstd[i], inp, weight, 1e-5f, N, C);
        RUN(i, rmsnorm_backward, dinp[i], dweight[i], dout, inp, weight, rstd[0], N, C);
        float *again = garbage(N * C), *frozen = copy_of(start, N * C);
        RUN(i, rmsnorm_forward, float_array(again), NULL, inp, weight, 1e-5f, N, C);
        RUN(i, rmsnorm_backward, frozen, NULL, dout, inp, weight, rstd[0], N, C);
        compare_bytes("rmsnorm_forward without rstd", again, out[i], N * C * sizeof(float));
        compare_bytes("rmsnorm_backward of a frozen weight", frozen, dinp[i],
                      N * C * sizeof(float));
    }
    compare("rmsnorm_forward", out[1], out[0], N * C, 1e-6);
    compare("rmsnorm_forward rstd", rstd[1], rstd[0], N, 1e-6);
    compare("rmsnorm_backward dinp", dinp[1], dinp[0], N * C, 1e-5);
    compare("rmsnorm_backward dweight", dweight[1], dweight[0], C, 1e-5);
}

// Rows are columns of a wider buffer whose other columns must not change.
static void check_rope(size_t N, size_t HS) {
    const size_t NH = 3, ld = NH * HS + 5, n = (N - 1) * ld + NH * HS;
    const int32_t *positions = ids(N, 4096);
    const float *start = uniform(n, -1, 1);
    double *frequencies = make_array(HS / 2 * sizeof *frequencies);
    for (size_t i = 0; i < HS / 2; i++)
        frequencies[i] = pow(10000, -2.0 * (double)i / (double)HS);
    float *rotations[2], *x[2], *dx[2];
    EACH_SIDE(i) {
        rotations[i] = garbage(N * HS);
        x[i] = copy_of(start, n);
        RUN(i, rope_rotations, rotations[i], positions, frequencies, N, HS);
        RUN(i, rope_forward, float_array(x[i]), ld, rotations[0], N, NH, HS);
        dx[i] = copy_of(x[0], n);
        RUN(i, rope_backward, dx[i], ld, rotations[0], N, NH, HS);
    }
    compare("rope_rotations", rotations[1], rotations[0], N * HS, 1e-7);
    compare("rope_forward", x[1], x[0], n, 1e-6);
    compare("rope_backward", dx[1], dx[0], n, 1e-6);
    compare("rope_backward of rope_forward", dx[1], start, n, 1e-6);
    for (size_t row = 0; row + 1 < N; row++)
        compare_bytes("rope_forward, the other columns", x[1] + row * ld + NH * HS,
                      start + row * ld + NH * HS, (ld - NH * HS) * sizeof(float));
}

static void check_elementwise(size_t n) {
    const float *a = uniform(n, -6, 6), *b = uniform(n, -1, 1), *c = uniform(n, -1, 1);
    float *gelu[2], *dgelu[2], *exact_gelu[2], *swiglu[2], *sum[2], *dgate[2], *dup[2];
    EACH_SIDE(i) {
        gelu[i] = garbage(n);
        dgelu[i] = garbage(n);
        exact_gelu[i] = garbage(n);
        swiglu[i] = garbage(n);
        sum[i] = garbage(n);
        RUN(i, gelu_forward, float_array(gelu[i]), float_array(a), n);
        RUN(i, gelu_backward, dgelu[i], float_array(a), b, n);
        RUN(i, exact_gelu_forward, exact_gelu[i], a, n);
        dgate[i] = copy_of(c, n);
        dup[i] = garbage(n);
        RUN(i, swiglu_forward, float_array(swiglu[i]), float_array(a), float_array(b), n);
        RUN(i, swiglu_backward, dgate[i], dup[i], float_array(a), float_array(b), dgate[i], n);
        RUN(i, residual_forward, sum[i], a, b, n);
    }
    compare("gelu_forward", gelu[1], gelu[0], n, 1e-6);
    compare("gelu_backward", dgelu[1], dgelu[0], n, 1e-6);
    compare("exact_gelu_forward", exact_gelu[1], exact_gelu[0], n, 2e-6);
    compare("swiglu_forward", swiglu[1], swiglu[0], n, 1e-6);
    compare("swiglu_backward dgate", dgate[1], dgate[0], n, 1e-6);
    compare("swiglu_backward dup", dup[1], dup[0], n, 1e-6);
    compare("residual_forward", sum[1], sum[0], n, 0);
}

// From an element in the middle of a row of numbers into the next row; the bits must be the
// reference's.
static void check_dropout(size_t n) {
    const float rates[] = {0, 0.1f, 0.9999999f};
    const float *inp = uniform(n, -1, 1), *residual = uniform(n, -1, 1);
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        float *out[2], *sum[2], *in_place[2];
        EACH_SIDE(i) {
            const uint64_t first = 3 * CK_DROPOUT_ROW - n / 2;
            out[i] = garbage(n);
            sum[i] = copy_of(residual, n);
            in_place[i] = copy_of(inp, n);
            RUN(i, dropout, out[i], inp, NULL, rates[r], 7, first, n);
            RUN(i, dropout, sum[i], inp, sum[i], rates[r], 7, first, n);
            RUN(i, dropout, in_place[i], in_place[i], NULL, rates[r], 7, first, n);
        }
        compare_bytes("dropout", out[1], out[0], n * sizeof(float));
        compare_bytes("dropout plus residual", sum[1], sum[0], n * sizeof(float));
        compare_bytes("dropout in place", in_place[1], out[0], n * sizeof(float));
    }
}

static void check_scale_columns(size_t N, size_t C) {
    const size_t ld = C + 3, n = (N - 1) * ld + C;
    const float *start = uniform(n, -1, 1);
    const float factors[] = {0, -1.5f};
    for (int f = 0; f < 2; f++) {
        float *x[2];
        EACH_SIDE(i) {
            x[i] = copy_of(start, n);
            x[i][0] = f == 0 ? NAN : 2;
            RUN(i, scale_columns, x[i], ld, factors[f], N, C);
        }
        compare_bytes("scale_columns", x[1], x[0], n * sizeof(float));
    }
}

void check_layers(void) {
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t N = sizes[s][0], C = sizes[s][1];
        check_encoder(N, C);
        check_layernorm(N, C);
        check_frozen_layernorm(N, C);
        check_rmsnorm(N, C);
        if (C % 2 == 0)
            check_rope(N, C);
        check_elementwise(N * C);
        check_dropout(N * C);
        check_scale_columns(N, C);
        release_arrays();
    }
}
