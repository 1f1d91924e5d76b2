// The threaded, cache-blocked matrix product that every linear layer goes through.
#ifndef GEMM_H
#define GEMM_H

#include "team.h"

// C (m, n; row-major) = [C +] A (m, k) * B (k, n), then the epilogue on each finished part of C.
// One of A's strides and one of B's must be 1. B may instead be a matrix of stored weights, (n, k),
// transposed; A's a_col is then 1.
typedef struct {
    size_t m, n, k;
    const float *a; // A[i][p] = a[i * a_row + p * a_col]
    size_t a_row, a_col;
    const float *b; // B[p][j] = b[p * b_row + j * b_col]
    size_t b_row, b_col;
    const ck_matrix *weight; // B, when not NULL
    float *c;
    bool accumulate;
    bool used_late; // C is not read soon: where it can be, it is written past the caches

    // The epilogue, each part left out when NULL:
    const float *bias;     // (n), added to every row
    const float *residual; // (m, n), added
    float *gelu_out;       // (m, n), receives gelu(C)
    const float *gelu_inp; // (m, n): C is multiplied by gelu'(gelu_inp)
} ck_gemm;

void ck_gemm_run(const ck_context *ctx, const ck_gemm *g);

#endif
