// The backward pass of attention over a group of tiles of queries, which shares each tile of keys
// and values. Probabilities are recomputed from the scores and the logarithm of their sum.
#include "attention.h"

// The operands made from the group's tiles of queries and of dout.
typedef struct {
    attention_right queries, queries_along, douts, douts_along;
} tile_operands;

// dst (rows; ld) = [dst +] src (rows, HS): the first `added` rows are added, the rest set.
static void store_gradients(const struct ck_microkernels *micro, float *dst, size_t ld,
                            const float *src, size_t added, size_t rows, size_t HS) {
    for (size_t row = 0; row < rows; row++) {
        if (row < added)
            micro->add(dst + row * ld, dst + row * ld, src + row * HS, HS);
        else
            memcpy(dst + row * ld, src + row * HS, HS * sizeof(float));
    }
}

// The softmax's gradient needs sum over keys of P * dP, which is dout . out.
static void load_dots(const struct ck_microkernels *micro, const attention_scratch *s,
                      attention_rows out, attention_rows dout, size_t count, size_t HS) {
    for (size_t i = 0; i < count; i++) {
        const ck_array row = attention_rows_from(out, i).array;
        // Where the gradients of the queries will be.
        if (row.type != CK_FLOAT32)
            micro->load_rows(s->outputs, row, HS, 1, HS);
        s->dot[i] = micro->dot(attention_rows_from(dout, i).array.data,
                               row.type == CK_FLOAT32 ? row.data : s->outputs, HS);
    }
}

// Both operands made from rows, for `count` queries from number i of the group on.
static void load_operands(const attention_math *math, attention_right *across,
                          attention_right *along, attention_rows rows, size_t i, size_t count,
                          size_t HS, float *slots, float *slots_along) {
    const attention_rows ready =
        attention_ready(math, rows, count, HS, false, attention_slot(slots, i, HS));
    *across = attention_pack_right(math, ready, false, HS, count, attention_slot(slots, i, HS));
    *along = attention_pack_right(math, ready, true, count, HS, attention_slot(slots_along, i, HS));
}

// The tile's queries, number i of the group and those after it, with the keys and values of a tile.
static void backward_tile(const attention_math *math, const attention_scratch *s,
                          const attention_head *head, const ck_attention_tile *tile, size_t i,
                          const tile_operands *t, const attention_left *keys,
                          const attention_left *values, const attention_right *keys_across,
                          const float *lse) {
    const size_t HS = head->HS;
    attention_scores(math, tile, HS, keys, &t->queries_along, s->scores);
    attention_scores(math, tile, HS, values, &t->douts_along, s->grads);
    math->micro->attention_gradient(tile, s->scores, s->grads, ATTENTION_QUERIES, lse + i,
                                    s->dot + i, head->scale);
    const attention_rows scores = {array_of_floats(s->scores), ATTENTION_QUERIES};
    const attention_rows grads = {array_of_floats(s->grads), ATTENTION_QUERIES};
    attention_left left =
        attention_pack_left(math, scores, true, tile->keys, tile->queries, s->packed);
    attention_sum_queries(math, tile, HS, &left, &t->douts, s->dvalues);
    left = attention_pack_left(math, grads, true, tile->keys, tile->queries, s->packed);
    attention_sum_queries(math, tile, HS, &left, &t->queries, s->dkeys);
    left = attention_pack_left(math, grads, false, tile->queries, tile->keys, s->packed);
    attention_sum_keys(math, tile, HS, &left, keys_across, s->outputs + i * HS, true);
}

// What a part does with the gradients of a tile's queries, i ..< end of the group, before and after
// adding to them: they start from zero or come from the previous part, and go where the next one
// looks for them.
static void take_queries(const attention_part *part, const attention_scratch *s, const float *dq,
                         size_t ld, size_t first, size_t i, size_t end, size_t HS) {
    if (!part->before) {
        memset(s->outputs + i * HS, 0, (end - i) * HS * sizeof(float));
        return;
    }
    wait_beyond(part->before, part->queries + first + end - 1);
    for (; i < end; i++)
        memcpy(s->outputs + i * HS, dq + (first + i) * ld, HS * sizeof(float));
}

