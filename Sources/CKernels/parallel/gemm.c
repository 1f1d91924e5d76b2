// A matrix product after Goto & van de Geijn 2008: A is packed in blocks that the team shares, B in
// panels that one thread packs, uses from its own cache and forgets.
//
// A phase is one block of A (GEMM_BLOCK_ROWS x GEMM_BLOCK_K): the team packs it together, then
// multiplies every panel of B with it. All this work stands in one queue, see gemm_segment, and
// packing the next block comes in the middle of a phase, so that nobody waits where two phases
// meet. Blocks alternate between two buffers. Every element of C is summed over k in the same order
// whoever computes it, so results do not depend on the number of threads.
#include "gemm.h"
#include "queue.h"
#include "scratch.h"

typedef struct {
    size_t row, rows; // of A and C
    size_t p, k;      // of A's columns and B's rows
    bool first, last; // among the blocks along k
} gemm_block;

// Panels and their borders: the vectors of a row of B, dealt evenly to as few panels as hold them.
static size_t panel_count(const struct ck_table *t, size_t n) {
    return (n + t->panel_cols - 1) / t->panel_cols;
}

static size_t panel_start(const struct ck_table *t, size_t n, size_t panel) {
    const size_t vectors = (n + t->lanes - 1) / t->lanes;
    const size_t start = vectors * panel / panel_count(t, n) * t->lanes;
    return start < n ? start : n;
}

// Packs the tiles tile ..< tile_end of a block of A.
static void pack_tiles(const struct ck_table *t, float *dst, const ck_gemm *g,
                       const gemm_block *block, size_t tile, size_t tile_end) {
    const float *a = g->a + block->row * g->a_row + block->p * g->a_col;
    const size_t tile_floats = t->tile_rows * block->k;
    if (g->a_col == 1) {
        for (; tile < tile_end; tile++) {
            const size_t row = tile * t->tile_rows;
            const size_t left = block->rows - row;
            t->pack_a(dst + tile * tile_floats, a + row * g->a_row, g->a_row,
                      left < t->tile_rows ? left : t->tile_rows, block->k);
        }
        return;
    }
    // Along k a tile touches only part of each cache line, and the next tile the rest: go through a
    // few lines at a time, all tiles of them.
    const size_t depth = 16;
    for (size_t p = 0; p < block->k; p += depth) {
        const size_t k = block->k - p < depth ? block->k - p : depth;
        for (size_t i = tile; i < tile_end; i++) {
            const size_t row = i * t->tile_rows;
            const size_t left = block->rows - row;
            t->pack_a_transposed(dst + i * tile_floats + p * t->tile_rows, a + p * g->a_col + row,
                                 g->a_col, left < t->tile_rows ? left : t->tile_rows, k);
        }
    }
}

// What remains to be done to rows x cols of C, hot in the cache, once its sum over k is complete.
static void epilogue(const struct ck_table *t, const ck_gemm *g, size_t row, size_t rows,
                     size_t col, size_t cols) {
    for (size_t i = row; i < row + rows; i++) {
        const size_t at = i * g->n + col;
        if (g->residual)
            t->add(g->c + at, g->c + at, g->residual + at, cols);
        if (g->gelu_out)
            t->gelu_forward(g->gelu_out + at, g->c + at, cols);
        if (g->gelu_inp)
            t->gelu_backward(g->c + at, g->gelu_inp + at, g->c + at, cols);
    }
}

// A smaller C may well stay in the caches, with the other gradients of a small model.
#define LEAST_BYPASS_FLOATS ((size_t)1 << 17)

// Whether a block of C is better written past the caches: it is complete after one pass, and whole
// vectors start where vectors may.
static bool bypasses(const struct ck_table *t, const ck_gemm *g, const gemm_block *block) {
    const bool one_pass = block->first && block->last && !g->accumulate;
    const bool plain = !g->bias && !g->residual && !g->gelu_out && !g->gelu_inp;
    const bool aligned = (uintptr_t)g->c % (t->lanes * sizeof(float)) == 0 && g->n % t->lanes == 0;
    return g->used_late && g->m * g->n >= LEAST_BYPASS_FLOATS && one_pass && plain && aligned;
}

