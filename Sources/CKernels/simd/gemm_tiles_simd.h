// The matrix product of one panel on tiles: 2 x 2 tiles of C stay in the processor's tile registers
// while k runs, so four products need four loads. The including file provides the tile
// instructions, described in ../amx/amx_tile.h.
#ifndef SIMD_GEMM_TILES_H
#define SIMD_GEMM_TILES_H

#include "gemm_simd.h"
#include "pack_tiles_simd.h"

// Where a tile of C is, and how much of it lies inside C.
typedef struct {
    float *c;
    size_t rows, cols;
} tile_place;

ALWAYS_INLINE tile_place place_of(const ck_gemm_panel *g, size_t row, size_t col) {
    const size_t rows = g->rows - row, cols = g->cols - col;
    return (tile_place){.c = g->c + row * g->ldc + col,
                        .rows = rows < TILE_SIDE ? rows : TILE_SIDE,
                        .cols = cols < TILE_SIDE ? cols : TILE_SIDE};
}

ALWAYS_INLINE bool is_whole(tile_place at) { return at.rows == TILE_SIDE && at.cols == TILE_SIDE; }

// Called only at the borders of C.
static __attribute__((noinline)) void copy_tile(float *dst, size_t ldd, const float *src,
                                                size_t lds, size_t rows, size_t cols) {
    for (size_t i = 0; i < rows; i++, dst += ldd, src += lds)
        FOR_EACH_VECTOR(j, cols, STORE(dst + j, LOAD(src + j)););
}

// Past the caches: columns are whole vectors in that case.
ALWAYS_INLINE void copy_tile_bypassing(float *dst, size_t ldd, const float *src, size_t rows,
                                       size_t cols) {
    for (size_t i = 0; i < rows; i++, dst += ldd, src += TILE_SIDE)
        for (size_t j = 0; j < cols; j += LANES)
            v_store_bypass(dst + j, v_load(src + j));
}

// What a tile of C starts from: rows `stride` bytes apart, or NULL for zero.
typedef struct {
    const float *rows;
    size_t stride;
} tile_start;

// `init` is g->init, padded to whole tiles; `spare` has room for a tile.
ALWAYS_INLINE tile_start start_of(const ck_gemm_panel *g, tile_place at, const float *init,
                                  size_t col, float *spare) {
    if (g->init)
        return (tile_start){init + col, 0};
    if (!g->accumulate)
        return (tile_start){NULL, 0};
    if (is_whole(at))
        return (tile_start){at.c, g->ldc * sizeof(float)};
    copy_tile(spare, TILE_SIDE, at.c, g->ldc, at.rows, at.cols);
    return (tile_start){spare, TILE_SIDE * sizeof(float)};
}

// Numbers of the tiles of C, as [down][right], and of the operands.
enum { C00 = 0, C01 = 1, C10 = 2, C11 = 3, A0 = 4, A1 = 5, B0 = 6, B1 = 7 };

#define START_TILE(tile, row, col)                                                                 \
    do {                                                                                           \
        const tile_start start = start_of(g, place_of(g, row, col), init, col, spare);             \
        if (start.rows)                                                                            \
            tile_load(tile, start.rows, start.stride);                                             \
        else                                                                                       \
            tile_zero(tile);                                                                       \
    } while (0)

#define FINISH_TILE(tile, row, col)                                                                \
    do {                                                                                           \
        const tile_place at = place_of(g, row, col);                                               \
        if (is_whole(at) && !g->bypass) {                                                          \
            tile_store(tile, at.c, g->ldc * sizeof(float));                                        \
            break;                                                                                 \
        }                                                                                          \
        tile_store(tile, spare, TILE_SIDE * sizeof(float));                                        \
        if (g->bypass)                                                                             \
            copy_tile_bypassing(at.c, g->ldc, spare, at.rows, at.cols);                            \
        else                                                                                       \
            copy_tile(at.c, g->ldc, spare, TILE_SIDE, at.rows, at.cols);                           \
    } while (0)

// Two tiles down, or one, by two to the right, or one: both are constants at every call.
ALWAYS_INLINE void multiply_tiles(const ck_gemm_panel *g, size_t row, const float *init,
                                  const int down, const int right) {
    _Alignas(64) float spare[TILE_FLOATS];
    for (size_t i = row; i < row + (size_t)down * TILE_SIDE && i < g->rows && !g->bypass; i++)
        for (int j = 0; j < right; j++)
            __builtin_prefetch(g->c + i * g->ldc + j * TILE_SIDE, 1);
    START_TILE(C00, row, 0);
    if (right > 1)
        START_TILE(C01, row, TILE_SIDE);
    if (down > 1)
        START_TILE(C10, row + TILE_SIDE, 0);
    if (down > 1 && right > 1)
        START_TILE(C11, row + TILE_SIDE, TILE_SIDE);

    const size_t a_stride = TILE_SIDE * sizeof(float), b_stride = g->ldb * sizeof(float);
    const float *a = g->a + row / TILE_SIDE * g->a_tile, *b = g->b;
    for (size_t q = 0; q < g->k; q += TILE_SIDE, a += TILE_FLOATS, b += TILE_SIDE * g->ldb) {
        tile_load(A0, a, a_stride);
        tile_load(B0, b, b_stride);
        tile_multiply(C00, A0, B0);
        if (right > 1) {
            tile_load(B1, b + TILE_SIDE, b_stride);
            tile_multiply(C01, A0, B1);
        }
        if (down > 1) {
            tile_load(A1, a + g->a_tile, a_stride);
            tile_multiply(C10, A1, B0);
        }
        if (down > 1 && right > 1)
            tile_multiply(C11, A1, B1);
    }

    FINISH_TILE(C00, row, 0);
    if (right > 1)
        FINISH_TILE(C01, row, TILE_SIDE);
    if (down > 1)
        FINISH_TILE(C10, row + TILE_SIDE, 0);
    if (down > 1 && right > 1)
        FINISH_TILE(C11, row + TILE_SIDE, TILE_SIDE);
}

