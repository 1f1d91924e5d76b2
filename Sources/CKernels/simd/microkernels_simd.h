// All micro-kernels in this folder, and the products that a table of them (table_simd.h) can use.
#include "adamw_simd.h"
#include "attention_row_simd.h"
#include "attention_simd.h"
#include "burst_simd.h"
#include "dropout_simd.h"
#include "elementwise_simd.h"
#include "gemm_simd.h"
#include "layernorm_simd.h"
#include "linear_simd.h"
#include "pack_simd.h"
#include "rmsnorm_simd.h"
#include "rope_simd.h"
#include "softmax_simd.h"

_Static_assert(PANEL_COLS <= CK_MAX_PANEL_COLS && CK_MAX_BLOCK_ROWS % TILE_ROWS == 0,
               "buffers do not fit the tile of this instruction set");
_Static_assert(CK_MAX_BLOCK_FLOATS / CK_MAX_ROUNDED_SUM >= TILE_ROWS,
               "a block of A has no room for one tile with all of k, which a rounded C needs");

#ifndef INT_PRODUCT_NAME
#define INT_PRODUCT_NAME "pairs of int16"
#endif

#define VECTOR_PRODUCT(NAME, DEPTH, PANEL, PACK_A, PACK_B, BURST)                                  \
    {.name = (NAME),                                                                               \
     .depth = (DEPTH),                                                                             \
     .k_unit = 1,                                                                                  \
     .tile_rows = TILE_ROWS,                                                                       \
     .panel_cols = PANEL_COLS,                                                                     \
     .block_rows = CK_MAX_BLOCK_ROWS,                                                              \
     .block_k = CK_MAX_BLOCK_K,                                                                    \
     .panel_k = CK_MAX_BLOCK_K,                                                                    \
     .panel = (PANEL),                                                                             \
     .pack_a = (PACK_A),                                                                           \
     .pack_b = (PACK_B),                                                                           \
     .burst = (BURST)}

#define FLOAT_PRODUCT(NAME)                                                                        \
    VECTOR_PRODUCT(NAME, 1, gemm_panel, pack_a_floats, pack_b_floats, fma_burst)

// Products of bfloat16 where no instruction for them is used.
#define WIDENED_PRODUCT FLOAT_PRODUCT("float32 FMA on widened operands")

#define PAIR_PRODUCT                                                                               \
    VECTOR_PRODUCT(PAIRS_NAME, 2, gemm_panel_pairs, pack_a_pairs, pack_b_pairs, pair_burst)
