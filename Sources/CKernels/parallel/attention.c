// Causal attention in tiles of queries and keys, a running softmax between them (Dao et al. 2022).
//
// Scores are kept transposed, keys down and queries across: the softmax is then vertical, and K, V
// and dout serve as operands where they lie. Only the queries (and dout, backwards) are transposed,
// once a tile. One thread owns a head of a sequence, so nothing is shared and nothing is summed in
// an order that depends on the threads.
#include "../reference/reference.h"
#include "scratch.h"
#include "team.h"

#include <math.h>

// C (rows, cols; ldc) = [C +] A * B for the small products of one tile, panel by panel.
static void tile_product(const struct ck_table *t, size_t rows, size_t cols, size_t k,
                         const float *a, size_t a_row, size_t a_k, const float *b, size_t ldb,
                         float *c, size_t ldc, bool accumulate) {
    const size_t vectors = (cols + t->lanes - 1) / t->lanes;
    const size_t panels = (cols + t->panel_cols - 1) / t->panel_cols;
    for (size_t panel = 0; panel < panels; panel++) {
        const size_t col = vectors * panel / panels * t->lanes;
        const size_t end = vectors * (panel + 1) / panels * t->lanes;
        t->gemm_panel(&(ck_gemm_panel){
            .rows = rows,
            .cols = (end < cols ? end : cols) - col,
            .k = k,
            .a = a,
            .a_tile = t->tile_rows * a_row,
            .a_row = a_row,
            .a_k = a_k,
            .b = b + col,
            .ldb = ldb,
            .c = c + col,
            .ldc = ldc,
            .accumulate = accumulate,
        });
    }
}

// dst (cols, ATTENTION_QUERIES) = src (rows, cols; lds) transposed.
static void transpose(const struct ck_table *t, float *dst, const float *src, size_t lds,
                      size_t rows, size_t cols) {
    for (size_t row = 0; row < rows; row += t->panel_cols) {
        const size_t left = rows - row;
        t->pack_b_transposed(dst + row, ATTENTION_QUERIES, src + row * lds, lds,
                             left < t->panel_cols ? left : t->panel_cols, cols);
    }
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// The parts of one thread's scratch. Rows are ATTENTION_QUERIES long.
typedef struct {
    float *queries; // (HS): a tile of q, transposed
    float *outputs; // (HS): the tile of out, rows HS apart; backwards that of dout, transposed
    float *scores;  // (ATTENTION_KEYS)
    float *grads;   // (ATTENTION_KEYS)
    float *maximum; // (1)
    float *sum;     // (1)
    float *rescale; // (1)
    float *dot;     // (1)
} attention_scratch;

static attention_scratch thread_scratch(const ck_context *ctx, size_t HS) {
    const size_t row = ATTENTION_QUERIES;
    float *start = ctx->scratch + (size_t)omp_get_thread_num() * attention_floats(HS);
    attention_scratch s;
    s.queries = start;
    s.outputs = s.queries + HS * row;
    s.scores = s.outputs + HS * row;
    s.grads = s.scores + ATTENTION_KEYS * row;
    s.maximum = s.grads + ATTENTION_KEYS * row;
    s.sum = s.maximum + row;
    s.rescale = s.sum + row;
    s.dot = s.rescale + row;
    return s;
}

// One head of one sequence: q, k, v (T, HS) with rows ld apart, out (T, HS) with rows ld_out apart.
typedef struct {
    const float *q, *k, *v;
    size_t ld, ld_out, T, HS;
    float scale; // 1 / sqrt(HS)
} attention_head;

static attention_head head_at(const float *qkv, size_t b, size_t h, size_t T, size_t C, size_t NH) {
    const size_t HS = C / NH;
    const float *q = qkv + b * T * 3 * C + h * HS;
    return (attention_head){.q = q,
                            .k = q + C,
                            .v = q + 2 * C,
                            .ld = 3 * C,
                            .ld_out = C,
                            .T = T,
                            .HS = HS,
                            .scale = 1.0f / sqrtf((float)HS)};
}

// Queries first ..< first + count: out (count, HS) and lse (count).
static void forward_tile(const struct ck_table *t, const attention_head *head,
                         const attention_scratch *s, float *out, float *lse, size_t first,
                         size_t count) {
    const size_t HS = head->HS;
    transpose(t, s->queries, head->q + first * head->ld, head->ld, count, HS);
    for (size_t i = 0; i < count; i++) {
        s->maximum[i] = -INFINITY;
        s->sum[i] = 0;
    }
    const size_t visible = first + count;
    for (size_t key = 0; key < visible; key += ATTENTION_KEYS) {
        const size_t keys = smaller(ATTENTION_KEYS, visible - key);
        tile_product(t, keys, count, HS, head->k + key * head->ld, head->ld, 1, s->queries,
                     ATTENTION_QUERIES, s->scores, ATTENTION_QUERIES, false);
        t->attention_softmax(s->scores, ATTENTION_QUERIES, s->maximum, s->sum, s->rescale,
                             head->scale, keys, count, (ptrdiff_t)first - (ptrdiff_t)key);
        if (key > 0)
            t->scale_rows(s->outputs, HS, s->rescale, count, HS);
        tile_product(t, count, HS, keys, s->scores, 1, ATTENTION_QUERIES, head->v + key * head->ld,
                     head->ld, s->outputs, HS, key > 0);
    }
    for (size_t i = 0; i < count; i++) {
        lse[i] = s->maximum[i] * head->scale + logf(s->sum[i]);
        s->rescale[i] = 1.0f / s->sum[i];
    }
    t->scale_rows(s->outputs, HS, s->rescale, count, HS);
    for (size_t i = 0; i < count; i++)
        __builtin_memcpy(out + i * head->ld_out, s->outputs + i * HS, HS * sizeof(float));
}

void ck_attention_forward(const ck_context *ctx, float *out, float *lse, const float *qkv, size_t B,
                          size_t T, size_t C, size_t NH) {
    if (ctx->table->isa == CK_REFERENCE) {
        ck_reference_attention_forward(ctx, out, lse, qkv, B, T, C, NH);
        return;
    }
    const size_t tiles = (T + ATTENTION_QUERIES - 1) / ATTENTION_QUERIES;
    const size_t tasks = B * NH * tiles;
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team_size(ctx, 2.0 * B * T * T * C / FLOPS_PER_THREAD))
    {
        const attention_scratch s = thread_scratch(ctx, C / NH);
        for (size_t task; (task = take(&next)) < tasks;) {
            // The last tile of a sequence sees the most keys: the longest tasks come first.
            const size_t tile = tiles - 1 - task / (B * NH);
            const size_t b = task % (B * NH) / NH;
            const size_t h = task % NH;
            const attention_head head = head_at(qkv, b, h, T, C, NH);
            const size_t first = tile * ATTENTION_QUERIES;
            forward_tile(ctx->table, &head, &s, out + (b * T + first) * C + h * head.HS,
                         lse + (b * NH + h) * T + first, first,
                         smaller(ATTENTION_QUERIES, T - first));
        }
    }
}

