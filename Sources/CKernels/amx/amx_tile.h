// The tile instructions of AMX, as gemm_tiles_simd.h calls them. Tests/KernelCheck has a plain C
// version. Tile numbers (0 to 7) are constants.
//
//   tile_zero(tile)                  all elements zero
//   tile_load(tile, rows, stride)    from 16 rows of 64 bytes, `stride` bytes apart
//   tile_store(tile, rows, stride)   to such rows
//   tile_multiply(c, a, b)           c[i][j] += the sum over q of a[i][q] * b[q][j], all 16 by 16;
//                                    a[i][q] and b[q][j] are pairs of bfloat16
#ifndef AMX_TILE_H
#define AMX_TILE_H

#include "tile_shapes.h"

#include <immintrin.h>

#define tile_zero(tile) _tile_zero(tile)
#define tile_load(tile, rows, stride) _tile_loadd(tile, rows, stride)
#define tile_store(tile, rows, stride) _tile_stored(tile, rows, stride)
#define tile_multiply(c, a, b) _tile_dpbf16ps(c, a, b)

// A thread that uses tiles first declares their shapes, and releases them when it is done.
static void tiles_begin(void) { _tile_loadconfig(&tile_shapes); }
static void tiles_end(void) { _tile_release(); }

#endif