// `next` is not fetched: processors with tiles fill their second-level cache well enough by
// themselves.
static void gemm_panel_tiles(const ck_gemm_panel *g) {
    float init[TILES_PANEL_COLS] = {0};
    if (g->init)
        __builtin_memcpy(init, g->init, g->cols * sizeof(float));
    for (size_t row = 0; row < g->rows; row += 2 * TILE_SIDE) {
        const bool tall = g->rows - row > TILE_SIDE, wide = g->cols > TILE_SIDE;
        if (tall && wide)
            multiply_tiles(g, row, init, 2, 2);
        else if (tall)
            multiply_tiles(g, row, init, 2, 1);
        else if (wide)
            multiply_tiles(g, row, init, 1, 2);
        else
            multiply_tiles(g, row, init, 1, 1);
    }
    if (g->bypass)
        publish_bypassed();
}

// Products on tiles only, four independent ones per round: enough to hide their latency.
static double tile_burst(size_t iterations, float *sink) {
    _Alignas(64) float tile[TILE_FLOATS];
    for (size_t i = 0; i < TILE_FLOATS; i++)
        tile[i] = 1;
    const size_t stride = TILE_SIDE * sizeof(float);
    tiles_begin();
    tile_load(A0, tile, stride);
    tile_load(A1, tile, stride);
    tile_load(B0, tile, stride);
    tile_load(B1, tile, stride);
    tile_zero(C00);
    tile_zero(C01);
    tile_zero(C10);
    tile_zero(C11);
    for (size_t round = 0; round < iterations; round++) {
        tile_multiply(C00, A0, B0);
        tile_multiply(C01, A0, B1);
        tile_multiply(C10, A1, B0);
        tile_multiply(C11, A1, B1);
    }
    float total = 0;
    tile_store(C00, tile, stride);
    total += tile[0];
    tile_store(C01, tile, stride);
    total += tile[0];
    tile_store(C10, tile, stride);
    total += tile[0];
    tile_store(C11, tile, stride);
    total += tile[0];
    tiles_end();
    *sink = total;
    return 4.0 * TILE_SIDE * TILE_SIDE * 2 * TILE_SIDE * 2 * (double)iterations;
}

// A block of A takes 1.1 MiB, little more than half of the second-level cache of processors with
// tiles. A panel of B takes half of the first level; the rows of A that are read between two uses
// of it take the other half.
#define TILES_BLOCK_ROWS 768
#define TILES_BLOCK_K 384
#define TILES_PANEL_K 192

_Static_assert(TILES_PANEL_COLS <= CK_MAX_PANEL_COLS && TILES_BLOCK_ROWS <= CK_MAX_BLOCK_ROWS &&
                   TILES_BLOCK_ROWS * TILES_BLOCK_K <= CK_MAX_BLOCK_FLOATS &&
                   TILES_PANEL_K <= CK_MAX_BLOCK_K,
               "buffers do not fit the product on tiles");
_Static_assert(TILES_BLOCK_ROWS % TILE_SIDE == 0 && TILES_BLOCK_K % TILE_SIDE == 0 &&
                   TILES_PANEL_K % TILE_SIDE == 0,
               "blocks and panels are whole tiles");
_Static_assert(CK_MAX_BLOCK_FLOATS / (CK_MAX_ROUNDED_SUM / 2) >= TILE_SIDE,
               "a block of A has no room for one tile with all of k, which a rounded C needs");

#define TILE_PRODUCT(NAME)                                                                         \
    {.name = (NAME),                                                                               \
     .depth = 2,                                                                                   \
     .k_unit = TILE_SIDE,                                                                          \
     .tile_rows = TILE_SIDE,                                                                       \
     .panel_cols = TILES_PANEL_COLS,                                                               \
     .block_rows = TILES_BLOCK_ROWS,                                                               \
     .block_k = TILES_BLOCK_K,                                                                     \
     .panel_k = TILES_PANEL_K,                                                                     \
     .begin = tiles_begin,                                                                         \
     .end = tiles_end,                                                                             \
     .panel = gemm_panel_tiles,                                                                    \
     .pack_a = pack_a_tiles,                                                                       \
     .pack_b = pack_b_tiles,                                                                       \
     .burst = tile_burst}

#endif