// Queries first ..< first + count of one head, added to the gradients dq, dk, dv (T, HS; ld), of
// which the rows of this tile's queries in dq are still zero.
static void backward_tile(const struct ck_table *t, const attention_head *head,
                          const attention_scratch *s, float *dq, float *dk, float *dv,
                          const float *dout, const float *out, const float *lse, size_t first,
                          size_t count) {
    const size_t HS = head->HS, ld = head->ld;
    const float *q = head->q + first * ld;
    dout += first * head->ld_out;
    out += first * head->ld_out;
    transpose(t, s->queries, q, ld, count, HS);
    transpose(t, s->outputs, dout, head->ld_out, count, HS);
    // The softmax's gradient needs sum over keys of P * dP, which is dout . out.
    for (size_t i = 0; i < count; i++)
        s->dot[i] = t->dot(dout + i * head->ld_out, out + i * head->ld_out, HS);

    const size_t visible = first + count;
    for (size_t key = 0; key < visible; key += ATTENTION_KEYS) {
        const size_t keys = smaller(ATTENTION_KEYS, visible - key);
        const float *k = head->k + key * ld;
        tile_product(t, keys, count, HS, k, ld, 1, s->queries, ATTENTION_QUERIES, s->scores,
                     ATTENTION_QUERIES, false);
        tile_product(t, keys, count, HS, head->v + key * ld, ld, 1, s->outputs, ATTENTION_QUERIES,
                     s->grads, ATTENTION_QUERIES, false);
        t->attention_gradient(s->scores, s->grads, ATTENTION_QUERIES, lse + first, s->dot,
                              head->scale, keys, count, (ptrdiff_t)first - (ptrdiff_t)key);
        tile_product(t, keys, HS, count, s->scores, ATTENTION_QUERIES, 1, dout, head->ld_out,
                     dv + key * ld, ld, true);
        tile_product(t, keys, HS, count, s->grads, ATTENTION_QUERIES, 1, q, ld, dk + key * ld, ld,
                     true);
        tile_product(t, count, HS, keys, s->grads, 1, ATTENTION_QUERIES, k, ld, dq + first * ld, ld,
                     true);
    }
}

void ck_attention_backward(const ck_context *ctx, float *dqkv, const float *dout, const float *out,
                           const float *qkv, const float *lse, size_t B, size_t T, size_t C,
                           size_t NH) {
    if (ctx->table->isa == CK_REFERENCE) {
        ck_reference_attention_backward(ctx, dqkv, dout, out, qkv, lse, B, T, C, NH);
        return;
    }
    const size_t HS = C / NH;
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team_size(ctx, 5.0 * B * T * T * C / FLOPS_PER_THREAD))
    {
        const attention_scratch s = thread_scratch(ctx, HS);
        for (size_t task; (task = take(&next)) < B * NH;) {
            const size_t b = task / NH;
            const size_t h = task % NH;
            const attention_head head = head_at(qkv, b, h, T, C, NH);
            float *dq = dqkv + b * T * 3 * C + h * HS;
            for (size_t i = 0; i < T; i++)
                for (size_t part = 0; part < 3; part++)
                    __builtin_memset(dq + i * 3 * C + part * C, 0, HS * sizeof(float));
            const size_t at = b * T * C + h * HS;
            for (size_t first = 0; first < T; first += ATTENTION_QUERIES)
                backward_tile(ctx->table, &head, &s, dq, dq + C, dq + 2 * C, dout + at, out + at,
                              lse + task * T, first, smaller(ATTENTION_QUERIES, T - first));
        }
    }
}
