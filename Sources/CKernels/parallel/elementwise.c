// GELU, SwiGLU and residual additions where no matrix product could take them along.
#include "../reference/reference.h"
#include "team.h"

void ck_gelu_forward(const ck_context *ctx, float *out, const float *inp, size_t n) {
    if (ctx->table->isa == CK_REFERENCE) {
        ck_reference_gelu_forward(ctx, out, inp, n);
        return;
    }
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        ctx->table->gelu_forward(out + begin, inp + begin, end - begin);
    }
}

void ck_gelu_backward(const ck_context *ctx, float *dinp, const float *inp, const float *dout,
                      size_t n) {
    if (ctx->table->isa == CK_REFERENCE) {
        ck_reference_gelu_backward(ctx, dinp, inp, dout, n);
        return;
    }
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        ctx->table->gelu_backward(dinp + begin, inp + begin, dout + begin, end - begin);
    }
}

static void gate_share(const struct ck_table *t, float *out, const float *gate, const float *up,
                       size_t n) {
    size_t begin, end;
    team_share(n, 16, &begin, &end);
    t->swiglu_forward(out + begin, gate + begin, up + begin, end - begin);
}

void ck_swiglu_forward(const ck_context *ctx, float *out, const float *gate, const float *up,
                       size_t n) {
    if (ctx->table->isa == CK_REFERENCE) {
        ck_reference_swiglu_forward(ctx, out, gate, up, n);
        return;
    }
    RUN_IN_TEAM(team_size(ctx, (double)n / FLOATS_PER_THREAD),
                gate_share(ctx->table, out, gate, up, n));
}

void ck_residual_forward(const ck_context *ctx, float *out, const float *a, const float *b,
                         size_t n) {
    if (ctx->table->isa == CK_REFERENCE) {
        ck_reference_residual_forward(ctx, out, a, b, n);
        return;
    }
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        ctx->table->add(out + begin, a + begin, b + begin, end - begin);
    }
}
