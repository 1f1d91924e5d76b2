// A matrix product after Goto & van de Geijn 2008: A is packed in blocks that the team shares, B in
// panels that one thread packs, uses from its own cache and forgets.
//
// A phase is one block of A (GEMM_BLOCK_ROWS x GEMM_BLOCK_K): the team packs it together, then
// multiplies every panel of B with it. All this work stands in one queue, see gemm_segment, and
// packing the next block comes in the middle of a phase, so that nobody waits where two phases
// meet. Blocks alternate between two buffers. Every element of C is summed over k in the same order
// whoever computes it, so results do not depend on the number of threads.
#include "gemm.h"
#include "../elements.h"
#include "queue.h"
#include "scratch.h"

typedef struct {
    size_t row, rows; // of A and C
    size_t p, k;      // of A's columns and B's rows
    bool first, last; // among the blocks along k
} gemm_block;

// Whether the product is one of bfloat16: A is rounded to it when it is packed, and a float of a
// packed block or panel is a pair of neighbours along k.
static bool multiplies_pairs(const struct ck_microkernels *micro, const ck_gemm *g) {
    return micro->gemm_panel_pairs && g->weight && g->weight->type != CK_FLOAT32;
}

// How many floats long k columns of A are once they are packed.
static size_t packed_depth(const struct ck_microkernels *micro, const ck_gemm *g, size_t k) {
    return multiplies_pairs(micro, g) ? (k + 1) / 2 : k;
}

// Panels and their borders: the vectors of a row of B, dealt evenly to as few panels as hold them.
static size_t panel_count(const struct ck_microkernels *micro, size_t n) {
    return (n + micro->panel_cols - 1) / micro->panel_cols;
}

static size_t panel_start(const struct ck_microkernels *micro, size_t n, size_t panel) {
    const size_t vectors = (n + micro->lanes - 1) / micro->lanes;
    const size_t start = vectors * panel / panel_count(micro, n) * micro->lanes;
    return start < n ? start : n;
}

// Packs the tiles tile ..< tile_end of a block of A.
static void pack_tiles(const struct ck_microkernels *micro, float *dst, const ck_gemm *g,
                       const gemm_block *block, size_t tile, size_t tile_end) {
    const float *a = g->a + block->row * g->a_row + block->p * g->a_col;
    const size_t tile_floats = micro->tile_rows * packed_depth(micro, g, block->k);
    if (g->a_col == 1) {
        const bool pairs = multiplies_pairs(micro, g);
        for (; tile < tile_end; tile++) {
            const size_t row = tile * micro->tile_rows;
            const size_t left = block->rows - row;
            (pairs ? micro->pack_a_pairs
                   : micro->pack_a)(dst + tile * tile_floats, a + row * g->a_row, g->a_row,
                                    left < micro->tile_rows ? left : micro->tile_rows, block->k);
        }
        return;
    }
    // Along k a tile touches only part of each cache line, and the next tile the rest: go through a
    // few lines at a time, all tiles of them.
    const size_t depth = 16;
    for (size_t p = 0; p < block->k; p += depth) {
        const size_t k = block->k - p < depth ? block->k - p : depth;
        for (size_t i = tile; i < tile_end; i++) {
            const size_t row = i * micro->tile_rows;
            const size_t left = block->rows - row;
            micro->pack_a_transposed(dst + i * tile_floats + p * micro->tile_rows,
                                     a + p * g->a_col + row, g->a_col,
                                     left < micro->tile_rows ? left : micro->tile_rows, k);
        }
    }
}

// What remains to be done to rows x cols of C, hot in the cache, once its sum over k is complete.
static void epilogue(const struct ck_microkernels *micro, const ck_gemm *g, size_t row, size_t rows,
                     size_t col, size_t cols) {
    for (size_t i = row; i < row + rows; i++) {
        const size_t at = i * g->n + col;
        if (g->residual)
            micro->add(g->c + at, g->c + at, g->residual + at, cols);
        if (g->gelu_out)
            micro->gelu_forward(array_of_floats(g->gelu_out + at), array_of_floats(g->c + at),
                                cols);
        if (g->gelu_inp)
            micro->gelu_backward(g->c + at, array_of_floats(g->gelu_inp + at), g->c + at, cols);
    }
}

// A smaller C may well stay in the caches, with the other gradients of a small model.
#define LEAST_BYPASS_FLOATS ((size_t)1 << 17)

// Whether a block of C is better written past the caches: it is complete after one pass, and whole
// vectors start where vectors may.
static bool bypasses(const struct ck_microkernels *micro, const ck_gemm *g,
                     const gemm_block *block) {
    const bool one_pass = block->first && block->last && !g->accumulate;
    const bool plain = !g->bias && !g->residual && !g->gelu_out && !g->gelu_inp;
    const bool aligned =
        (uintptr_t)g->c % (micro->lanes * sizeof(float)) == 0 && g->n % micro->lanes == 0;
    return g->used_late && g->m * g->n >= LEAST_BYPASS_FLOATS && one_pass && plain && aligned;
}

