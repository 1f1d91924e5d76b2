// A matrix product after Goto & van de Geijn 2008: A is packed in blocks that the team shares, B in
// panels that one thread packs, uses from its own cache and discards.
//
// A phase is one block of A: the team packs it together, then multiplies every panel of B with it.
// All work is in one queue (see gemm_segment), and the next block is packed in the middle of a
// phase, so that no thread waits between phases. Blocks alternate between two buffers. Every
// element of C is summed over k in the same order whoever computes it, so results do not depend on
// the number of threads.
#include "gemm.h"
#include "gemm_panel.h"
#include "queue.h"

// The length of each of `parts` stretches of k except the last. Blocks of stored elements are never
// split; block_k and panel_k are multiples of their size.
static size_t equal_part(size_t k, size_t parts) {
    return row_blocks((k + parts - 1) / parts) * CK_BLOCK;
}

static gemm_plan plan_for(const ck_context *ctx, const ck_gemm *g, int team) {
    // With operands of float32 nothing is rounded.
    const bool exact = g->a.matrix.type == CK_FLOAT32 && g->b.matrix.type == CK_FLOAT32;
    const ck_product *product = exact ? &ctx->micro->float32 : &ctx->micro->bfloat16;
    const size_t depth = gemm_depth(product, g->k);
    gemm_plan plan = {
        .micro = ctx->micro,
        .product = product,
        .panels = gemm_panel_count(product, g->n),
        .block_rows = product->block_rows,
        .k_blocks = (depth + product->block_k - 1) / product->block_k,
        // Several for each thread, so that one delayed thread does not delay all.
        .shares = team > 1 ? (size_t)team * 4 : 1,
    };
    plan.k_step = equal_part(g->k, plan.k_blocks);
    if (g->c.type != CK_FLOAT32 && plan.k_blocks > 1) {
        // A sum cannot resume from a rounded C, so a block takes all of k and fewer rows.
        const size_t fitting =
            CK_MAX_BLOCK_FLOATS / depth / product->tile_rows * product->tile_rows;
        plan.block_rows = fitting < plan.block_rows ? fitting : plan.block_rows;
        plan.k_blocks = 1;
        plan.k_step = g->k;
    }
    const size_t block_depth = gemm_depth(product, plan.k_step);
    plan.k_chunk = equal_part(plan.k_step, (block_depth + product->panel_k - 1) / product->panel_k);
    plan.phases = (g->m + plan.block_rows - 1) / plan.block_rows * plan.k_blocks;
    return plan;
}

static gemm_block block_of(const ck_gemm *g, const gemm_plan *plan, size_t phase) {
    const size_t along_k = phase % plan->k_blocks;
    gemm_block block = {.row = phase / plan->k_blocks * plan->block_rows,
                        .p = along_k * plan->k_step,
                        .first = along_k == 0,
                        .last = along_k == plan->k_blocks - 1};
    block.rows = g->m - block.row < plan->block_rows ? g->m - block.row : plan->block_rows;
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
    size_t parts;           // items per panel, each a part of the rows
    size_t products, packs; // items
} gemm_segment;

static size_t tile_count(const gemm_plan *plan, const gemm_block *block) {
    return (block->rows + plan->product->tile_rows - 1) / plan->product->tile_rows;
}

static gemm_segment segment_at(const ck_gemm *g, const gemm_plan *plan, size_t index,
                               size_t start) {
    gemm_segment s = {.index = index, .start = start};
    if (index > 0) {
        s.multiplied = block_of(g, plan, index - 1);
        s.multiplied_tiles = tile_count(plan, &s.multiplied);
        const size_t parts = (plan->shares + plan->panels - 1) / plan->panels;
        s.parts = parts < s.multiplied_tiles ? parts : s.multiplied_tiles;
        s.products = plan->panels * s.parts;
    }
    if (index < plan->phases) {
        s.packed = block_of(g, plan, index);
        s.packed_tiles = tile_count(plan, &s.packed);
        s.packs = plan->shares < s.packed_tiles ? plan->shares : s.packed_tiles;
    }
    return s;
}

// Where a segment's product is in the queue.
static size_t item_of_product(const gemm_segment *s, size_t product) {
    return s->start + product + (product < s->products / 2 ? 0 : s->packs);
}

// The last item that must be done before a product may start: the packing of its block of A and,
// where the sum over k continues, the same product with the previous block.
static size_t product_needs(const gemm_segment *before, const gemm_segment *s, size_t product) {
    const size_t packed = before->start + before->products / 2 + before->packs - 1;
    const size_t summed = s->multiplied.first ? 0 : item_of_product(before, product);
    return packed > summed ? packed : summed;
}

void ck_gemm_run(const ck_context *ctx, const ck_gemm *g) {
    const int team = team_size(ctx, (double)g->m * g->n * g->k * 2 / FLOPS_PER_THREAD);
    const gemm_plan plan = plan_for(ctx, g, team);
    work_queue queue;
    queue_init(&queue, team);

#pragma omp parallel num_threads(team)
    {
        const gemm_scratch scratch = gemm_thread_scratch(ctx);
        if (plan.product->begin)
            plan.product->begin();
        size_t finished = 0;
        gemm_segment before = {0};
        gemm_segment s = segment_at(g, &plan, 0, 0);
        for (;;) {
            const size_t item = queue_take(&queue);
            while (s.index <= plan.phases && item >= s.start + s.products + s.packs) {
                before = s;
                s = segment_at(g, &plan, s.index + 1, s.start + s.products + s.packs);
            }
            if (s.index > plan.phases)
                break;

            const size_t place = item - s.start;
            if (place >= s.products / 2 && place < s.products / 2 + s.packs) {
                // The previous segment's products read what is overwritten here.
                if (s.start > 0)
                    queue_wait(&queue, &finished, s.start - 1);
                const size_t share = place - s.products / 2;
                gemm_pack_tiles(&plan, g, &s.packed, scratch.a_blocks[s.index % 2],
                                s.packed_tiles * share / s.packs,
                                s.packed_tiles * (share + 1) / s.packs);
                continue;
            }
            const size_t product = place < s.products / 2 ? place : place - s.packs;
            queue_wait(&queue, &finished, product_needs(&before, &s, product));
            const size_t part = product % s.parts;
            const size_t panel = product / s.parts;
            const gemm_task task = {
                .panel = panel,
                // A guess: threads take products in turn.
                .next_panel = panel + (size_t)team,
                .tile = s.multiplied_tiles * part / s.parts,
                .tile_end = s.multiplied_tiles * (part + 1) / s.parts,
            };
            gemm_run_task(&plan, g, &s.multiplied, &task, scratch.a_blocks[(s.index - 1) % 2],
                          &scratch);
        }
        queue_leave(&queue);
        if (plan.product->end)
            plan.product->end();
    }
}
