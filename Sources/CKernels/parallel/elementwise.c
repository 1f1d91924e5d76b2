// GELU, SwiGLU, dropout and residual additions that no matrix product could fuse, and the scaling
// of columns.
#include "../elements.h"
#include "parallel_operations.h"
#include "team.h"

void ck_parallel_gelu_forward(const ck_context *ctx, ck_array out, ck_array inp, size_t n) {
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        ctx->micro->gelu_forward(array_from(out, begin), array_from(inp, begin), end - begin);
    }
}

void ck_parallel_gelu_backward(const ck_context *ctx, float *dinp, ck_array inp, const float *dout,
                               size_t n) {
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        ctx->micro->gelu_backward(dinp + begin, array_from(inp, begin), dout + begin, end - begin);
    }
}

void ck_parallel_exact_gelu_forward(const ck_context *ctx, float *out, const float *inp, size_t n) {
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        ctx->micro->exact_gelu_forward(out + begin, inp + begin, end - begin);
    }
}

static void gate_share(const struct ck_microkernels *micro, ck_array out, ck_array gate,
                       ck_array up, size_t n) {
    size_t begin, end;
    team_share(n, 16, &begin, &end);
    micro->swiglu_forward(array_from(out, begin), array_from(gate, begin), array_from(up, begin),
                          end - begin);
}

void ck_parallel_swiglu_forward(const ck_context *ctx, ck_array out, ck_array gate, ck_array up,
                                size_t n) {
    RUN_IN_TEAM(team_size(ctx, (double)n / FLOATS_PER_THREAD),
                gate_share(ctx->micro, out, gate, up, n));
}

void ck_parallel_swiglu_backward(const ck_context *ctx, float *dgate, float *dup, ck_array gate,
                                 ck_array up, const float *dout, size_t n) {
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        ctx->micro->swiglu_backward(dgate + begin, dup + begin, array_from(gate, begin),
                                    array_from(up, begin), dout + begin, end - begin);
    }
}

void ck_parallel_residual_forward(const ck_context *ctx, float *out, const float *a, const float *b,
                                  size_t n) {
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        ctx->micro->add(out + begin, a + begin, b + begin, end - begin);
    }
}

void ck_parallel_dropout(const ck_context *ctx, float *out, const float *inp, const float *residual,
                         float rate, uint64_t key, uint64_t first, size_t n) {
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        for (size_t count; begin < end; begin += count) {
            const size_t column = (first + begin) % CK_DROPOUT_ROW;
            const size_t left = CK_DROPOUT_ROW - column;
            count = end - begin < left ? end - begin : left;
            ctx->micro->dropout(out + begin, inp + begin, residual ? residual + begin : NULL, count,
                                dropout_seed_of(key, (first + begin) / CK_DROPOUT_ROW), column,
                                rate);
        }
    }
}

void ck_parallel_scale_columns(const ck_context *ctx, float *x, size_t ld, float factor, size_t N,
                               size_t n) {
#pragma omp parallel num_threads(team_size(ctx, (double)N *(double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(N, 1, &begin, &end);
        for (size_t row = begin; row < end; row++) {
            if (factor == 0)
                memset(x + row * ld, 0, n * sizeof(float));
            else
                ctx->micro->scale_rows(x + row * ld, ld, &factor, 1, n);
        }
    }
}