// Packs columns col ..< col + cols of a block of B.
static void pack_panel(const struct ck_microkernels *micro, float *dst, const ck_gemm *g,
                       const gemm_block *block, size_t col, size_t cols) {
    const float *b = g->b + block->p * g->b_row + col * g->b_col;
    if (multiplies_pairs(micro, g))
        micro->pack_b_weight_pairs(dst, g->weight, col, cols, block->p, block->k);
    else if (g->weight)
        micro->pack_b_weight(dst, g->weight, col, cols, block->p, block->k);
    else if (g->b_col == 1)
        micro->pack_b(dst, b, g->b_row, cols, block->k);
    else
        micro->pack_b_transposed(dst, micro->panel_cols, b, g->b_col, cols, block->k);
}

// While a panel is used, the memory of the next one comes nearer.
static void fetch_columns(const ck_gemm *g, const gemm_block *block, size_t col, size_t cols,
                          ck_gemm_panel *panel) {
    if (g->weight) {
        const size_t row_bytes = bytes_of_row(g->weight->type, g->k);
        panel->next = (const char *)g->weight->values + col * row_bytes +
                      bytes_of_row(g->weight->type, block->p);
        panel->next_ld = row_bytes;
        panel->next_rows = cols;
        panel->next_bytes = bytes_of_row(g->weight->type, block->k);
        return;
    }
    const bool by_rows = g->b_col == 1;
    panel->next = (const char *)(g->b + block->p * g->b_row + col * g->b_col);
    panel->next_ld = (by_rows ? g->b_row : g->b_col) * sizeof(float);
    panel->next_rows = by_rows ? block->k : cols;
    panel->next_bytes = (by_rows ? cols : block->k) * sizeof(float);
}

// One panel of B against the tiles tile ..< tile_end of the packed block of A.
static void run_product(const struct ck_microkernels *micro, const ck_gemm *g,
                        const gemm_block *block, const float *a_block, float *b_panel, size_t panel,
                        size_t next_panel, size_t tile, size_t tile_end) {
    const size_t col = panel_start(micro, g->n, panel);
    const size_t cols = panel_start(micro, g->n, panel + 1) - col;
    pack_panel(micro, b_panel, g, block, col, cols);

    const size_t first = tile * micro->tile_rows;
    const size_t end = tile_end * micro->tile_rows;
    const size_t rows = (end < block->rows ? end : block->rows) - first;
    const size_t row = block->row + first;
    const size_t depth = packed_depth(micro, g, block->k);
    ck_gemm_panel product = {
        .rows = rows,
        .cols = cols,
        .k = depth,
        .a = a_block + tile * micro->tile_rows * depth,
        .a_tile = micro->tile_rows * depth,
        .a_row = 1,
        .a_k = micro->tile_rows,
        .b = b_panel,
        .ldb = micro->panel_cols,
        .c = g->c + row * g->n + col,
        .ldc = g->n,
        .init = block->first && g->bias ? g->bias + col : NULL,
        .accumulate = g->accumulate || !block->first,
        .bypass = bypasses(micro, g, block),
    };
    if (next_panel < panel_count(micro, g->n)) {
        const size_t next_col = panel_start(micro, g->n, next_panel);
        fetch_columns(g, block, next_col, panel_start(micro, g->n, next_panel + 1) - next_col,
                      &product);
    }
    (multiplies_pairs(micro, g) ? micro->gemm_panel_pairs : micro->gemm_panel)(&product);
    if (block->last)
        epilogue(micro, g, row, rows, col, cols);
}

typedef struct {
    size_t panels;   // of B
    size_t k_blocks; // along k, of k_step each
    size_t k_step;
    size_t phases;
    size_t shares; // into how many items work is divided at least, where it can be
} gemm_plan;

static gemm_block block_of(const ck_gemm *g, const gemm_plan *plan, size_t phase) {
    const size_t along_k = phase % plan->k_blocks;
    gemm_block block = {.row = phase / plan->k_blocks * GEMM_BLOCK_ROWS,
                        .p = along_k * plan->k_step,
                        .first = along_k == 0,
                        .last = along_k == plan->k_blocks - 1};
    block.rows = g->m - block.row < GEMM_BLOCK_ROWS ? g->m - block.row : GEMM_BLOCK_ROWS;
    block.k = g->k - block.p < plan->k_step ? g->k - block.p : plan->k_step;
    return block;
}

