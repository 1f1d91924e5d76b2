#include "../stored_weights.h"
#include "reference_operations.h"

void ck_reference_quantize(const ck_context *ctx, ck_weight_format format, void *values,
                           void *scales, const float *src, size_t rows, size_t cols) {
    (void)ctx;
    for (size_t row = 0; row < rows; row++) {
        char *row_scales = scales;
        if (row_scales)
            row_scales += row * weight_row_scale_bytes(format, cols);
        quantize_row(format, (char *)values + row * weight_row_bytes(format, cols), row_scales,
                     src + row * cols, cols);
    }
}
