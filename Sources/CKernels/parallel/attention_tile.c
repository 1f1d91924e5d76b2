// One tile of attention: products with keys and values, and a running softmax between them.
//
// Scores are kept transposed, keys down and queries across: the softmax is then vertical, and K, V
// and dout serve as operands where they lie. Only the queries (and dout, backwards) are transposed,
// once a tile.
#include "attention.h"

#include <math.h>

void attention_product(const struct ck_microkernels *micro, size_t rows, size_t cols, size_t k,
                       const float *a, size_t a_row, size_t a_k, const float *b, size_t ldb,
                       float *c, size_t ldc, bool accumulate) {
    const size_t vectors = (cols + micro->lanes - 1) / micro->lanes;
    const size_t panels = (cols + micro->float32.panel_cols - 1) / micro->float32.panel_cols;
    for (size_t panel = 0; panel < panels; panel++) {
        const size_t col = vectors * panel / panels * micro->lanes;
        const size_t end = vectors * (panel + 1) / panels * micro->lanes;
        micro->float32.panel(&(ck_gemm_panel){
            .rows = rows,
            .cols = (end < cols ? end : cols) - col,
            .k = k,
            .a = a,
            .a_tile = micro->float32.tile_rows * a_row,
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

void attention_transpose(const struct ck_microkernels *micro, float *dst, const float *src,
                         size_t lds, size_t rows, size_t cols) {
    for (size_t row = 0; row < rows; row += micro->float32.panel_cols) {
        const size_t left = rows - row;
        micro->transpose(dst + row, ATTENTION_QUERIES, src + row * lds, lds,
                         left < micro->float32.panel_cols ? left : micro->float32.panel_cols, cols);
    }
}

attention_scratch attention_thread_scratch(const ck_context *ctx, size_t HS) {
    const size_t row = ATTENTION_QUERIES;
    attention_scratch s;
    s.queries = ctx->scratch + (size_t)omp_get_thread_num() * attention_floats(HS);
    s.outputs = s.queries + HS * row;
    s.scores = s.outputs + HS * row;
    s.grads = s.scores + ATTENTION_KEYS * row;
    s.maximum = s.grads + ATTENTION_KEYS * row;
    s.sum = s.maximum + row;
    s.rescale = s.sum + row;
    s.dot = s.rescale + row;
    s.keys = s.dot + row;
    s.values = s.keys + ATTENTION_KEYS * HS;
    return s;
}

// Rows first ..< first + count of keys or values, as floats: where they are, or else in `floats`.
static const float *rows_as_floats(const struct ck_microkernels *micro, const attention_head *head,
                                   const void *rows, float *floats, size_t *ld, size_t first,
                                   size_t count) {
    if (!head->bfloat16) {
        *ld = head->ld_cache;
        return (const float *)rows + first * head->ld_cache;
    }
    // A cache's rows follow each other, as those of a matrix of weights do.
    const ck_matrix matrix = {.type = CK_BFLOAT16, .cols = head->HS, .values = rows};
    for (size_t i = 0; i < count; i++)
        micro->weight_row(floats + i * head->HS, &matrix, first + i);
    *ld = head->HS;
    return floats;
}

void attention_forward_tile(const struct ck_microkernels *micro, const attention_head *head,
                            const attention_scratch *s, float *out, float *lse, size_t first,
                            size_t count) {
    const size_t HS = head->HS;
    attention_transpose(micro, s->queries, head->q + first * head->ld, head->ld, count, HS);
    for (size_t i = 0; i < count; i++) {
        s->maximum[i] = -INFINITY;
        s->sum[i] = 0;
    }
    const size_t position = head->past + first;
    const size_t visible = position + count;
    for (size_t key = 0; key < visible; key += ATTENTION_KEYS) {
        const size_t keys = attention_smaller(ATTENTION_KEYS, visible - key);
        size_t ld;
        const float *k = rows_as_floats(micro, head, head->k, s->keys, &ld, key, keys);
        attention_product(micro, keys, count, HS, k, ld, 1, s->queries, ATTENTION_QUERIES,
                          s->scores, ATTENTION_QUERIES, false);
        micro->attention_softmax(s->scores, ATTENTION_QUERIES, s->maximum, s->sum, s->rescale,
                                 head->scale, keys, count, (ptrdiff_t)position - (ptrdiff_t)key);
        if (key > 0)
            micro->scale_rows(s->outputs, HS, s->rescale, count, HS);
        const float *v = rows_as_floats(micro, head, head->v, s->values, &ld, key, keys);
        attention_product(micro, count, HS, keys, s->scores, 1, ATTENTION_QUERIES, v, ld,
                          s->outputs, HS, key > 0);
    }
    for (size_t i = 0; i < count; i++) {
        if (lse)
            lse[i] = s->maximum[i] * head->scale + logf(s->sum[i]);
        s->rescale[i] = 1.0f / s->sum[i];
    }
    micro->scale_rows(s->outputs, HS, s->rescale, count, HS);
    for (size_t i = 0; i < count; i++)
        __builtin_memcpy(out + i * head->ld_out, s->outputs + i * HS, HS * sizeof(float));
}
