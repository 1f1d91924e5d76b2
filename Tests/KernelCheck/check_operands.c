// The matrix product over operands of every type, each stored along the sum or across it, at sizes
// around the borders of tiles, panels and blocks. All numbers are small and whole, so every way to
// multiply is exact and must find the same floats.
#include "kernel_check.h"

#include "../../Sources/CKernels/parallel/gemm.h"

static const ck_element_type types[] = {CK_FLOAT32, CK_BFLOAT16, CK_FLOAT16, CK_Q8_0,
                                        CK_Q8_F32,  CK_Q4_0,     CK_Q4_1};

// A matrix whose blocks have scales of 1 (or, in q4_1, a single number, 0): each block starts with
// the largest number of its type, or the smallest and the largest.
static ck_matrix whole_numbers(ck_element_type type, size_t rows, size_t cols) {
    const int32_t *numbers = ids(rows * cols, 15);
    float *x = garbage(rows * cols);
    for (size_t i = 0; i < rows * cols; i++) {
        x[i] = (float)numbers[i] - 7;
        const size_t place = i % cols % CK_BLOCK;
        if (type == CK_Q4_1 && place < 2)
            x[i] = place == 0 ? -7 : 8;
        else if (type >= CK_Q8_0 && place == 0)
            x[i] = type == CK_Q4_0 ? -8 : 127;
    }
    void *scales = type >= CK_Q8_0 ? make_array(rows * ck_row_scale_bytes(type, cols)) : NULL;
    const ck_matrix matrix = {.type = type,
                              .rows = rows,
                              .cols = cols,
                              .values = make_array(rows * ck_row_bytes(type, cols)),
                              .scales = scales};
    RUN(0, quantize, type, (void *)matrix.values, scales, x, rows, cols);
    return matrix;
}

// The same as floats.
static const float *numbers_of(ck_matrix x) {
    float *floats = garbage(x.rows * x.cols);
    int32_t *rows = make_array(x.rows * sizeof(int32_t));
    for (size_t i = 0; i < x.rows; i++)
        rows[i] = (int32_t)i;
    RUN(0, dequantize_rows, floats, &x, rows, x.rows);
    return floats;
}

static ck_operand operand_of(ck_element_type type, size_t count, size_t k, bool along_k) {
    return (ck_operand){.matrix =
                            along_k ? whole_numbers(type, count, k) : whole_numbers(type, k, count),
                        .along_k = along_k};
}

static void check_product(const ck_operand *a, const ck_operand *b, size_t m, size_t n, size_t k) {
    const float *x = numbers_of(a->matrix), *y = numbers_of(b->matrix);
    const float *start = numbers_of(whole_numbers(CK_FLOAT32, m, n));
    const float *bias = numbers_of(whole_numbers(CK_FLOAT32, 1, n));
    float *expected = garbage(m * n), *more = garbage(m * n), *from_bias = garbage(m * n);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t p = 0; p < k; p++)
                sum += (double)x[a->along_k ? i * k + p : p * m + i] *
                       (double)y[b->along_k ? j * k + p : p * n + j];
            expected[i * n + j] = (float)sum;
            more[i * n + j] = start[i * n + j] + (float)sum;
            from_bias[i * n + j] = bias[j] + (float)sum;
        }
    float *c = garbage(m * n), *sum = copy_of(start, m * n), *biased = garbage(m * n);
    ck_gemm g = {.m = m, .n = n, .k = k, .a = *a, .b = *b};
    g.c = float_array(c);
    ck_gemm_run(&side[1].ctx, &g);
    compare("product", c, expected, m * n, 0);
    g.c = float_array(sum);
    g.accumulate = true;
    ck_gemm_run(&side[1].ctx, &g);
    compare("product, accumulated", sum, more, m * n, 0);
    g.c = float_array(biased);
    g.accumulate = false;
    g.bias = bias;
    ck_gemm_run(&side[1].ctx, &g);
    compare("product plus bias", biased, from_bias, m * n, 0);
}

// Large enough to be written past the caches, with one vector too many to divide evenly.
static void check_bypassing(size_t k) {
    const size_t m = 1031, n = 144;
    const ck_operand a = operand_of(CK_BFLOAT16, m, k, false);
    const ck_operand b = operand_of(CK_BFLOAT16, n, k, false);
    float *c[2];
    for (int late = 0; late < 2; late++) {
        // Aligned, because the end of a page is and n is a multiple of a vector.
        c[late] = garbage(m * n);
        ck_gemm_run(&side[1].ctx, &(ck_gemm){.m = m,
                                             .n = n,
                                             .k = k,
                                             .a = a,
                                             .b = b,
                                             .c = float_array(c[late]),
                                             .used_late = late == 1});
    }
    compare("product written past the caches", c[1], c[0], m * n, 0);
}

void check_operands(void) {
    static const size_t sizes[][3] = {{1, 1, 1},    {3, 5, 2},    {16, 16, 32},
                                      {17, 33, 31}, {33, 47, 33}, {50, 31, 65}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
            for (size_t u = 0; u < sizeof types / sizeof types[0]; u++)
                for (int along = 0; along < 4; along++) {
                    const size_t m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
                    const ck_operand a = operand_of(types[t], m, k, along & 1);
                    const ck_operand b = operand_of(types[u], n, k, along & 2);
                    check_product(&a, &b, m, n, k);
                    release_arrays();
                }
    // More than one block of rows, and several along the sum.
    static const size_t large[][3] = {{1025, 35, 70}, {35, 20, 1700}};
    for (size_t s = 0; s < sizeof large / sizeof large[0]; s++)
        for (int along = 0; along < 4; along++) {
            const size_t m = large[s][0], n = large[s][1], k = large[s][2];
            const ck_operand a = operand_of(CK_BFLOAT16, m, k, along & 1);
            const ck_operand b = operand_of(CK_FLOAT32, n, k, along & 2);
            check_product(&a, &b, m, n, k);
            release_arrays();
        }
    check_bypassing(33);
    release_arrays();
    check_bypassing(401);
}
