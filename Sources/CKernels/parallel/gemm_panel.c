// One thread's share of a matrix product: packing, the product of a panel, the epilogue.
#include "gemm_panel.h"
#include "team.h"

gemm_scratch gemm_thread_scratch(const ck_context *ctx) {
    float *own =
        ctx->scratch + 2 * CK_MAX_BLOCK_FLOATS + (size_t)omp_get_thread_num() * GEMM_THREAD_FLOATS;
    return (gemm_scratch){
        .a_blocks = {ctx->scratch, ctx->scratch + CK_MAX_BLOCK_FLOATS},
        .b_panel = own,
        .sums = own + GEMM_B_FLOATS,
    };
}

void gemm_pack_tiles(const gemm_plan *plan, const ck_gemm *g, const gemm_block *block,
                     float *a_block, size_t tile, size_t tile_end) {
    const ck_product *product = plan->product;
    const size_t first = tile * product->tile_rows;
    const size_t end = tile_end * product->tile_rows;
    product->pack_a(a_block + first * gemm_depth(product, block->k), &g->a, block->row + first,
                    (end < block->rows ? end : block->rows) - first, block->p, block->k);
}

// A smaller C may well stay in the caches, with the other gradients of a small model.
#define LEAST_BYPASS_FLOATS ((size_t)1 << 17)

// Whether to write a block of C past the caches: it must be complete after one pass, and whole
// vectors must be aligned.
static bool bypasses(const gemm_plan *plan, const ck_gemm *g, const gemm_block *block) {
    const bool one_pass =
        block->first && block->last && block->k <= plan->k_chunk && !g->accumulate;
    const bool plain = !g->bias && !g->residual && !g->gelu_out.data && !g->gelu_inp.data;
    const size_t lanes = plan->micro->lanes;
    const bool aligned = (uintptr_t)g->c.data % (lanes * sizeof(float)) == 0 && g->n % lanes == 0;
    return g->used_late && g->m * g->n >= LEAST_BYPASS_FLOATS && one_pass && plain && aligned &&
           g->c.type == CK_FLOAT32;
}

// While one panel is in use, the memory of the next is prefetched.
static void fetch_columns(const ck_operand *b, const gemm_block *block, size_t col, size_t cols,
                          ck_gemm_panel *panel) {
    const ck_matrix *x = &b->matrix;
    const size_t row = b->along_k ? col : block->p;
    const size_t first = b->along_k ? block->p : col;
    panel->next_ld = bytes_of_row(x->type, x->cols);
    panel->next = (const char *)x->values + row * panel->next_ld + bytes_of_row(x->type, first);
    panel->next_rows = b->along_k ? cols : block->k;
    panel->next_bytes = bytes_of_row(x->type, b->along_k ? block->k : cols);
}

// What remains to be done to rows x cols of C, hot in the cache, once the sums over k are complete.
// They are at `sums`, rows `ld` apart: either C itself, or floats still to be rounded to C's type.
static void finish(const gemm_plan *plan, const ck_gemm *g, float *sums, size_t ld, size_t row,
                   size_t rows, size_t col, size_t cols) {
    const struct ck_microkernels *micro = plan->micro;
    for (size_t i = 0; i < rows; i++, sums += ld) {
        const size_t at = (row + i) * g->n + col;
        if (g->residual)
            micro->add(sums, sums, g->residual + at, cols);
        if (g->gelu_inp.data)
            micro->gelu_backward(sums, array_from(g->gelu_inp, at), sums, cols);
        if (g->c.type == CK_BFLOAT16)
            micro->round_row((uint16_t *)g->c.data + at, sums, cols);
        if (g->gelu_out.data)
            micro->gelu_forward(array_from(g->gelu_out, at), array_from(g->c, at), cols);
    }
}

void gemm_run_task(const gemm_plan *plan, const ck_gemm *g, const gemm_block *block,
                   const gemm_task *task, const float *a_block, const gemm_scratch *scratch) {
    const ck_product *product = plan->product;
    const size_t col = gemm_panel_start(plan->micro, product, g->n, task->panel);
    const size_t cols = gemm_panel_start(plan->micro, product, g->n, task->panel + 1) - col;
    const size_t first = task->tile * product->tile_rows;
    const size_t end = task->tile_end * product->tile_rows;
    const size_t rows = (end < block->rows ? end : block->rows) - first;
    const size_t row = block->row + first;
    const size_t depth = gemm_depth(product, block->k);
    const bool is_float = g->c.type == CK_FLOAT32;
    ck_gemm_panel panel = {
        .rows = rows,
        .cols = cols,
        .a_tile = product->tile_rows * depth,
        .a_row = 1,
        .a_k = product->tile_rows,
        .b = scratch->b_panel,
        .ldb = product->panel_cols,
        .c = is_float ? (float *)g->c.data + row * g->n + col : scratch->sums,
        .ldc = is_float ? g->n : product->panel_cols,
        .bypass = bypasses(plan, g, block),
    };
    for (size_t q = 0; q < block->k; q += plan->k_chunk) {
        const size_t k = block->k - q < plan->k_chunk ? block->k - q : plan->k_chunk;
        product->pack_b(scratch->b_panel, &g->b, col, cols, block->p + q, k);
        const bool goes_on = q > 0 || !block->first;
        panel.k = gemm_depth(product, k);
        panel.a = a_block + first * depth + gemm_depth(product, q) * product->tile_rows;
        panel.init = !goes_on && g->bias ? g->bias + col : NULL;
        panel.accumulate = g->accumulate || goes_on;
        if (q + k == block->k && task->next_panel < plan->panels) {
            const size_t next = gemm_panel_start(plan->micro, product, g->n, task->next_panel);
            const size_t end_of_next =
                gemm_panel_start(plan->micro, product, g->n, task->next_panel + 1);
            fetch_columns(&g->b, block, next, end_of_next - next, &panel);
        }
        product->panel(&panel);
    }
    if (block->last)
        finish(plan, g, panel.c, panel.ldc, row, rows, col, cols);
}
