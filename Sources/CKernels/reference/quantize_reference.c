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
