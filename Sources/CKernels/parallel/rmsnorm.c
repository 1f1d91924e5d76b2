// RMS normalisation over rows.
#include "../reference/reference.h"
#include "team.h"

static void normalize_share(const struct ck_table *t, float *out, const float *inp,
                            const float *weight, float epsilon, size_t N, size_t C) {
    size_t begin, end;
    team_share(N, 1, &begin, &end);
    for (size_t i = begin; i < end; i++)
        t->rmsnorm_forward_row(out + i * C, inp + i * C, weight, epsilon, C);
}

void ck_rmsnorm_forward(const ck_context *ctx, float *out, const float *inp, const float *weight,
                        float epsilon, size_t N, size_t C) {
    if (ctx->table->isa == CK_REFERENCE) {
        ck_reference_rmsnorm_forward(ctx, out, inp, weight, epsilon, N, C);
        return;
    }
    RUN_IN_TEAM(team_size(ctx, (double)N * C / FLOATS_PER_THREAD),
                normalize_share(ctx->table, out, inp, weight, epsilon, N, C));
}
