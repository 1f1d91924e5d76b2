// The three products of a linear layer, each one matrix product over differently strided operands.
#include "../elements.h"
#include "gemm.h"
#include "parallel_operations.h"

void ck_parallel_matmul_forward(const ck_context *ctx, ck_array out, ck_array gelu_out,
                                ck_array inp, const ck_matrix *weight, const float *bias,
                                const float *residual, size_t N) {
    ck_gemm_run(ctx, &(ck_gemm){
                         .m = N,
                         .n = weight->rows,
                         .k = weight->cols,
                         .a = operand(inp, weight->cols, true),
                         .b = {.matrix = *weight, .along_k = true},
                         .c = out,
                         .bias = bias,
                         .residual = residual,
                         .gelu_out = gelu_out,
                     });
}

void ck_parallel_matmul_backward_input(const ck_context *ctx, float *dinp, const float *dout,
                                       const ck_matrix *weight, ck_array gelu_inp, size_t N,
                                       bool accumulate) {
    ck_gemm_run(ctx, &(ck_gemm){
                         .m = N,
                         .n = weight->cols,
                         .k = weight->rows,
                         .a = operand(array_of_floats(dout), weight->rows, true),
                         .b = {.matrix = *weight, .along_k = false},
                         .c = array_of_floats(dinp),
                         .accumulate = accumulate,
                         .gelu_inp = gelu_inp,
                     });
}

// dbias (OC) += the column sums of dout (N, OC); each thread owns a range of columns.
static void sum_columns(const ck_context *ctx, float *dbias, const float *dout, size_t N,
                        size_t OC) {
    const struct ck_microkernels *micro = ctx->micro;
#pragma omp parallel num_threads(team_size(ctx, (double)N *OC / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(OC, 16, &begin, &end);
        for (size_t i = 0; i < N; i++)
            micro->add(dbias + begin, dbias + begin, dout + i * OC + begin, end - begin);
    }
}

void ck_parallel_matmul_backward_weight(const ck_context *ctx, float *dweight, float *dbias,
                                        const float *dout, ck_array inp, size_t N, size_t C,
                                        size_t OC, bool accumulate) {
    if (dbias)
        sum_columns(ctx, dbias, dout, N, OC);
    ck_gemm_run(ctx, &(ck_gemm){
                         .m = OC,
                         .n = C,
                         .k = N,
                         .a = operand(array_of_floats(dout), OC, false),
                         .b = operand(inp, C, false),
                         .c = array_of_floats(dweight),
                         .accumulate = accumulate,
                         .used_late = true,
                     });
}
