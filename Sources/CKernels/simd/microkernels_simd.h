// All micro-kernels of this folder, gathered into one table.
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
#define PAIR_BURST .pair_burst = pair_burst,
#else
// Operands are widened to floats when they are packed.
#define PAIR_PRODUCT FLOAT_PRODUCT
#define PAIR_BURST
#endif

#define SIMD_TABLE(ISA)                                                                            \
    {                                                                                              \
        .isa = (ISA),                                                                              \
        .lanes = LANES,                                                                            \
        .float32 = FLOAT_PRODUCT,                                                                  \
        .bfloat16 = PAIR_PRODUCT,                                                                  \
        .transpose = transpose,                                                                    \
        .round_row = round_row,                                                                    \
        PAIR_BURST.weight_product = weight_product,                                                \
        .quantize_input = quantize_input,                                                          \
        .weight_row = weight_row,                                                                  \
        .encoder_forward_row = encoder_forward_row,                                                \
        .layernorm_forward_row = layernorm_forward_row,                                            \
        .layernorm_backward_row = layernorm_backward_row,                                          \
        .rmsnorm_forward_row = rmsnorm_forward_row,                                                \
        .rope_row = rope_row,                                                                      \
        .gelu_forward = gelu_forward,                                                              \
        .gelu_backward = gelu_backward,                                                            \
        .swiglu_forward = swiglu_forward,                                                          \
        .add = add,                                                                                \
        .softmax_stats = softmax_stats,                                                            \
        .softmax_write = softmax_write,                                                            \
        .attention_softmax = attention_softmax,                                                    \
        .attention_gradient = attention_gradient,                                                  \
        .attention_row = attention_row,                                                            \
        .load_rows = load_rows,                                                                    \
        .store_rows = store_rows,                                                                  \
        .scale_rows = scale_rows,                                                                  \
        .dot = dot,                                                                                \
        .adamw = adamw,                                                                            \
        .sum_of_squares = sum_of_squares,                                                          \
        .fma_burst = fma_burst,                                                                    \
        .read_burst = read_burst,                                                                  \
    }
