// The three products of a linear layer in training, with every epilogue, around the borders of
// tiles, panels and blocks.
#include "kernel_check.h"

// The last has a C of several blocks of rows, with fewer rows per block where it is rounded.
static const size_t sizes[][3] = {{1, 1, 1},      {3, 5, 7},      {8, 16, 48},    {9, 17, 49},
                                  {33, 64, 50},   {70, 61, 1027}, {61, 1027, 70}, {1027, 70, 61},
                                  {70, 3100, 50}, {520, 3100, 3}};

// Weights and activations of a type. The output gradients are bfloat16 numbers, so nothing is lost
// where a product rounds them.
static void check_matmul(size_t N, size_t C, size_t OC, ck_element_type type) {
    const float *inp_floats = uniform(N * C, -1, 1), *weight_floats = uniform(OC * C, -1, 1);
    const float *bias = uniform(OC, -1, 1), *residual = uniform(N * OC, -1, 1);
    const float *dout = widened(as_array(CK_BFLOAT16, uniform(N * OC, -1, 1), N * OC), N * OC).data;
    const ck_array inp = as_array(type, inp_floats, N * C);
    const ck_matrix weight = {
        .type = type, .rows = OC, .cols = C, .values = as_array(type, weight_floats, OC * C).data};
    const ck_array none = {.data = NULL};
    ck_array out[2], gelu_out[2];
    float *dinp[2], *more[2], *dweight[2], *sum[2], *dbias[2], *plain[2];
    EACH_SIDE(i) {
        out[i] = as_array(type, garbage(N * OC), N * OC);
        gelu_out[i] = as_array(type, garbage(N * OC), N * OC);
        plain[i] = garbage(N * OC);
        dinp[i] = garbage(N * C);
        dweight[i] = garbage(OC * C);
        sum[i] = copy_of(weight_floats, OC * C);
        dbias[i] = copy_of(bias, OC);
        RUN(i, matmul_forward, out[i], gelu_out[i], inp, &weight, bias, residual, N);
        RUN(i, matmul_forward, float_array(plain[i]), none, inp, &weight, NULL, NULL, N);
        more[i] = copy_of(inp_floats, N * C);
        RUN(i, matmul_backward_input, dinp[i], dout, &weight, inp, N, false);
        RUN(i, matmul_backward_input, more[i], dout, &weight, inp, N, true);
        RUN(i, matmul_backward_weight, dweight[i], NULL, dout, inp, N, C, OC, false);
        RUN(i, matmul_backward_weight, sum[i], dbias[i], dout, inp, N, C, OC, true);
    }
    // A value halfway between two bfloat16 numbers may be rounded to either.
    const double rounding = type == CK_FLOAT32 ? 1e-5 : 0x1p-7;
    compare("matmul_forward out", widened(out[1], N * OC).data, widened(out[0], N * OC).data,
            N * OC, rounding);
    compare("matmul_forward gelu_out", widened(gelu_out[1], N * OC).data,
            widened(gelu_out[0], N * OC).data, N * OC, 2 * rounding);
    compare("matmul_forward, float out", plain[1], plain[0], N * OC, 1e-5);
    compare("matmul_backward_input", dinp[1], dinp[0], N * C, 1e-5);
    compare("matmul_backward_input, accumulated", more[1], more[0], N * C, 1e-5);
    compare("matmul_backward_weight", dweight[1], dweight[0], OC * C, 1e-5);
    compare("matmul_backward_weight, accumulated", sum[1], sum[0], OC * C, 1e-5);
    compare("matmul_backward_weight dbias", dbias[1], dbias[0], OC, 1e-5);
}

// Weights of a different type than the activations: both are rounded where the processor multiplies
// bfloat16.
static void check_stored(size_t N, size_t C, size_t OC, ck_element_type type) {
    const float *inp = uniform(N * C, -1, 1), *dout = uniform(N * OC, -1, 1);
    const size_t scale_bytes = OC * ck_row_scale_bytes(type, C);
    void *values = make_array(OC * ck_row_bytes(type, C));
    void *scales = scale_bytes > 0 ? make_array(scale_bytes) : NULL;
    RUN(0, quantize, type, values, scales, uniform(OC * C, -1, 1), OC, C);
    const ck_matrix weight = {
        .type = type, .rows = OC, .cols = C, .values = values, .scales = scales};
    const ck_array none = {.data = NULL};
    float *out[2], *dinp[2];
    EACH_SIDE(i) {
        out[i] = garbage(N * OC);
        dinp[i] = copy_of(inp, N * C);
        RUN(i, matmul_forward, float_array(out[i]), none, float_array(inp), &weight, NULL, NULL, N);
        RUN(i, matmul_backward_input, dinp[i], dout, &weight, none, N, true);
    }
    const double tolerance = multiplies_bfloat16(1) ? 0x1p-6 : 1e-5;
    compare("matmul_forward of stored weights", out[1], out[0], N * OC, tolerance);
    compare("matmul_backward_input of stored weights", dinp[1], dinp[0], N * C, tolerance);
}

void check_products(void) {
    static const ck_element_type stored[] = {CK_BFLOAT16, CK_FLOAT16, CK_Q8_0,
                                             CK_Q8_F32,   CK_Q4_0,    CK_Q4_1};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t N = sizes[s][0], C = sizes[s][1], OC = sizes[s][2];
        check_matmul(N, C, OC, CK_FLOAT32);
        release_arrays();
        check_matmul(N, C, OC, CK_BFLOAT16);
        release_arrays();
        for (size_t t = 0; t < sizeof stored / sizeof stored[0]; t++)
            check_stored(N, C, OC, stored[t]);
        release_arrays();
    }
}
