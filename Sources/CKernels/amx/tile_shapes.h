// What the tile registers hold: 16 rows of 64 bytes each, whatever the operands are. Rows and
// columns past the edge of a matrix are zero in its tile, so one configuration serves every
// product.
#ifndef TILE_SHAPES_H
#define TILE_SHAPES_H

#include <stdint.h>

// The layout that the processor reads.
typedef struct {
    uint8_t palette;   // 1: eight tiles of up to 1 KiB
    uint8_t start_row; // where an interrupted load or store resumes
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_configuration;

_Static_assert(sizeof(tile_configuration) == 64, "the processor reads 64 bytes");

// Static, since some compilers drop one made on the stack: they do not see that it is read.
static const _Alignas(64) tile_configuration tile_shapes = {
    .palette = 1,
    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

#endif
