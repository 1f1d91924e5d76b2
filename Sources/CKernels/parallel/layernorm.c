// Layer normalization over rows. Together with simd/layernorm_simd.h and
// reference/layernorm_reference.c, this is the pattern to copy for a new operation: one
// micro-kernel call per row, rows divided among threads.
#include "../elements.h"
#include "parallel_operations.h"
#include "team.h"

void ck_parallel_layernorm_forward(const ck_context *ctx, ck_array out, float *mean, float *rstd,
                                   const float *inp, const float *weight, const float *bias,
                                   size_t N, size_t C) {
#pragma omp parallel num_threads(team_size(ctx, (double)N *C / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(N, 1, &begin, &end);
        for (size_t i = begin; i < end; i++)
            ctx->micro->layernorm_forward_row(array_from(out, i * C), mean + i, rstd + i,
                                              inp + i * C, weight, bias, C);
    }
}

void ck_parallel_layernorm_backward(const ck_context *ctx, float *dinp, float *dweight,
                                    float *dbias, const float *dout, const float *inp,
                                    const float *weight, const float *mean, const float *rstd,
                                    size_t N, size_t C) {
#pragma omp parallel num_threads(team_size(ctx, (double)N *C / FLOATS_PER_THREAD))
    {
        // Each thread sums the weight gradients of its rows separately; the sums are then added in
        // thread order, so the same number of threads gives the same bits.
        float *partial = ctx->scratch + (size_t)omp_get_thread_num() * 2 * C;
        __builtin_memset(partial, 0, 2 * C * sizeof(float));
        size_t begin, end;
        team_share(N, 1, &begin, &end);
        for (size_t i = begin; i < end; i++)
            ctx->micro->layernorm_backward_row(dinp + i * C, partial, partial + C, dout + i * C,
                                               inp + i * C, weight, mean[i], rstd[i], C);
#pragma omp barrier
        team_share(C, 16, &begin, &end);
        for (int thread = 0; thread < omp_get_num_threads(); thread++) {
            const float *other = ctx->scratch + (size_t)thread * 2 * C + begin;
            if (dweight)
                ctx->micro->add(dweight + begin, dweight + begin, other, end - begin);
            if (dbias)
                ctx->micro->add(dbias + begin, dbias + begin, other + C, end - begin);
        }
    }
}
