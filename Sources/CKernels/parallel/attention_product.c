// The products of a tile of attention, with floats in place or with pairs of bfloat16, which have
// to be packed. Whole steps of queries beyond the diagonal are skipped.
#include "attention.h"
#include "gemm_panel.h"

attention_math attention_math_for(const ck_context *ctx, ck_element_type type) {
    const struct ck_microkernels *micro = ctx->micro;
    const bool pairs = type == CK_BFLOAT16 && micro->bfloat16.depth > 1;
    return (attention_math){micro, pairs ? &micro->bfloat16 : &micro->float32};
}

static bool packs(const attention_math *math) { return math->product->depth > 1; }

attention_rows attention_ready(const attention_math *math, attention_rows rows, size_t count,
                               size_t HS, bool in_place, float *floats) {
    if (packs(math) || (in_place && rows.array.type == CK_FLOAT32))
        return rows;
    math->micro->load_rows(floats, rows.array, rows.ld, count, HS);
    return (attention_rows){array_of_floats(floats), HS};
}

attention_left attention_pack_left(const attention_math *math, attention_rows rows, bool along_k,
                                   size_t m, size_t k, float *buffer) {
    const ck_product *product = math->product;
    const size_t tile_rows = product->tile_rows;
    if (packs(math)) {
        const ck_operand a = operand(rows.array, rows.ld, along_k);
        product->pack_a(buffer, &a, 0, m, 0, k);
        return (attention_left){buffer, tile_rows * gemm_depth(product, k), 1, tile_rows};
    }
    const size_t row = along_k ? rows.ld : 1;
    return (attention_left){rows.array.data, tile_rows * row, row, along_k ? 1 : rows.ld};
}

attention_right attention_pack_right(const attention_math *math, attention_rows rows, bool along_k,
                                     size_t n, size_t k, float *buffer) {
    const ck_product *product = math->product;
    if (packs(math)) {
        const ck_operand b = operand(rows.array, rows.ld, along_k);
        const size_t panel_floats = gemm_depth(product, k) * product->panel_cols;
        for (size_t panel = 0; panel < gemm_panel_count(product, n); panel++) {
            const size_t col = gemm_panel_start(math->micro, product, n, panel);
            product->pack_b(buffer + panel * panel_floats, &b, col,
                            gemm_panel_start(math->micro, product, n, panel + 1) - col, 0, k);
        }
        return (attention_right){buffer, product->panel_cols, panel_floats};
    }
    const float *floats = rows.array.data;
    if (!along_k)
        return (attention_right){floats, rows.ld, 0};
    for (size_t col = 0; col < n; col += product->panel_cols)
        math->micro->transpose(buffer + col, ATTENTION_QUERIES, floats + col * rows.ld, rows.ld,
                               attention_smaller(n - col, product->panel_cols), k);
    return (attention_right){buffer, ATTENTION_QUERIES, 0};
}

// The part of a product made of rows row ..< row_end, columns col ..< n and sums from p to k_end.
// `row` and p are multiples of the tile's unit.
static void multiply(const attention_math *math, size_t row, size_t row_end, size_t col, size_t n,
                     size_t p, size_t k_end, const attention_left *a, const attention_right *b,
                     float *c, size_t ldc, bool accumulate) {
    const ck_product *product = math->product;
    const size_t skipped = p / product->depth;
    for (size_t panel = 0; panel < gemm_panel_count(product, n); panel++) {
        const size_t start = gemm_panel_start(math->micro, product, n, panel);
        const size_t end = gemm_panel_start(math->micro, product, n, panel + 1);
        const size_t from = col > start ? col : start;
        if (from >= end)
            continue;
        product->panel(&(ck_gemm_panel){
            .rows = row_end - row,
            .cols = end - from,
            .k = gemm_depth(product, k_end - p),
            .a = a->floats + row / product->tile_rows * a->tile + skipped * a->k,
            .a_tile = a->tile,
            .a_row = a->row,
            .a_k = a->k,
            .b = b->floats + skipped * b->ld + (b->panel ? panel * b->panel + from - start : from),
            .ldb = b->ld,
            .c = c + row * ldc + from,
            .ldc = ldc,
            .accumulate = accumulate,
        });
    }
}

// The smallest common multiple of two small numbers.
static size_t common_multiple(size_t a, size_t b) {
    size_t multiple = a;
    while (multiple % b != 0)
        multiple += a;
    return multiple;
}

attention_group attention_group_of(const attention_head *head, const attention_scratch *s,
                                   size_t first, size_t count) {
    for (size_t i = 0; head->starts && i < count; i++)
        s->starts[i] = float_from_bits((uint32_t)head->starts[first + i]);
    for (size_t i = 0; head->dropout > 0 && i < count; i++) {
        const dropout_seed seed = dropout_seed_of(head->dropout_key, head->dropout_row + first + i);
        s->low[i] = float_from_bits(seed.low);
        s->high[i] = float_from_bits(seed.high);
    }
    return (attention_group){head, s, first, count};
}

ck_attention_tile attention_tile_at(const attention_math *math, const attention_group *group,
                                    size_t i, size_t end, size_t key, size_t keys) {
    const attention_head *head = group->head;
    const size_t position = head->past + group->first + i, queries = end - i;
    // A sum over keys or queries that begins or ends inside the tile does so between packed floats.
    const size_t unit =
        common_multiple(math->product->tile_rows, math->product->depth * math->product->k_unit);
    return (ck_attention_tile){
        .queries = queries,
        .keys = attention_smaller(keys, position + queries - key),
        .step = common_multiple(math->micro->lanes, unit),
        .unit = unit,
        .diagonal = (ptrdiff_t)position - (ptrdiff_t)key,
        .key = key,
        .starts = head->starts ? group->s->starts + i : NULL,
        .dropout = {.low = head->dropout > 0 ? group->s->low + i : NULL,
                    .high = group->s->high + i,
                    .threshold = dropout_threshold(head->dropout),
                    .scale = dropout_scale(head->dropout)},
    };
}

void attention_scores(const attention_math *math, const ck_attention_tile *tile, size_t HS,
                      const attention_left *a, const attention_right *b, float *c) {
    size_t key = 0;
    for (size_t query = 0; key < tile->keys; query += tile->step) {
        const size_t end = ck_keys_of_step(tile, query);
        if (end > key)
            multiply(math, key, end, query, tile->queries, 0, HS, a, b, c, ATTENTION_QUERIES,
                     false);
        key = end;
    }
}

void attention_sum_queries(const attention_math *math, const ck_attention_tile *tile, size_t HS,
                           const attention_left *a, const attention_right *b, float *c) {
    size_t key = 0;
    for (size_t query = 0; key < tile->keys; query += tile->step) {
        const size_t end = ck_keys_of_step(tile, query);
        if (end > key)
            multiply(math, key, end, 0, HS, query, tile->queries, a, b, c, HS, true);
        key = end;
    }
}

void attention_sum_keys(const attention_math *math, const ck_attention_tile *tile, size_t HS,
                        const attention_left *a, const attention_right *b, float *c,
                        bool accumulate) {
    for (size_t query = 0, end; query < tile->queries; query = end) {
        const size_t keys = ck_keys_of_step(tile, query);
        // The same goes for the queries after the first one that sees all of the tile's keys.
        end = keys == tile->keys ? tile->queries
                                 : attention_smaller(query + tile->step, tile->queries);
        if (keys > 0)
            multiply(math, query, end, 0, HS, 0, keys, a, b, c, HS, accumulate);
    }
}