// One panel of B against the tiles tile ..< tile_end of the packed block of A.
static void run_product(const struct ck_table *t, const ck_gemm *g, const gemm_block *block,
                     const float *a_block, float *b_panel, size_t panel, size_t next_panel,
                     size_t tile, size_t tile_end) {
    const size_t col = panel_start(t, g->n, panel);
    const size_t cols = panel_start(t, g->n, panel + 1) - col;
    const float *b = g->b + block->p * g->b_row + col * g->b_col;
    if (g->b_col == 1)
        t->pack_b(b_panel, b, g->b_row, cols, block->k);
    else
        t->pack_b_transposed(b_panel, t->panel_cols, b, g->b_col, cols, block->k);

    // While this panel is used, the memory of the next one comes nearer.
    const bool has_next = next_panel < panel_count(t, g->n);
    const size_t next_col = has_next ? panel_start(t, g->n, next_panel) : 0;
    const size_t next_cols = has_next ? panel_start(t, g->n, next_panel + 1) - next_col : 0;
    const bool by_rows = g->b_col == 1;

    const size_t first = tile * t->tile_rows;
    const size_t end = tile_end * t->tile_rows;
    const size_t rows = (end < block->rows ? end : block->rows) - first;
    const size_t row = block->row + first;
    t->gemm_panel(&(ck_gemm_panel){
        .rows = rows,
        .cols = cols,
        .k = block->k,
        .a = a_block + tile * t->tile_rows * block->k,
        .a_tile = t->tile_rows * block->k,
        .a_row = 1,
        .a_k = t->tile_rows,
        .b = b_panel,
        .ldb = t->panel_cols,
        .c = g->c + row * g->n + col,
        .ldc = g->n,
        .init = block->first && g->bias ? g->bias + col : NULL,
        .accumulate = g->accumulate || !block->first,
        .bypass = bypasses(t, g, block),
        .next = g->b + block->p * g->b_row + next_col * g->b_col,
        .next_ld = by_rows ? g->b_row : g->b_col,
        .next_rows = has_next ? (by_rows ? block->k : next_cols) : 0,
        .next_cols = by_rows ? next_cols : block->k,
    });
    if (block->last)
        epilogue(t, g, row, rows, col, cols);
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

static gemm_segment segment_at(const struct ck_table *t, const ck_gemm *g, const gemm_plan *plan,
                               size_t index, size_t start) {
    gemm_segment s = {.index = index, .start = start};
    if (index > 0) {
        s.multiplied = block_of(g, plan, index - 1);
        s.multiplied_tiles = (s.multiplied.rows + t->tile_rows - 1) / t->tile_rows;
        const size_t parts = (plan->shares + plan->panels - 1) / plan->panels;
        s.parts = parts < s.multiplied_tiles ? parts : s.multiplied_tiles;
        s.products = plan->panels * s.parts;
    }
    if (index < plan->phases) {
        s.packed = block_of(g, plan, index);
        s.packed_tiles = (s.packed.rows + t->tile_rows - 1) / t->tile_rows;
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
    const struct ck_table *t = ctx->table;
    const int team = team_size(ctx, (double)g->m * g->n * g->k * 2 / FLOPS_PER_THREAD);
    const size_t k_blocks = (g->k + GEMM_BLOCK_K - 1) / GEMM_BLOCK_K;
    const gemm_plan plan = {
        .panels = panel_count(t, g->n),
        .k_blocks = k_blocks,
        .k_step = (g->k + k_blocks - 1) / k_blocks,
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
        gemm_segment s = segment_at(t, g, &plan, 0, 0);
        for (;;) {
            const size_t item = queue_take(&queue);
            while (s.index <= plan.phases && item >= s.start + s.products + s.packs) {
                before = s;
                s = segment_at(t, g, &plan, s.index + 1, s.start + s.products + s.packs);
            }
            if (s.index > plan.phases)
                break;

            const size_t place = item - s.start;
            if (place >= s.products / 2 && place < s.products / 2 + s.packs) {
                // The products of the segment before read what is overwritten here.
                if (s.start > 0)
                    queue_wait(&queue, s.start - 1);
                const size_t share = place - s.products / 2;
                pack_tiles(t, ctx->scratch + s.index % 2 * GEMM_A_FLOATS, g, &s.packed,
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
            run_product(t, g, &s.multiplied, ctx->scratch + (s.index - 1) % 2 * GEMM_A_FLOATS,
                        b_panel, panel, next_panel, s.multiplied_tiles * part / s.parts,
                        s.multiplied_tiles * (part + 1) / s.parts);
        }
        queue_leave(&queue);
    }
}
