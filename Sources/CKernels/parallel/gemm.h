// The threaded, cache-blocked matrix product that every linear layer goes through.
#ifndef GEMM_H
#define GEMM_H

#include "team.h"

// C (m, n) = [C +] A (m, k) * B (k, n), then the epilogue on each finished part of C. Operands are
// of any type and stored along k or across; if both are float32 nothing is rounded, else see
// ck_products.rounds.
typedef struct {
    size_t m, n, k;
    ck_operand a, b;
    ck_array c;
    bool accumulate; // only onto float32
    bool used_late;  // C is not read soon: written past the caches where possible

    // The epilogue, each part left out when NULL:
    const float *bias;     // (n), added to every row
    const float *residual; // (m, n), added
    ck_array gelu_out;     // (m, n), receives gelu(C), of C as it is stored
    ck_array gelu_inp;     // (m, n): C is multiplied by gelu'(gelu_inp)
} ck_gemm;

// A dense array as an operand with rows of `cols` elements.
static inline ck_operand operand(ck_array x, size_t cols, bool along_k) {
    return (ck_operand){.matrix = {.type = x.type, .cols = cols, .values = x.data},
                        .along_k = along_k};
}

void ck_gemm_run(const ck_context *ctx, const ck_gemm *g);

#endif
