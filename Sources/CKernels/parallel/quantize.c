// Converts to and from the stored types of elements.
#include "../elements.h"
#include "parallel_operations.h"
#include "team.h"

void ck_parallel_quantize(const ck_context *ctx, ck_element_type type, void *values, void *scales,
                          const float *src, size_t rows, size_t cols) {
    const size_t row_bytes = bytes_of_row(type, cols);
    const size_t scale_bytes = scale_bytes_of_row(type, cols);
#pragma omp parallel num_threads(team_size(ctx, (double)rows *cols / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(rows, 1, &begin, &end);
        for (size_t row = begin; row < end; row++)
            quantize_row(type, (char *)values + row * row_bytes,
                         scales ? (char *)scales + row * scale_bytes : NULL, src + row * cols,
                         cols);
    }
}

void ck_parallel_quantize_groups(const ck_context *ctx, int8_t *values, float *scales,
                                 const float *src, size_t groups, size_t size) {
#pragma omp parallel num_threads(team_size(ctx, (double)groups *size / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(groups, 1, &begin, &end);
        for (size_t group = begin; group < end; group++)
            scales[group] = quantize_group(values + group * size, src + group * size, size);
    }
}

void ck_parallel_dequantize_rows(const ck_context *ctx, float *out, const ck_matrix *weight,
                                 const int32_t *rows, size_t count) {
    const size_t cols = weight->cols;
#pragma omp parallel num_threads(team_size(ctx, (double)count *cols / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(count, 1, &begin, &end);
        for (size_t i = begin; i < end; i++)
            ctx->micro->weight_row(out + i * cols, weight, (size_t)rows[i]);
    }
}