// A stretch of the queue: half of a phase's products, the packing of the next phase's block of A,
// the other half. The first segment only packs, the last only multiplies.
typedef struct {
    size_t index;
    size_t start; // in the queue
    gemm_block multiplied, packed;
    size_t multiplied_tiles, packed_tiles;
    size_t parts;           // a panel is multiplied in so many items, each a part of the rows
    size_t products, packs; // items
} gemm_segment;

static gemm_segment segment_at(const struct ck_microkernels *micro, const ck_gemm *g,
                               const gemm_plan *plan, size_t index, size_t start) {
    gemm_segment s = {.index = index, .start = start};
    if (index > 0) {
        s.multiplied = block_of(g, plan, index - 1);
        s.multiplied_tiles = (s.multiplied.rows + micro->tile_rows - 1) / micro->tile_rows;
        const size_t parts = (plan->shares + plan->panels - 1) / plan->panels;
        s.parts = parts < s.multiplied_tiles ? parts : s.multiplied_tiles;
        s.products = plan->panels * s.parts;
    }
    if (index < plan->phases) {
        s.packed = block_of(g, plan, index);
        s.packed_tiles = (s.packed.rows + micro->tile_rows - 1) / micro->tile_rows;
        s.packs = plan->shares < s.packed_tiles ? plan->shares : s.packed_tiles;
    }
    return s;
}

// Where in the queue a segment's product stands.
static size_t item_of_product(const gemm_segment *s, size_t product) {
    return s->start + product + (product < s->products / 2 ? 0 : s->packs);
}

// The last item that must be done before a product may start: the packing of its block of A, and,
// where the sum over k goes on, the same product of the block before.
static size_t product_needs(const gemm_segment *before, const gemm_segment *s, size_t product) {
    const size_t packed = before->start + before->products / 2 + before->packs - 1;
    const size_t summed = s->multiplied.first ? 0 : item_of_product(before, product);
    return packed > summed ? packed : summed;
}

void ck_gemm_run(const ck_context *ctx, const ck_gemm *g) {
    const struct ck_microkernels *micro = ctx->micro;
    const int team = team_size(ctx, (double)g->m * g->n * g->k * 2 / FLOPS_PER_THREAD);
    const size_t depth = packed_depth(micro, g, g->k);
    const size_t k_blocks = (depth + GEMM_BLOCK_K - 1) / GEMM_BLOCK_K;
    const size_t k_step = (g->k + k_blocks - 1) / k_blocks;
    const gemm_plan plan = {
        .panels = panel_count(micro, g->n),
        .k_blocks = k_blocks,
        // Blocks of weights are not divided. GEMM_BLOCK_K is a multiple of them.
        .k_step = g->weight ? row_blocks(k_step) * CK_BLOCK : k_step,
        .phases = (g->m + GEMM_BLOCK_ROWS - 1) / GEMM_BLOCK_ROWS * k_blocks,
        // Several for each thread, so that one that is held up does not hold up all.
        .shares = team > 1 ? (size_t)team * 4 : 1,
    };
    work_queue queue;
    queue_init(&queue, team);

#pragma omp parallel num_threads(team)
    {
        float *b_panel =
            ctx->scratch + 2 * GEMM_A_FLOATS + (size_t)omp_get_thread_num() * GEMM_B_FLOATS;
        gemm_segment before = {0};
        gemm_segment s = segment_at(micro, g, &plan, 0, 0);
        for (;;) {
            const size_t item = queue_take(&queue);
            while (s.index <= plan.phases && item >= s.start + s.products + s.packs) {
                before = s;
                s = segment_at(micro, g, &plan, s.index + 1, s.start + s.products + s.packs);
            }
            if (s.index > plan.phases)
                break;

            const size_t place = item - s.start;
            if (place >= s.products / 2 && place < s.products / 2 + s.packs) {
                // The products of the segment before read what is overwritten here.
                if (s.start > 0)
                    queue_wait(&queue, s.start - 1);
                const size_t share = place - s.products / 2;
                pack_tiles(micro, ctx->scratch + s.index % 2 * GEMM_A_FLOATS, g, &s.packed,
                           s.packed_tiles * share / s.packs,
                           s.packed_tiles * (share + 1) / s.packs);
                continue;
            }
            const size_t product = place < s.products / 2 ? place : place - s.packs;
            queue_wait(&queue, product_needs(&before, &s, product));
            const size_t part = product % s.parts;
            const size_t panel = product / s.parts;
            // Most likely, as every thread takes one product in turn.
            const size_t next_panel = panel + (size_t)team;
            run_product(micro, g, &s.multiplied, ctx->scratch + (s.index - 1) % 2 * GEMM_A_FLOATS,
                        b_panel, panel, next_panel, s.multiplied_tiles * part / s.parts,
                        s.multiplied_tiles * (part + 1) / s.parts);
        }
        queue_leave(&queue);
    }
}
