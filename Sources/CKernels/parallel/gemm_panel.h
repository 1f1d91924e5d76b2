// The parts of a matrix product that one thread does alone: packing some tiles of A, and
// multiplying one panel of B with some of them. gemm.c plans them and decides which thread does
// what when.
#ifndef GEMM_PANEL_H
#define GEMM_PANEL_H

#include "../elements.h"
#include "gemm.h"
#include "scratch.h"

typedef struct {
    const struct ck_microkernels *micro;
    const ck_product *product;
    size_t panels;     // of B
    size_t block_rows; // rows of A packed at once
    size_t k_blocks;   // along k, of k_step each
    size_t k_step;
    size_t k_chunk; // how much of k a panel of B covers at once
    size_t phases;
    size_t shares; // the fewest items to divide work into
} gemm_plan;

// A block of A.
typedef struct {
    size_t row, rows; // of A and C
    size_t p, k;      // of A's columns and B's rows
    bool first, last; // among the blocks along k
} gemm_block;

// What a thread multiplies at a time: a panel of B with the tiles tile ..< tile_end of a block.
typedef struct {
    size_t panel;
    size_t next_panel; // that the thread will likely need next
    size_t tile, tile_end;
} gemm_task;

// The team's two blocks of A, and the calling thread's own buffers.
typedef struct {
    float *a_blocks[2];
    float *b_panel;
    float *sums; // (block_rows, panel_cols): for a C that is not float32
} gemm_scratch;

gemm_scratch gemm_thread_scratch(const ck_context *ctx);

// Packs the tiles tile ..< tile_end of a block of A into the block's memory.
void gemm_pack_tiles(const gemm_plan *plan, const ck_gemm *g, const gemm_block *block,
                     float *a_block, size_t tile, size_t tile_end);

// Packs a panel of B, multiplies, and finishes C where the block is the last along k.
void gemm_run_task(const gemm_plan *plan, const ck_gemm *g, const gemm_block *block,
                   const gemm_task *task, const float *a_block, const gemm_scratch *scratch);

// The number of packed floats in k columns of A.
static inline size_t gemm_depth(const ck_product *product, size_t k) {
    const size_t unit = product->depth * product->k_unit; // in elements
    return (k + unit - 1) / unit * product->k_unit;
}

// Panels of B and where they begin: the vectors of a row of n columns, divided evenly among as few
// panels as possible.
static inline size_t gemm_panel_count(const ck_product *product, size_t n) {
    return (n + product->panel_cols - 1) / product->panel_cols;
}

static inline size_t gemm_panel_start(const struct ck_microkernels *micro,
                                      const ck_product *product, size_t n, size_t panel) {
    const size_t vectors = (n + micro->lanes - 1) / micro->lanes;
    const size_t start = vectors * panel / gemm_panel_count(product, n) * micro->lanes;
    return start < n ? start : n;
}

#endif
