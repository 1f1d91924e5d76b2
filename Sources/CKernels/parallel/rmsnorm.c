// RMS normalisation over rows.
#include "parallel_operations.h"
#include "team.h"

static void normalize_share(const struct ck_microkernels *micro, float *out, const float *inp,
                            const float *weight, float epsilon, size_t N, size_t C) {
    size_t begin, end;
    team_share(N, 1, &begin, &end);
    for (size_t i = begin; i < end; i++)
        micro->rmsnorm_forward_row(out + i * C, inp + i * C, weight, epsilon, C);
}

void ck_parallel_rmsnorm_forward(const ck_context *ctx, float *out, const float *inp,
                                 const float *weight, float epsilon, size_t N, size_t C) {
    RUN_IN_TEAM(team_size(ctx, (double)N * C / FLOATS_PER_THREAD),
                normalize_share(ctx->micro, out, inp, weight, epsilon, N, C));
}