static void leave_queries(const attention_part *part, const attention_scratch *s, float *dq,
                          size_t ld, size_t first, size_t i, size_t end, size_t HS) {
    for (; i < end; i++)
        memcpy(dq + (first + i) * ld, s->outputs + i * HS, HS * sizeof(float));
    if (part->done)
        atomic_store_explicit(part->done, part->queries + first + end, memory_order_release);
}

void attention_backward_group(const attention_math *math, const attention_head *head,
                              const attention_scratch *s, const attention_gradients *gradients,
                              const attention_part *part, attention_rows dout, const float *lse,
                              size_t first, size_t count) {
    const size_t HS = head->HS;
    const ck_attention_gradients *of = &gradients->of;
    dout = attention_rows_from(dout, first);
    load_dots(math->micro, s, attention_rows_from(head->out, first), dout, count, HS);
    tile_operands operands[ATTENTION_GROUP_TILES];
    for (size_t i = 0, end; i < count; i = end) {
        end = attention_part_end(i, count, ATTENTION_QUERIES);
        tile_operands *t = &operands[attention_tile_number(i)];
        load_operands(math, &t->queries, &t->queries_along, attention_rows_from(head->q, first + i),
                      i, end - i, HS, s->queries, s->queries_along);
        load_operands(math, &t->douts, &t->douts_along, attention_rows_from(dout, i), i, end - i,
                      HS, s->douts, s->douts_along);
    }
    const attention_group group = attention_group_of(head, s, first, count);
    const size_t visible = attention_smaller(first + count, part->end);
    const size_t start = attention_larger(attention_first_tile(&group), part->begin);
    // With short documents, all keys of the part may come before those of the queries.
    for (size_t i = 0, end; start >= visible && i < count; i = end) {
        end = attention_part_end(i, count, ATTENTION_QUERIES);
        take_queries(part, s, of->dq, of->ld_q, first, i, end, HS);
        leave_queries(part, s, of->dq, of->ld_q, first, i, end, HS);
    }
    for (size_t key = start; key < visible; key += ATTENTION_KEYS) {
        const size_t keys = attention_smaller(ATTENTION_KEYS, visible - key);
        const attention_rows k =
            attention_ready(math, attention_rows_from(head->k, key), keys, HS, false, s->keys);
        const attention_rows v =
            attention_ready(math, attention_rows_from(head->v, key), keys, HS, false, s->values);
        const attention_left keys_left =
            attention_pack_left(math, k, true, keys, HS, s->keys_along);
        const attention_left values_left = attention_pack_left(math, v, true, keys, HS, s->values);
        const attention_right keys_right = attention_pack_right(math, k, false, HS, keys, s->keys);
        memset(s->dkeys, 0, keys * HS * sizeof(float));
        memset(s->dvalues, 0, keys * HS * sizeof(float));
        for (size_t i = 0, end; i < count; i = end) {
            end = attention_part_end(i, count, ATTENTION_QUERIES);
            const size_t last = attention_smaller(first + end, part->end);
            if (key >= last)
                continue;
            if (key == start)
                take_queries(part, s, of->dq, of->ld_q, first, i, end, HS);
            if (attention_meets(&group, i, end, key, keys)) {
                const ck_attention_tile tile = attention_tile_at(math, &group, i, end, key, keys);
                backward_tile(math, s, head, &tile, i, &operands[attention_tile_number(i)],
                              &keys_left, &values_left, &keys_right, lse + first);
            }
            if (key + ATTENTION_KEYS >= last)
                leave_queries(part, s, of->dq, of->ld_q, first, i, end, HS);
        }
        const size_t added = gradients->accumulate ? keys : key < first ? first - key : 0;
        store_gradients(math->micro, of->dk + key * of->ld_k, of->ld_k, s->dkeys, added, keys, HS);
        store_gradients(math->micro, of->dv + key * of->ld_v, of->ld_v, s->dvalues, added, keys,
                        HS);
    }
}
