// The most this machine can do with all threads at once: the limits that benchmarks quote.
#include "team.h"

static double run_burst(const ck_context *ctx, const ck_product *product, size_t iterations) {
    double total = 0;
#pragma omp parallel num_threads(ctx->threads) reduction(+ : total)
    {
        float sink;
        total += product->burst(iterations, &sink);
        // A volatile copy keeps the compiler from dropping the unused result.
        const volatile float used = sink;
        (void)used;
    }
    return total;
}

double ck_parallel_fma_burst(const ck_context *ctx, size_t iterations) {
    return run_burst(ctx, &ctx->micro->float32, iterations);
}

double ck_parallel_bfloat16_burst(const ck_context *ctx, size_t iterations) {
    return run_burst(ctx, &ctx->micro->bfloat16, iterations);
}

// Floats taken from each array in turn: a few vectors, as in the loop of AdamW, so that all seven
// streams advance together.
#define STREAM_FLOATS 32

void ck_parallel_stream_burst(const ck_context *ctx, float *a, float *b, float *c, const float *d,
                              size_t n) {
#pragma omp parallel num_threads(ctx->threads)
    {
        size_t begin, end;
        team_share(n, 16, &begin, &end);
        for (size_t i = begin; i < end; i += STREAM_FLOATS) {
            const size_t count = end - i < STREAM_FLOATS ? end - i : STREAM_FLOATS;
            ctx->micro->add(a + i, a + i, d + i, count);
            ctx->micro->add(b + i, b + i, d + i, count);
            ctx->micro->add(c + i, c + i, d + i, count);
        }
    }
}

uint32_t ck_parallel_read_burst(const ck_context *ctx, const void *x, size_t bytes, int streams) {
    uint32_t total = 0;
#pragma omp parallel num_threads(ctx->threads) reduction(+ : total)
    {
        size_t begin, end;
        team_share(bytes / sizeof(uint32_t), 16, &begin, &end);
        total += ctx->micro->read_burst((const uint32_t *)x + begin, end - begin, (size_t)streams);
    }
    return total;
}
