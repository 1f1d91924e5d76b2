// The three products of a linear layer in training, with every epilogue, around the borders of
// tiles, panels and blocks.
#include "kernel_check.h"

static const size_t sizes[][3] = {{1, 1, 1},    {3, 5, 7},      {8, 16, 48},    {9, 17, 49},
                                  {33, 64, 50}, {70, 61, 1027}, {61, 1027, 70}, {1027, 70, 61}};

static void check_matmul(size_t N, size_t C, size_t OC) {
    const float *inp = uniform(N * C, -1, 1), *weight = uniform(OC * C, -1, 1);
    const float *bias = uniform(OC, -1, 1), *residual = uniform(N * OC, -1, 1);
    const float *dout = uniform(N * OC, -1, 1);
    float *out[2], *gelu_out[2], *dinp[2], *dweight[2], *sum[2], *dbias[2];
    EACH_SIDE(i) {
        out[i] = garbage(N * OC);
        gelu_out[i] = garbage(N * OC);
        dinp[i] = garbage(N * C);
        dweight[i] = garbage(OC * C);
        sum[i] = copy_of(weight, OC * C);
        dbias[i] = copy_of(bias, OC);
        RUN(i, matmul_forward, out[i], gelu_out[i], inp, weight, bias, residual, N, C, OC);
        RUN(i, matmul_backward_input, dinp[i], dout, weight, inp, N, C, OC);
        RUN(i, matmul_backward_weight, dweight[i], NULL, dout, inp, N, C, OC, false);
        RUN(i, matmul_backward_weight, sum[i], dbias[i], dout, inp, N, C, OC, true);
    }
    compare("matmul_forward out", out[1], out[0], N * OC, 1e-5);
    compare("matmul_forward gelu_out", gelu_out[1], gelu_out[0], N * OC, 1e-5);
    compare("matmul_backward_input", dinp[1], dinp[0], N * C, 1e-5);
    compare("matmul_backward_weight", dweight[1], dweight[0], OC * C, 1e-5);
    compare("matmul_backward_weight, accumulated", sum[1], sum[0], OC * C, 1e-5);
    compare("matmul_backward_weight dbias", dbias[1], dbias[0], OC, 1e-5);
}

void check_products(void) {
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        check_matmul(sizes[s][0], sizes[s][1], sizes[s][2]);
        release_arrays();
    }
}
