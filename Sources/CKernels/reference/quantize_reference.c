#include "../elements.h"
#include "reference_operations.h"

void ck_reference_quantize(const ck_context *ctx, ck_element_type type, void *values, void *scales,
                           const float *src, size_t rows, size_t cols) {
    (void)ctx;
    for (size_t row = 0; row < rows; row++) {
        char *row_scales = scales;
        if (row_scales)
            row_scales += row * scale_bytes_of_row(type, cols);
        quantize_row(type, (char *)values + row * bytes_of_row(type, cols), row_scales,
                     src + row * cols, cols);
    }
}

void ck_reference_quantize_groups(const ck_context *ctx, int8_t *values, float *scales,
                                  const float *src, size_t groups, size_t size) {
    (void)ctx;
    for (size_t group = 0; group < groups; group++)
        scales[group] = quantize_group(values + group * size, src + group * size, size);
}
