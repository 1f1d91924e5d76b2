// What the tile registers hold: 16 rows of 64 bytes each, whatever the operands. Rows and columns
// that a matrix lacks are zeros in a tile, so one configuration serves every product.
#ifndef TILE_SHAPES_H
#define TILE_SHAPES_H

#include <stdint.h>

// As the processor reads it.
typedef struct {
    uint8_t palette;   // 1: eight tiles of up to 1 KiB
    uint8_t start_row; // where an interrupted load or store goes on
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_configuration;

_Static_assert(sizeof(tile_configuration) == 64, "the processor reads 64 bytes");

// In memory for good: one made on the stack is lost on compilers that do not see it being read.
static const _Alignas(64) tile_configuration tile_shapes = {
    .palette = 1,
    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

#endif
