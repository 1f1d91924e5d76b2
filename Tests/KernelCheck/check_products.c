// The three products of a linear layer in training, with every epilogue, around the borders of
// tiles, panels and blocks.
#include "kernel_check.h"

// The last has a C of several blocks of rows, fewer a block where it is rounded.
static const size_t sizes[][3] = {{1, 1, 1},      {3, 5, 7},      {8, 16, 48},    {9, 17, 49},
                                  {33, 64, 50},   {70, 61, 1027}, {61, 1027, 70}, {1027, 70, 61},
                                  {70, 3100, 50}, {520, 3100, 3}};

// Weights and activations of a type. The output gradients are bfloat16 numbers, so that nothing is
// lost where a product rounds them.
static void check_matmul(size_t N, size_t C, size_t OC, ck_element_type type) {
    const float *inp_floats = uniform(N * C, -1, 1), *weight_floats = uniform(OC * C, -1, 1);
    const float *bias = uniform(OC, -1, 1), *residual = uniform(N * OC, -1, 1);
    const float *dout = widened(as_array(CK_BFLOAT16, uniform(N * OC, -1, 1), N * OC), N * OC).data;
    const ck_array inp = as_array(type, inp_floats, N * C);
    const ck_array weight = as_array(type, weight_floats, OC * C);
    const ck_array none = {.data = NULL};
    ck_array out[2], gelu_out[2];
    float *dinp[2], *dweight[2], *sum[2], *dbias[2], *plain[2];
    EACH_SIDE(i) {
        out[i] = as_array(type, garbage(N * OC), N * OC);
        gelu_out[i] = as_array(type, garbage(N * OC), N * OC);
        plain[i] = garbage(N * OC);
        dinp[i] = garbage(N * C);
        dweight[i] = garbage(OC * C);
        sum[i] = copy_of(weight_floats, OC * C);
        dbias[i] = copy_of(bias, OC);
        RUN(i, matmul_forward, out[i], gelu_out[i], inp, weight, bias, residual, N, C, OC);
        RUN(i, matmul_forward, float_array(plain[i]), none, inp, weight, NULL, NULL, N, C, OC);
        RUN(i, matmul_backward_input, dinp[i], dout, weight, inp, N, C, OC);
        RUN(i, matmul_backward_weight, dweight[i], NULL, dout, inp, N, C, OC, false);
        RUN(i, matmul_backward_weight, sum[i], dbias[i], dout, inp, N, C, OC, true);
    }
    // A bfloat16 that lies between two others may be rounded to either.
    const double rounding = type == CK_FLOAT32 ? 1e-5 : 0x1p-7;
    compare("matmul_forward out", widened(out[1], N * OC).data, widened(out[0], N * OC).data,
            N * OC, rounding);
    compare("matmul_forward gelu_out", widened(gelu_out[1], N * OC).data,
            widened(gelu_out[0], N * OC).data, N * OC, 2 * rounding);
    compare("matmul_forward, float out", plain[1], plain[0], N * OC, 1e-5);
    compare("matmul_backward_input", dinp[1], dinp[0], N * C, 1e-5);
    compare("matmul_backward_weight", dweight[1], dweight[0], OC * C, 1e-5);
    compare("matmul_backward_weight, accumulated", sum[1], sum[0], OC * C, 1e-5);
    compare("matmul_backward_weight dbias", dbias[1], dbias[0], OC, 1e-5);
}

// One float32 operand beside a bfloat16 one is rounded to bfloat16 too where those are multiplied.
static void check_mixed(size_t N, size_t C, size_t OC) {
    const float *inp = uniform(N * C, -1, 1);
    const ck_array weight = as_array(CK_BFLOAT16, uniform(OC * C, -1, 1), OC * C);
    const ck_array none = {.data = NULL};
    float *out[2];
    EACH_SIDE(i) {
        out[i] = garbage(N * OC);
        RUN(i, matmul_forward, float_array(out[i]), none, float_array(inp), weight, NULL, NULL, N,
            C, OC);
    }
    compare("matmul_forward, mixed", out[1], out[0], N * OC,
            multiplies_bfloat16(1) ? 0x1p-7 : 1e-5);
}

void check_products(void) {
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t N = sizes[s][0], C = sizes[s][1], OC = sizes[s][2];
        check_matmul(N, C, OC, CK_FLOAT32);
        release_arrays();
        check_matmul(N, C, OC, CK_BFLOAT16);
        check_mixed(N, C, OC);
        release_arrays();
    }
}
