// One weight of a matrix of any type, as a float.
#ifndef WEIGHT_AT_H
#define WEIGHT_AT_H

#include "../elements.h"

static inline float weight_at(const ck_matrix *w, size_t row, size_t col) {
    if (w->type == CK_FLOAT16)
        return float16_to_float(((const uint16_t *)w->values)[row * w->cols + col]);
    if (!has_scales(w->type))
        return element_at((ck_array){(void *)w->values, w->type}, row * w->cols + col);
    const char *values = (const char *)w->values + row * bytes_of_row(w->type, w->cols);
    const size_t block = col / CK_BLOCK;
    const size_t i = col % CK_BLOCK;
    const float scale = block_scale(w->type, w, row, block);
    if (!has_nibbles(w->type))
        return (float)((const int8_t *)values)[col] * scale;
    const uint8_t byte = ((const uint8_t *)values)[block * (CK_BLOCK / 2) + i % 16];
    const int nibble = i < 16 ? byte & 15 : byte >> 4;
    if (w->type == CK_Q4_1)
        return (float)nibble * scale + block_minimum(w, row, block);
    return (float)(nibble - 8) * scale;
}

#endif
