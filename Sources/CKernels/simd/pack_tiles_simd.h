// Packs operands into tiles of 16 rows of 16 packed floats, which gemm_tiles_simd.h multiplies:
// always pairs of bfloat16. Rows of A keep their order along k, so here operands stored across k
// are transposed. B is packed as in pack_simd.h: 16 rows of a panel, 16 columns wide, make a tile.
#ifndef SIMD_PACK_TILES_H
#define SIMD_PACK_TILES_H

#include "pack_simd.h"

#define TILE_SIDE 16
#define TILE_FLOATS (TILE_SIDE * TILE_SIDE)
// Two tiles of B side by side.
#define TILES_PANEL_COLS (2 * TILE_SIDE)

_Static_assert(CK_BLOCK == 2 * TILE_SIDE, "a block of stored elements is a row of a tile");
_Static_assert(TILE_SIDE % LANES == 0, "a row of a tile is whole vectors");

// A tile of rows stored along k: `count` elements of each from block `block` on.
ALWAYS_INLINE void pack_tile_rows(float *tile, const ck_element_type type, const ck_matrix *x,
                                  size_t row, size_t rows, size_t block, size_t count) {
    for (size_t i = 0; i < TILE_SIDE; i++, tile += TILE_SIDE) {
        if (i < rows)
            pack_line(tile, type, x, row + i, block, count, true);
        else
            __builtin_memset(tile, 0, TILE_SIDE * sizeof(float));
    }
}

// A tile of rows stored across k: its pairs come from the matrix's rows p ..< p + count.
ALWAYS_INLINE void pack_tile_columns(float *tile, const ck_element_type type, const ck_matrix *x,
                                     size_t row, size_t rows, size_t p, size_t count) {
    float lines[TILE_SIDE][TILE_SIDE];
    for (size_t q = 0; q < TILE_SIDE; q++) {
        const bool last = 2 * q + 1 == count;
        for (size_t i = 0; i < TILE_SIDE; i += LANES) {
            vf x_q = v_zero();
            if (2 * q < count && rows >= i + LANES)
                x_q = pack_vector(type, x, p + 2 * q, row + i, LANES, true, last);
            else if (2 * q < count && rows > i)
                x_q = pack_vector(type, x, p + 2 * q, row + i, rows - i, true, last);
            v_store(lines[q] + i, x_q);
        }
    }
    for (size_t q = 0; q < TILE_SIDE; q += LANES)
        transpose_group(tile + q, TILE_SIDE, lines[q], TILE_SIDE, LANES, TILE_SIDE, LANES);
}

ALWAYS_INLINE void pack_rows_of_tiles(float *dst, const ck_element_type type, const ck_operand *a,
                                      size_t row, size_t rows, size_t p, size_t k) {
    const size_t tiles_along_k = row_blocks(k);
    // For an operand stored across k, all tiles go through the same few cache lines together.
    const size_t step = a->along_k ? k : CK_BLOCK;
    for (size_t first = 0; first < k; first += step) {
        for (size_t i = 0; i < rows; i += TILE_SIDE) {
            const size_t left = rows - i < TILE_SIDE ? rows - i : TILE_SIDE;
            float *tile = dst + (i / TILE_SIDE * tiles_along_k + first / CK_BLOCK) * TILE_FLOATS;
            for (size_t q = first; q < first + step && q < k; q += CK_BLOCK, tile += TILE_FLOATS) {
                const size_t count = k - q < CK_BLOCK ? k - q : CK_BLOCK;
                if (a->along_k)
                    pack_tile_rows(tile, type, &a->matrix, row + i, left, (p + q) / CK_BLOCK,
                                   count);
                else
                    pack_tile_columns(tile, type, &a->matrix, row + i, left, p + q, count);
            }
        }
    }
}

static void pack_a_tiles(float *dst, const ck_operand *a, size_t row, size_t rows, size_t p,
                         size_t k) {
#define PACK(type) pack_rows_of_tiles(dst, type, a, row, rows, p, k)
    WITH_CONSTANT_TYPE(a->matrix.type, PACK)
#undef PACK
}

static void pack_b_tiles(float *dst, const ck_operand *b, size_t col, size_t cols, size_t p,
                         size_t k) {
#define PACK(type) pack_panel(dst, TILES_PANEL_COLS, type, b, col, cols, p, k, true)
    WITH_CONSTANT_TYPE(b->matrix.type, PACK)
#undef PACK
    const size_t packed = (k + 1) / 2;
    const size_t complete = row_blocks(k) * TILE_SIDE;
    __builtin_memset(dst + packed * TILES_PANEL_COLS, 0,
                     (complete - packed) * TILES_PANEL_COLS * sizeof(float));
}

#endif
