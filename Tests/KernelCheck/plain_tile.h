// The tile instructions in plain C, as Sources/CKernels/amx/amx_tile.h describes them and as the
// processor computes, so that packing, loops and borders of products on tiles are checked on every
// machine. Mistakes that would cause a signal or wrong numbers on a processor stop the program:
// using tiles in a thread that did not configure them, and not releasing them.
#ifndef PLAIN_TILE_H
#define PLAIN_TILE_H

#include "../../Sources/CKernels/amx/tile_shapes.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    tile_configuration shapes;
    float elements[8][16][16];
} plain_tiles;

static _Thread_local plain_tiles own_tiles;

static void expect_configured(bool configured, const char *otherwise) {
    if ((own_tiles.shapes.palette != 0) == configured)
        return;
    fprintf(stderr, "kernel_check: %s\n", otherwise);
    abort();
}

static void tile_zero(int tile) {
    expect_configured(true, "a thread uses tiles without having called begin");
    memset(own_tiles.elements[tile], 0, sizeof own_tiles.elements[tile]);
}

static void tile_load(int tile, const void *rows, size_t stride) {
    tile_zero(tile);
    for (size_t i = 0; i < own_tiles.shapes.rows[tile]; i++)
        memcpy(own_tiles.elements[tile][i], (const char *)rows + i * stride,
               own_tiles.shapes.row_bytes[tile]);
}

static void tile_store(int tile, void *rows, size_t stride) {
    expect_configured(true, "a thread stores tiles without having called begin");
    for (size_t i = 0; i < own_tiles.shapes.rows[tile]; i++)
        memcpy((char *)rows + i * stride, own_tiles.elements[tile][i],
               own_tiles.shapes.row_bytes[tile]);
}

// Subnormal numbers are taken as zero, in and out.
static float flushed(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

static float half_of_pair(float pair, int half) {
    uint32_t bits;
    memcpy(&bits, &pair, sizeof bits);
    bits = half ? bits & 0xffff0000 : bits << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return flushed(x);
}

// The first and the second halves of the pairs are summed separately over the whole row, and both
// sums are added to C. Products of two bfloat16 numbers are exact.
static void tile_multiply(int c, int a, int b) {
    expect_configured(true, "a thread multiplies tiles without having called begin");
    for (size_t i = 0; i < own_tiles.shapes.rows[c]; i++) {
        float sums[2][16] = {0};
        for (size_t q = 0; q < own_tiles.shapes.row_bytes[a] / sizeof(float); q++)
            for (int half = 0; half < 2; half++) {
                const float x = half_of_pair(own_tiles.elements[a][i][q], half);
                for (size_t j = 0; j < 16; j++)
                    sums[half][j] = flushed(sums[half][j] +
                                            x * half_of_pair(own_tiles.elements[b][q][j], half));
            }
        for (size_t j = 0; j < 16; j++) {
            const float sum = flushed(sums[0][j] + sums[1][j]);
            own_tiles.elements[c][i][j] = flushed(flushed(own_tiles.elements[c][i][j]) + sum);
        }
    }
}

static void tiles_begin(void) {
    expect_configured(false, "a thread calls begin twice, or an operation before lacks its end");
    own_tiles.shapes = tile_shapes;
    for (int tile = 0; tile < 8; tile++)
        tile_zero(tile);
}

static void tiles_end(void) {
    expect_configured(true, "a thread calls end without having called begin");
    own_tiles.shapes = (tile_configuration){0};
}

#endif
