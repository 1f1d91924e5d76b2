// Weights in every stored format: converted to it, converted back, multiplied, and as files
// interleave them.
#include "kernel_check.h"

static const ck_element_type formats[] = {CK_FLOAT32, CK_BFLOAT16, CK_FLOAT16, CK_Q8_0,
                                          CK_Q8_F32,  CK_Q4_0,     CK_Q4_1};

static ck_matrix stored(int i, ck_element_type type, const float *src, size_t rows, size_t cols) {
    const size_t value_bytes = rows * ck_row_bytes(type, cols);
    const size_t scale_bytes = rows * ck_row_scale_bytes(type, cols);
    void *values = make_array(value_bytes);
    void *scales = scale_bytes > 0 ? make_array(scale_bytes) : NULL;
    RUN(i, quantize, type, values, scales, src, rows, cols);
    return (ck_matrix){
        .type = type, .rows = rows, .cols = cols, .values = values, .scales = scales};
}

// Few rows of input and many take different paths.
static void check_linear(const ck_matrix *weight, size_t N) {
    const size_t C = weight->cols, OC = weight->rows;
    const float *inp = uniform(N * C, -1, 1), *bias = uniform(OC, -1, 1);
    const float *residual = uniform(N * OC, -1, 1);
    float *out[2], *gelu[2];
    EACH_SIDE(i) {
        out[i] = garbage(N * OC);
        gelu[i] = garbage(N * OC);
        const ck_linear layers[2] = {
            {.out = out[i], .weight = weight, .residual = residual},
            {.out = gelu[i], .weight = weight, .bias = bias, .gelu = true},
        };
        RUN(i, linear_forward, layers, 2, inp, N, C);
    }
    // Integers round the input of few rows to 16 bits; products of bfloat16 round both operands.
    double tolerance = 1e-5;
    if (N <= ck_linear_few_rows() && weight->type >= CK_Q8_0)
        tolerance = 1e-4;
    if (N > ck_linear_few_rows() && weight->type != CK_FLOAT32 && multiplies_bfloat16(1))
        tolerance = 1e-2;
    compare("linear_forward", out[1], out[0], N * OC, tolerance);
    compare("linear_forward, gelu", gelu[1], gelu[0], N * OC, tolerance);
}

// Few rows of input give the same bits whatever other rows come with them.
static void check_company(const ck_matrix *weight) {
    const size_t C = weight->cols, OC = weight->rows, most = ck_linear_few_rows();
    const float *inp = uniform(most * C, -1, 1);
    float *alone = garbage(most * OC), *together = garbage(most * OC);
    for (size_t n = 0; n < most; n++) {
        const ck_linear layer = {.out = alone + n * OC, .weight = weight};
        RUN(1, linear_forward, &layer, 1, inp + n * C, 1, C);
    }
    for (size_t N = 2; N <= most; N++) {
        const ck_linear layer = {.out = together, .weight = weight};
        RUN(1, linear_forward, &layer, 1, inp, N, C);
        compare_bytes("linear_forward in company", together, alone, N * OC * sizeof(float));
    }
}

static void check_groups(size_t groups, size_t size) {
    float *src = uniform(groups * size, -2, 2);
    // Values halfway between integers, and groups of zeros, of values next to nothing, and of NaN.
    for (size_t i = 0; i < size; i++) {
        src[i] = i == 0 ? 127 : (float)(i % 200) - 100.5f;
        src[(groups - 1) * size + i] = 0;
        src[(groups - 2) * size + i] = 3e-45f * (float)(i % 5);
    }
    src[(groups - 3) * size] = NAN;
    src[(groups - 4) * size] = -INFINITY;
    int8_t *values[2];
    float *scales[2];
    EACH_SIDE(i) {
        values[i] = make_array(groups * size);
        scales[i] = make_array(groups * sizeof(float));
        RUN(i, quantize_groups, values[i], scales[i], src, groups, size);
    }
    compare_bytes("quantize_groups values", values[1], values[0], groups * size);
    compare_bytes("quantize_groups scales", scales[1], scales[0], groups * sizeof(float));
}

