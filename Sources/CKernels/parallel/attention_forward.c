// The forward pass of attention over a group of tiles, with a running softmax between tiles of
// keys.
//
// Scores are kept transposed, keys down and queries across, so the softmax is vertical. A group of
// tiles of queries shares each tile of values, which is gathered or packed first: rows of the
// caller's arrays are so far apart that they map to few sets of the caches.
#include "attention.h"

#include <math.h>

attention_scratch attention_thread_scratch(const ck_context *ctx, size_t HS) {
    const size_t group = attention_group_tiles(HS) * ATTENTION_QUERIES;
    const size_t group_floats = group * attention_row_floats(HS);
    const size_t key_floats = ATTENTION_KEYS * attention_row_floats(HS);
    const size_t scores = ATTENTION_KEYS * ATTENTION_QUERIES;
    attention_scratch s;
    s.queries = ctx->scratch + (size_t)omp_get_thread_num() * attention_floats(HS);
    s.queries_along = s.queries + group_floats;
    s.douts = s.queries_along + group_floats;
    s.douts_along = s.douts + group_floats;
    s.outputs = s.douts_along + group_floats;
    s.keys = s.outputs + group_floats;
    s.keys_along = s.keys + key_floats;
    s.values = s.keys_along + key_floats;
    s.dkeys = s.values + key_floats;
    s.dvalues = s.dkeys + key_floats;
    s.scores = s.dvalues + key_floats;
    s.grads = s.scores + scores;
    s.packed = s.grads + scores;
    s.maximum = s.packed + scores;
    s.sum = s.maximum + group;
    s.rescale = s.sum + group;
    s.dot = s.rescale + group;
    s.starts = s.dot + group;
    s.low = s.starts + group;
    s.high = s.low + group;
    return s;
}

// The tile's queries, number i of the group and those after it, with the keys and values of a tile.
static void forward_tile(const attention_math *math, const attention_scratch *s,
                         const attention_head *head, const ck_attention_tile *tile, size_t i,
                         const attention_right *queries, const attention_left *keys,
                         const attention_right *values, bool first) {
    const struct ck_microkernels *micro = math->micro;
    const size_t HS = head->HS;
    float *outputs = s->outputs + i * HS;
    attention_scores(math, tile, HS, keys, queries, s->scores);
    micro->attention_softmax(tile, s->scores, ATTENTION_QUERIES, s->maximum + i, s->sum + i,
                             s->rescale + i, head->scale);
    if (!first)
        micro->scale_rows(outputs, HS, s->rescale + i, tile->queries, HS);
    const attention_rows scores = {array_of_floats(s->scores), ATTENTION_QUERIES};
    const attention_left weights =
        attention_pack_left(math, scores, false, tile->queries, tile->keys, s->packed);
    attention_sum_keys(math, tile, HS, &weights, values, outputs, !first);
}

void attention_forward_group(const attention_math *math, const attention_head *head,
                             const attention_scratch *s, float *lse, size_t first, size_t count) {
    const size_t HS = head->HS;
    attention_right queries[ATTENTION_GROUP_TILES];
    for (size_t i = 0, end; i < count; i = end) {
        end = attention_part_end(i, count, ATTENTION_QUERIES);
        const attention_rows q =
            attention_ready(math, attention_rows_from(head->q, first + i), end - i, HS, true,
                            attention_slot(s->queries, i, HS));
        queries[attention_tile_number(i)] = attention_pack_right(
            math, q, true, end - i, HS, attention_slot(s->queries_along, i, HS));
    }
    for (size_t i = 0; i < count; i++) {
        s->maximum[i] = -INFINITY;
        s->sum[i] = 0;
    }
    const attention_group group = attention_group_of(head, s, first, count);
    const size_t visible = head->past + first + count;
    for (size_t key = attention_first_tile(&group); key < visible; key += ATTENTION_KEYS) {
        const size_t keys = attention_smaller(ATTENTION_KEYS, visible - key);
        // Each key is read once per tile of queries, each value once per eight queries.
        const attention_rows k =
            attention_ready(math, attention_rows_from(head->k, key), keys, HS, true, s->keys);
        const attention_rows v = attention_ready(math, attention_rows_from(head->v, key), keys, HS,
                                                 head->v.ld == HS, s->values);
        const attention_left left = attention_pack_left(math, k, true, keys, HS, s->keys);
        const attention_right right = attention_pack_right(math, v, false, HS, keys, s->values);
        for (size_t i = 0, end; i < count; i = end) {
            end = attention_part_end(i, count, ATTENTION_QUERIES);
            if (!attention_meets(&group, i, end, key, keys))
                continue;
            const ck_attention_tile tile = attention_tile_at(math, &group, i, end, key, keys);
            forward_tile(math, s, head, &tile, i, &queries[attention_tile_number(i)], &left, &right,
                         key <= attention_first_key(&group, i));
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (lse)
            lse[first + i] = s->maximum[i] + logf(s->sum[i]);
        s->rescale[i] = 1.0f / s->sum[i];
    }
    const attention_rows out = attention_rows_from(head->out, first);
    math->micro->store_rows(out.array, out.ld, s->outputs, s->rescale, count, HS);
}
