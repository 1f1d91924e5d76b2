// Causal attention over whole sequences, in tiles of queries and keys with a running softmax
// between them (Dao et al. 2022). In the forward pass a thread owns a group of queries of a head;
// in the backward pass, a head of keys and values of a sequence or some of its tiles of keys, with
// all the query heads that share it. Gradients of queries pass from tile to tile in a fixed order,
// so no sum depends on the number of threads.
#include "attention.h"
#include "parallel_operations.h"

#include <math.h>

static attention_head head_at(const ck_attention_inputs *in, ck_array out, size_t b, size_t h) {
    const size_t HS = in->HS, ld_out = in->NH * HS, shared = h / (in->NH / in->NKH);
    const size_t row = b * in->T;
    return (attention_head){
        .q = {array_from(in->q, row * in->ld_q + h * HS), in->ld_q},
        .k = {array_from(in->k, row * in->ld_k + shared * HS), in->ld_k},
        .v = {array_from(in->v, row * in->ld_v + shared * HS), in->ld_v},
        .out = {array_from(out, row * ld_out + h * HS), ld_out},
        .HS = HS,
        .scale = 1.0f / sqrtf((float)HS),
        .starts = in->starts ? in->starts + row : NULL,
        .dropout = in->dropout,
        .dropout_key = in->dropout_key,
        .dropout_row = ((uint64_t)(in->first_sequence + b) * in->NH + h) * in->T,
    };
}

// How many queries a thread takes at once: as many as best share tiles of keys, or fewer where
// there are too few heads for the team.
static size_t forward_group(const ck_context *ctx, size_t heads, size_t T, size_t HS) {
    size_t tiles = attention_group_tiles(HS);
    while (tiles > 1 && heads * T < (size_t)ctx->threads * 4 * tiles * ATTENTION_QUERIES)
        tiles--;
    return tiles * ATTENTION_QUERIES;
}

void ck_parallel_attention_forward(const ck_context *ctx, ck_array out, float *lse,
                                   const ck_attention_inputs *in) {
    const size_t B = in->B, T = in->T, NH = in->NH, HS = in->HS;
    const size_t group = forward_group(ctx, B * NH, T, HS);
    const attention_math math = attention_math_for(ctx, in->q.type);
    const size_t groups = (T + group - 1) / group;
    const size_t tasks = B * NH * groups;
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team_size(ctx, 2.0 * B * T * T * NH * HS / FLOPS_PER_THREAD))
    {
        const attention_scratch s = attention_thread_scratch(ctx, HS);
        attention_begin(&math);
        for (size_t task; (task = take(&next)) < tasks;) {
            // Head by head, so that keys and values are still in the cache. The last group of a
            // sequence sees the most keys: longer tasks come first.
            const size_t b = task / groups / NH, h = task / groups % NH;
            const size_t after = task % groups * group;
            const attention_head head = head_at(in, out, b, h);
            const size_t count = attention_smaller(group, T - after);
            attention_forward_group(&math, &head, &s, lse + (b * NH + h) * T, T - after - count,
                                    count);
        }
        attention_end(&math);
    }
}

// The tasks of a backward pass: each head of keys and values of a sequence, divided into as many
// parts as the team needs.
typedef struct {
    size_t heads, parts;
    size_t keys; // of a part
    atomic_size_t *counters;
} backward_tasks;

static backward_tasks divide(const ck_context *ctx, size_t team, size_t heads, size_t T,
                             size_t HS) {
    const size_t tiles = (T + ATTENTION_KEYS - 1) / ATTENTION_KEYS;
    // A part packs its head's queries again, which costs up to a seventh of its time. So heads stay
    // whole unless more than an eighth of the team's time would be spent idle.
    const size_t room = (heads + team - 1) / team * team;
    const bool divides = (room - heads) * 8 > room;
    const size_t most = ATTENTION_PARTS * team;
    const size_t tiles_each = divides ? (tiles * heads + most - 1) / most : tiles;
    float *counters = ctx->scratch + (size_t)ctx->threads * attention_floats(HS);
    return (backward_tasks){
        .heads = heads,
        .parts = (tiles + tiles_each - 1) / tiles_each,
        .keys = tiles_each * ATTENTION_KEYS,
        .counters = (atomic_size_t *)(void *)counters,
    };
}

