#include "reference_operations.h"

// Plain loops do not keep the vector units busy, so no limit is measured with them.
double ck_reference_fma_burst(const ck_context *ctx, size_t iterations) {
    (void)ctx, (void)iterations;
    return 0;
}

double ck_reference_bfloat16_burst(const ck_context *ctx, size_t iterations) {
    (void)ctx, (void)iterations;
    return 0;
}

void ck_reference_stream_burst(const ck_context *ctx, float *a, float *b, float *c, const float *d,
                               size_t n) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < n; i++) {
        a[i] += d[i];
        b[i] += d[i];
        c[i] += d[i];
    }
}

uint32_t ck_reference_read_burst(const ck_context *ctx, const void *x, size_t bytes, int streams) {
    (void)streams;
    const uint32_t *words = x;
    uint32_t total = 0;
#pragma omp parallel for num_threads(ctx->threads) reduction(+ : total)
    for (size_t i = 0; i < bytes / sizeof *words; i++)
        total += words[i];
    return total;
}
