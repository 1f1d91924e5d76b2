// RMS normalization over rows.
#include "../elements.h"
#include "parallel_operations.h"
#include "team.h"

static void normalize_share(const struct ck_microkernels *micro, ck_array out, float *rstd,
                            const float *inp, const float *weight, float epsilon, size_t N,
                            size_t C) {
    size_t begin, end;
    team_share(N, 1, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const float row_rstd =
            micro->rmsnorm_forward_row(array_from(out, i * C), inp + i * C, weight, epsilon, C);
        if (rstd)
            rstd[i] = row_rstd;
    }
}

void ck_parallel_rmsnorm_forward(const ck_context *ctx, ck_array out, float *rstd, const float *inp,
                                 const float *weight, float epsilon, size_t N, size_t C) {
    RUN_IN_TEAM(team_size(ctx, (double)N * C / FLOATS_PER_THREAD),
                normalize_share(ctx->micro, out, rstd, inp, weight, epsilon, N, C));
}

void ck_parallel_rmsnorm_backward(const ck_context *ctx, float *dinp, float *dweight,
                                  const float *dout, const float *inp, const float *weight,
                                  const float *rstd, size_t N, size_t C) {
#pragma omp parallel num_threads(team_size(ctx, (double)N *C / FLOATS_PER_THREAD))
    {
        // Sums the gradients of its weights as layernorm does.
        float *partial = ctx->scratch + (size_t)omp_get_thread_num() * C;
        __builtin_memset(partial, 0, C * sizeof(float));
        size_t begin, end;
        team_share(N, 1, &begin, &end);
        for (size_t i = begin; i < end; i++)
            ctx->micro->rmsnorm_backward_row(dinp + i * C, partial, dout + i * C, inp + i * C,
                                             weight, rstd[i], C);
#pragma omp barrier
        team_share(C, 16, &begin, &end);
        for (int thread = 0; dweight && thread < omp_get_num_threads(); thread++)
            ctx->micro->add(dweight + begin, dweight + begin,
                            ctx->scratch + (size_t)thread * C + begin, end - begin);
    }
}
