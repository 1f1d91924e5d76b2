// All micro-kernels of this folder, gathered into one table for ISA.
#include "adamw_simd.h"
#include "attention_row_simd.h"
#include "attention_simd.h"
#include "burst_simd.h"
#include "elementwise_simd.h"
#include "gemm_simd.h"
#include "layernorm_simd.h"
#include "linear_simd.h"
#include "pack_simd.h"
#include "rmsnorm_simd.h"
#include "rope_simd.h"
#include "softmax_simd.h"

_Static_assert(TILE_ROWS <= CK_MAX_TILE_ROWS && TILE_VECTORS * LANES <= CK_MAX_PANEL_COLS,
               "the tile of this instruction set is larger than the buffers made for it");

#define FLOAT_PRODUCT                                                                              \
    {.depth = 1,                                                                                   \
     .tile_rows = TILE_ROWS,                                                                       \
     .panel_cols = PANEL_COLS,                                                                     \
     .panel = gemm_panel,                                                                          \
     .pack_a = pack_a_floats,                                                                      \
     .pack_b = pack_b_floats}

#ifdef HAVE_PAIRS
#define PAIR_PRODUCT                                                                               \
    {.depth = 2,                                                                                   \
     .tile_rows = TILE_ROWS,                                                                       \
     .panel_cols = PANEL_COLS,                                                                     \
     .panel = gemm_panel_pairs,                                                                    \
     .pack_a = pack_a_pairs,                                                                       \
     .pack_b = pack_b_pairs}
#else
// Operands are widened to floats when they are packed.
#define PAIR_PRODUCT FLOAT_PRODUCT
#endif

static const struct ck_microkernels table = {
    .isa = ISA,
    .lanes = LANES,
    .float32 = FLOAT_PRODUCT,
    .bfloat16 = PAIR_PRODUCT,
#define MICROKERNEL(result, name, ...) .name = name,
#include "../microkernel_list.h"
#undef MICROKERNEL
};