static atomic_size_t *counter_of(const backward_tasks *tasks, size_t task) {
    return tasks->counters + task * CACHE_LINE / sizeof(atomic_size_t);
}

// Part by part, over all heads in turn: the first parts have the most queries, and later ones find
// what they need of them already done, or wait one tile at a time. A task only depends on tasks
// with smaller numbers, which were taken earlier.
static attention_part part_of(const backward_tasks *tasks, size_t task, size_t T) {
    const size_t part = task / tasks->heads;
    return (attention_part){
        .begin = part * tasks->keys,
        .end = attention_smaller(T, (part + 1) * tasks->keys),
        .before = part > 0 ? counter_of(tasks, task - tasks->heads) : NULL,
        .done = tasks->parts > 1 ? counter_of(tasks, task) : NULL,
    };
}

// One head of queries of a sequence with the keys of a part, group by group.
static void backward_head(const attention_math *math, const attention_scratch *s,
                          const attention_head *head, const attention_gradients *gradients,
                          const attention_part *part, attention_rows dout, const float *lse,
                          size_t T) {
    const size_t group = attention_group_tiles(head->HS) * ATTENTION_QUERIES;
    for (size_t first = 0, end; first < T; first = end) {
        end = attention_part_end(first, T, group);
        // Tiles before the part see none of its keys.
        for (size_t next; first < end; first = next) {
            next = first + attention_part_end(0, end - first, ATTENTION_QUERIES);
            if (next > part->begin)
                break;
        }
        if (first < end)
            attention_backward_group(math, head, s, gradients, part, dout, lse, first, end - first);
    }
}

void ck_parallel_attention_backward(const ck_context *ctx, const ck_attention_gradients *gradients,
                                    const float *dout, ck_array out, const float *lse,
                                    const ck_attention_inputs *in) {
    const size_t B = in->B, T = in->T, NH = in->NH, NKH = in->NKH, HS = in->HS, C = NH * HS;
    const attention_math math = attention_math_for(ctx, in->q.type);
    const int team = team_size(ctx, 5.0 * B * T * T * C / FLOPS_PER_THREAD);
    const backward_tasks tasks = divide(ctx, (size_t)team, B * NKH, T, HS);
    const size_t count = tasks.heads * tasks.parts;
    for (size_t task = 0; tasks.parts > 1 && task < count; task++)
        atomic_init(counter_of(&tasks, task), 0);
    atomic_size_t next = 0;
#pragma omp parallel num_threads(team)
    {
        const attention_scratch s = attention_thread_scratch(ctx, HS);
        attention_begin(&math);
        for (size_t task; (task = take(&next)) < count;) {
            attention_part part = part_of(&tasks, task, T);
            const size_t head_of_keys = task % tasks.heads;
            const size_t b = head_of_keys / NKH, shared = head_of_keys % NKH, row = b * T;
            const size_t begin = shared * (NH / NKH), end = begin + NH / NKH;
            for (size_t h = begin; h < end; h++, part.queries += T) {
                const attention_head head = head_at(in, out, b, h);
                const attention_gradients of_head = {
                    .of = {.dq = gradients->dq + row * gradients->ld_q + h * HS,
                           .dk = gradients->dk + row * gradients->ld_k + shared * HS,
                           .dv = gradients->dv + row * gradients->ld_v + shared * HS,
                           .ld_q = gradients->ld_q,
                           .ld_k = gradients->ld_k,
                           .ld_v = gradients->ld_v},
                    .accumulate = h > begin,
                };
                const attention_rows dout_rows = {array_of_floats(dout + row * C + h * HS), C};
                backward_head(&math, &s, &head, &of_head, &part, dout_rows, lse + (b * NH + h) * T,
                              T);
            }
        }
        attention_end(&math);
    }
}
