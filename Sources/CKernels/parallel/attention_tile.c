// Tiles of attention: their products, and the forward pass of a group of them with a running
// softmax between tiles of keys.
//
// Scores are kept transposed, keys down and queries across: the softmax is then vertical. A group
// of tiles of queries shares each tile of keys and values, which are copied together first: in the
// caller's arrays rows lie so far apart that they share few sets of the caches.
#include "attention.h"

#include <math.h>

// C (rows, cols; ldc) = [C +] A * B for the small products of one tile, panel by panel.
static void product(const struct ck_microkernels *micro, size_t rows, size_t cols, size_t k,
                    const float *a, size_t a_row, size_t a_k, const float *b, size_t ldb, float *c,
                    size_t ldc, bool accumulate) {
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

attention_tile attention_tile_at(const struct ck_microkernels *micro, size_t position,
                                 size_t queries, size_t key, size_t keys) {
    attention_tile tile = {
        .queries = queries,
        .keys = attention_smaller(keys, position + queries - key),
        .step = micro->lanes,
        .diagonal = (ptrdiff_t)position - (ptrdiff_t)key,
    };
    // Whole vectors across, and whole tiles of the micro-kernel down.
    while (tile.step % micro->float32.tile_rows != 0)
        tile.step += micro->lanes;
    return tile;
}

// The first of the queries that see key j, or one up to a step before.
static size_t first_query(const attention_tile *tile, size_t key) {
    const ptrdiff_t distance = (ptrdiff_t)key - tile->diagonal;
    return distance <= 0 ? 0 : (size_t)distance / tile->step * tile->step;
}

// The keys that are seen by one of a step's queries from query q on.
static size_t visible_keys(const attention_tile *tile, size_t query) {
    const ptrdiff_t end = (ptrdiff_t)(query + tile->step) + tile->diagonal;
    return end < 0 ? 0 : attention_smaller((size_t)end, tile->keys);
}

void attention_scores(const struct ck_microkernels *micro, const attention_tile *tile, size_t HS,
                      const float *a, size_t lda, const float *b, float *c) {
    for (size_t key = 0, end; key < tile->keys; key = end) {
        const size_t query = first_query(tile, key);
        end = visible_keys(tile, query);
        product(micro, end - key, tile->queries - query, HS, a + key * lda, lda, 1, b + query,
                ATTENTION_QUERIES, c + key * ATTENTION_QUERIES + query, ATTENTION_QUERIES, false);
    }
}

void attention_sum_queries(const struct ck_microkernels *micro, const attention_tile *tile,
                           size_t HS, const float *a, const float *b, float *c) {
    for (size_t key = 0, end; key < tile->keys; key = end) {
        const size_t query = first_query(tile, key);
        end = visible_keys(tile, query);
        product(micro, end - key, HS, tile->queries - query, a + key * ATTENTION_QUERIES + query,
                ATTENTION_QUERIES, 1, b + query * HS, HS, c + key * HS, HS, true);
    }
}

void attention_sum_keys(const struct ck_microkernels *micro, const attention_tile *tile, size_t HS,
                        const float *a, const float *b, float *c, bool accumulate) {
    for (size_t query = 0, end; query < tile->queries; query = end) {
        const size_t keys = visible_keys(tile, query);
        // The queries after the first that sees all of the tile's keys do so too.
        end = keys == tile->keys ? tile->queries
                                 : attention_smaller(query + tile->step, tile->queries);
        if (keys > 0)
            product(micro, end - query, HS, keys, a + query, 1, ATTENTION_QUERIES, b, HS,
                    c + query * HS, HS, accumulate);
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
    const size_t group = attention_group_tiles(HS) * ATTENTION_QUERIES;
    const size_t group_rows = group * HS, key_rows = ATTENTION_KEYS * HS;
    const size_t scores = ATTENTION_KEYS * ATTENTION_QUERIES;
    attention_scratch s;
    s.queries = ctx->scratch + (size_t)omp_get_thread_num() * attention_floats(HS);
    s.queries_transposed = s.queries + group_rows;
    s.outputs = s.queries_transposed + group_rows;
    s.douts = s.outputs + group_rows;
    s.douts_transposed = s.douts + group_rows;
    s.keys = s.douts_transposed + group_rows;
    s.values = s.keys + key_rows;
    s.dkeys = s.values + key_rows;
    s.dvalues = s.dkeys + key_rows;
    s.scores = s.dvalues + key_rows;
    s.grads = s.scores + scores;
    s.maximum = s.grads + scores;
    s.sum = s.maximum + group;
    s.rescale = s.sum + group;
    s.dot = s.rescale + group;
    return s;
}

// Rows of a head, `ld` apart.
typedef struct {
    const float *floats;
    size_t ld;
} float_rows;

// `count` rows of `rows`, ld apart: where they are when they may be used there, or else copied, as
// floats, to `floats`.
static float_rows rows_as_floats(const struct ck_microkernels *micro, ck_array rows, size_t ld,
                                 size_t count, size_t HS, bool in_place, float *floats) {
    if (rows.type == CK_FLOAT32 && in_place)
        return (float_rows){rows.data, ld};
    micro->load_rows(floats, rows, ld, count, HS);
    return (float_rows){floats, HS};
}

void attention_forward_group(const struct ck_microkernels *micro, const attention_head *head,
                             const attention_scratch *s, float *lse, size_t first, size_t count) {
    const size_t HS = head->HS;
    for (size_t i = 0, end; i < count; i = end) {
        end = attention_part_end(i, count, ATTENTION_QUERIES);
        // What must become floats may do so where the outputs will be.
        const float_rows q = rows_as_floats(micro, array_from(head->q, (first + i) * head->ld),
                                            head->ld, end - i, HS, true, s->outputs + i * HS);
        attention_transpose(micro, attention_transposed(s->queries_transposed, i, HS), q.floats,
                            q.ld, end - i, HS);
    }
    for (size_t i = 0; i < count; i++) {
        s->maximum[i] = -INFINITY;
        s->sum[i] = 0;
    }
    const size_t position = head->past + first;
    const size_t visible = position + count;
    for (size_t key = 0; key < visible; key += ATTENTION_KEYS) {
        const size_t keys = attention_smaller(ATTENTION_KEYS, visible - key);
        // Each key is read once for a tile of queries, each value once for every eight.
        const size_t at = key * head->ld_cache;
        const float_rows k =
            rows_as_floats(micro, array_from(head->k, at), head->ld_cache, keys, HS, true, s->keys);
        const float_rows v = rows_as_floats(micro, array_from(head->v, at), head->ld_cache, keys,
                                            HS, head->ld_cache == HS, s->values);
        for (size_t i = 0, end; i < count; i = end) {
            end = attention_part_end(i, count, ATTENTION_QUERIES);
            if (key >= position + end)
                continue;
            const attention_tile tile = attention_tile_at(micro, position + i, end - i, key, keys);
            attention_scores(micro, &tile, HS, k.floats, k.ld,
                             attention_transposed(s->queries_transposed, i, HS), s->scores);
            micro->attention_softmax(s->scores, ATTENTION_QUERIES, s->maximum + i, s->sum + i,
                                     s->rescale + i, head->scale, tile.keys, tile.queries,
                                     tile.diagonal, tile.step);
            if (key > 0)
                micro->scale_rows(s->outputs + i * HS, HS, s->rescale + i, tile.queries, HS);
            attention_sum_keys(micro, &tile, HS, s->scores, v.floats, s->outputs + i * HS, key > 0);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (lse)
            lse[first + i] = s->maximum[i] + logf(s->sum[i]);
        s->rescale[i] = 1.0f / s->sum[i];
    }
    micro->store_rows(array_from(head->out, first * head->ld_out), head->ld_out, s->outputs,
                      s->rescale, count, HS);
}