// Blocks in a file may start at any address, here an odd one.
static void check_file_blocks(ck_element_type type, size_t count) {
    const size_t cols = count * CK_BLOCK, value_bytes = ck_row_bytes(type, cols);
    const size_t scale_bytes = ck_row_scale_bytes(type, cols);
    const ck_matrix weight = stored(0, type, uniform(cols, -2, 2), 1, cols);
    const int32_t first = 0;
    float *expected = garbage(cols), *floats = garbage(cols);
    RUN(0, dequantize_rows, expected, &weight, &first, 1);
    void *blocks = make_array(count * ck_block_bytes(type) + 1);
    ck_join_blocks(type, blocks, weight.values, weight.scales, count);
    void *values = make_array(value_bytes), *scales = make_array(scale_bytes);
    ck_split_blocks(type, values, scales, blocks, count);
    compare_bytes("split_blocks values", values, weight.values, value_bytes);
    compare_bytes("split_blocks scales", scales, weight.scales, scale_bytes);
    ck_floats_of_blocks(type, floats, blocks, count);
    compare_bytes("floats_of_blocks", floats, expected, cols * sizeof(float));
}

static void check_q6_k(size_t count) {
    const size_t bytes = count * CK_Q6_K_BLOCK_BYTES, cols = count * CK_Q6_K_BLOCK;
    const int32_t *numbers = ids(bytes, 256);
    uint8_t *blocks = make_array(bytes + 1);
    for (size_t i = 0; i < bytes; i++)
        blocks[i] = (uint8_t)numbers[i];
    for (size_t i = 1; i <= count; i++) // the last two bytes of each are its scale, here 2^-8
        memcpy(blocks + i * CK_Q6_K_BLOCK_BYTES - 2, &(uint16_t){0x1c00}, 2);
    float *floats = garbage(cols);
    ck_floats_of_q6_k(floats, blocks, count);
    const ck_matrix expected = stored(0, CK_Q8_0, floats, 1, cols);
    const size_t scale_bytes = ck_row_scale_bytes(CK_Q8_0, cols);
    void *values = make_array(cols), *scales = make_array(scale_bytes);
    ck_q8_0_of_q6_k(values, scales, blocks, count);
    compare_bytes("q8_0_of_q6_k values", values, expected.values, cols);
    compare_bytes("q8_0_of_q6_k scales", scales, expected.scales, scale_bytes);
}

void check_stored_weights(void) {
    check_groups(5, 1);
    check_groups(600, 64);
    release_arrays();
    for (size_t count = 1; count <= 9; count += 4) {
        check_file_blocks(CK_Q8_0, count);
        check_file_blocks(CK_Q4_0, count);
        check_file_blocks(CK_Q4_1, count);
        check_q6_k(count);
        release_arrays();
    }
    static const size_t sizes[][2] = {{1, 1},   {5, 33},   {16, 33},  {17, 64},
                                      {50, 95}, {33, 600}, {257, 288}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t rows = sizes[s][0], cols = sizes[s][1];
        for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
            const float *src = uniform(rows * cols, -2, 2);
            ck_matrix weight[2];
            float *out[2];
            const int32_t *wanted = ids(7, rows);
            EACH_SIDE(i) {
                weight[i] = stored(i, formats[f], src, rows, cols);
                out[i] = garbage(7 * cols);
            }
            compare_bytes("quantize values", weight[1].values, weight[0].values,
                          rows * ck_row_bytes(formats[f], cols));
            if (weight[0].scales)
                compare_bytes("quantize scales", weight[1].scales, weight[0].scales,
                              rows * ck_row_scale_bytes(formats[f], cols));
            EACH_SIDE(i) RUN(i, dequantize_rows, out[i], &weight[0], wanted, 7);
            compare("dequantize_rows", out[1], out[0], 7 * cols, 0);
            static const size_t counts[] = {1, 2, 3, 5, 9, 16, 37};
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
                check_linear(&weight[0], counts[c]);
            check_company(&weight[0]);
            release_arrays();
        }
    }
}
