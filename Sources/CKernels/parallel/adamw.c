// The optimizer's pass over all parameters, and the norm of all gradients.
#include "parallel_operations.h"
#include "team.h"

void ck_parallel_adamw(const ck_context *ctx, float *params, const float *grads, float *m, float *v,
                       uint16_t *working, size_t n, ck_adamw_config config) {
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        ctx->micro->adamw(params + begin, grads + begin, m + begin, v + begin,
                          working ? working + begin : NULL, end - begin, &config);
    }
}

// Chunks whose sums are kept apart until the end: enough for any team, few enough for the stack.
#define NORM_CHUNKS 256

double ck_parallel_sum_of_squares(const ck_context *ctx, const float *x, size_t n) {
    double sums[NORM_CHUNKS] = {0};
    const size_t chunk = (n + NORM_CHUNKS - 1) / NORM_CHUNKS;
#pragma omp parallel num_threads(team_size(ctx, (double)n / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(NORM_CHUNKS, 1, &begin, &end);
        for (size_t i = begin; i < end; i++) {
            const size_t start = i * chunk < n ? i * chunk : n;
            sums[i] = ctx->micro->sum_of_squares(x + start, n - start < chunk ? n - start : chunk);
        }
    }
    double total = 0;
    for (size_t i = 0; i < NORM_CHUNKS; i++)
        total += sums[i];
    return total;
}
