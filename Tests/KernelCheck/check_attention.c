// Attention over whole sequences, forward and backward, and over new tokens of sequences with a
// cache.
#include "kernel_check.h"

#include "../../Sources/CKernels/parallel/attention.h"
#include "../../Sources/CKernels/parallel/gemm_panel.h"

static size_t whole(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// What the products of attention pack must fit the memory set aside for it, whatever their tiles
// are.
static void check_packed_sizes(void) {
    const ck_product *p = &side[1].ctx.micro->bfloat16;
    const size_t queries = ATTENTION_QUERIES, keys = ATTENTION_KEYS;
    bool slots = true, rows_of_keys = true, scores = true;
    for (size_t HS = 1; HS <= 300; HS++) {
        const size_t slot = queries * attention_row_floats(HS);
        const size_t of_keys = keys * attention_row_floats(HS);
        slots &= whole(queries, p->panel_cols) * gemm_depth(p, HS) <= slot;
        slots &= whole(HS, p->panel_cols) * gemm_depth(p, queries) <= slot;
        rows_of_keys &= whole(keys, p->tile_rows) * gemm_depth(p, HS) <= of_keys;
        rows_of_keys &= whole(HS, p->panel_cols) * gemm_depth(p, keys) <= of_keys;
    }
    scores &= whole(keys, p->tile_rows) * gemm_depth(p, queries) <= keys * queries;
    scores &= whole(queries, p->tile_rows) * gemm_depth(p, keys) <= keys * queries;
    expect("packed queries fit their slots", slots);
    expect("packed keys and values fit", rows_of_keys);
    expect("packed scores fit", scores);
}

// A pass over whole sequences: its inputs, in rows that hold q, k, v and some more columns.
typedef struct {
    ck_attention_inputs in;
    const float *dout;
    size_t outputs, columns; // elements of out, and of a row of q, k and v
} whole_pass;

// Documents of one token, of a few and of many, with borders anywhere in tiles.
static const int32_t *some_starts(size_t B, size_t T) {
    int32_t *starts = ids(B * T, 1);
    const int32_t *lengths = ids(B * T, 70);
    for (size_t row = 0; row < B * T; row++) {
        const int32_t t = (int32_t)(row % T), start = t == 0 ? 0 : starts[row - 1];
        starts[row] = lengths[row] < 2 || t == 1 ? t : start;
    }
    return starts;
}

static whole_pass make_pass(size_t B, size_t T, size_t NKH, size_t shared, size_t HS,
                            ck_element_type type) {
    const size_t NH = NKH * shared, ld = (NH + 2 * NKH) * HS + 3, n = B * T * ld;
    const size_t width = type == CK_BFLOAT16 ? sizeof(uint16_t) : sizeof(float);
    const ck_array all = as_array(type, uniform(n, -2, 2), n);
    const ck_array k = {(char *)all.data + NH * HS * width, type};
    const ck_array v = {(char *)k.data + NKH * HS * width, type};
    return (whole_pass){
        .in = {.q = all,
               .k = k,
               .v = v,
               .ld_q = ld,
               .ld_k = ld,
               .ld_v = ld,
               .B = B,
               .T = T,
               .NH = NH,
               .NKH = NKH,
               .HS = HS,
               .dropout_key = 5,
               .first_sequence = 3},
        .dout = uniform(B * T * NH * HS, -1, 1),
        .outputs = B * T * NH * HS,
        .columns = ld,
    };
}

// The same numbers as floats.
static whole_pass widened_pass(const whole_pass *p) {
    const ck_attention_inputs *in = &p->in;
    whole_pass wide = *p;
    wide.in.q = widened(in->q, in->B * in->T * p->columns);
    wide.in.k.data = (float *)wide.in.q.data + in->NH * in->HS;
    wide.in.v.data = (float *)wide.in.k.data + in->NKH * in->HS;
    wide.in.k.type = wide.in.v.type = CK_FLOAT32;
    return wide;
}

// The backward pass on side i; returns the gradients of q, then k, then v, each without gaps.
static float *run_back(int i, const whole_pass *p, ck_array out, const float *lse) {
    const ck_attention_inputs *in = &p->in;
    const size_t shared = in->B * in->T * in->NKH * in->HS;
    float *all = garbage(p->outputs + 2 * shared);
    const ck_attention_gradients gradients = {
        .dq = all,
        .dk = all + p->outputs,
        .dv = all + p->outputs + shared,
        .ld_q = in->NH * in->HS,
        .ld_k = in->NKH * in->HS,
        .ld_v = in->NKH * in->HS,
    };
    RUN(i, attention_backward, &gradients, p->dout, out, lse, in);
    return all;
}

static size_t gradient_count(const whole_pass *p) {
    return p->outputs + 2 * p->in.B * p->in.T * p->in.NKH * p->in.HS;
}

static void check_whole(const whole_pass *p) {
    const size_t rows = p->in.B * p->in.NH * p->in.T;
    float *out[2], *lse[2], *gradients[2];
    EACH_SIDE(i) {
        out[i] = garbage(p->outputs);
        lse[i] = garbage(rows);
        RUN(i, attention_forward, float_array(out[i]), lse[i], &p->in);
        gradients[i] = run_back(i, p, float_array(out[0]), lse[0]);
    }
    compare("attention_forward out", out[1], out[0], p->outputs, 1e-5);
    compare("attention_forward lse", lse[1], lse[0], rows, 1e-5);
    compare("attention_backward", gradients[1], gradients[0], gradient_count(p), 1e-5);
}

// bfloat16 must give the float32 result for the same numbers, rounded once or, where the processor
// multiplies bfloat16, within the error of rounding probabilities and gradients to bfloat16.
static void check_whole_bfloat16(const whole_pass *p) {
    const whole_pass wide = widened_pass(p);
    const size_t n = p->outputs, rows = p->in.B * p->in.NH * p->in.T;
    EACH_SIDE(i) {
        const ck_array out = as_array(CK_BFLOAT16, garbage(n), n);
        float *expected_out = garbage(n), *lse = garbage(rows), *expected_lse = garbage(rows);
        RUN(i, attention_forward, out, lse, &p->in);
        RUN(i, attention_forward, float_array(expected_out), expected_lse, &wide.in);
        const ck_array wide_out = widened(out, n);
        const float *gradients = run_back(i, p, out, lse);
        const float *expected = run_back(i, &wide, wide_out, lse);
        const size_t count = gradient_count(p);
        if (multiplies_bfloat16(i)) {
            compare("attention_forward of pairs", wide_out.data, expected_out, n, 0x1p-8);
            compare("attention_forward of pairs, lse", lse, expected_lse, rows, 1e-5);
            compare("attention_backward of pairs", gradients, expected, count, 0x1p-8);
            continue;
        }
        compare_rounded("attention_forward of bfloat16", out, expected_out, n);
        compare_bytes("attention_forward of bfloat16, lse", lse, expected_lse,
                      rows * sizeof(float));
        compare_bytes("attention_backward of bfloat16", gradients, expected, count * sizeof(float));
    }
}

// Each number type, with and without documents and dropout.
static void check_whole_sizes(size_t B, size_t T, size_t NKH, size_t shared, size_t HS) {
    whole_pass floats = make_pass(B, T, NKH, shared, HS, CK_FLOAT32);
    whole_pass rounded = make_pass(B, T, NKH, shared, HS, CK_BFLOAT16);
    for (int with = 0; with < 4; with++) {
        floats.in.starts = rounded.in.starts = with & 1 ? some_starts(B, T) : NULL;
        floats.in.dropout = rounded.in.dropout = with & 2 ? 0.3f : 0;
        check_whole(&floats);
        check_whole_bfloat16(&rounded);
    }
    release_arrays();
}

// `count` new tokens after `past` ones whose keys and values are in the cache.
static void check_cached(ck_element_type type, size_t past, size_t count, size_t HS) {
    const size_t NKH = 2, NH = 4, capacity = past + count + 3;
    const size_t width = type == CK_BFLOAT16 ? sizeof(uint16_t) : sizeof(float);
    const size_t bytes = NKH * capacity * HS * width;
    const float *q = uniform(count * NH * HS, -2, 2);
    const float *k = uniform(count * NKH * HS, -2, 2), *v = uniform(count * NKH * HS, -1, 1);
    const float *before = uniform(NKH * capacity * HS, -1, 1);
    float *out[2];
    void *keys[2], *values[2];
    EACH_SIDE(i) {
        out[i] = garbage(count * NH * HS);
        keys[i] = make_array(bytes);
        values[i] = make_array(bytes);
        RUN(0, quantize, type, keys[i], NULL, before, NKH * capacity, HS);
        RUN(0, quantize, type, values[i], NULL, before, NKH * capacity, HS);
        const ck_cache_part part = {.count = count,
                                    .past = past,
                                    .capacity = capacity,
                                    .keys = keys[i],
                                    .values = values[i]};
        const ck_cached_attention_arguments arguments = {
            .out = out[i],
            .q = q,
            .k = k,
            .v = v,
            .ld_q = NH * HS,
            .ld_k = NKH * HS,
            .ld_v = NKH * HS,
            .parts = &part,
            .count = 1,
            .cache_type = type,
            .NH = NH,
            .NKH = NKH,
            .HS = HS,
        };
        RUN(i, cached_attention, &arguments);
    }
    compare("cached_attention", out[1], out[0], count * NH * HS, 1e-5);
    compare_bytes("cached_attention keys", keys[1], keys[0], bytes);
    compare_bytes("cached_attention values", values[1], values[0], bytes);
}

// What `count` tokens after `past` ones look at; q is among other columns, as in a row of q, k and
// v.
static void check_pattern(ck_element_type type, size_t past, size_t count, size_t HS) {
    const size_t NKH = 2, NH = 4, capacity = past + count + 3, positions = past + count;
    const size_t width = type == CK_BFLOAT16 ? sizeof(uint16_t) : sizeof(float);
    const size_t ld_q = NH * HS + 5, last = (count - 1) * ld_q + NH * HS;
    const float *q = uniform(last, -2, 2), *before = uniform(NKH * capacity * HS, -2, 2);
    void *keys = make_array(NKH * capacity * HS * width);
    RUN(0, quantize, type, keys, NULL, before, NKH * capacity, HS);
    float *out[2];
    EACH_SIDE(i) {
        out[i] = garbage(NH * count * positions);
        const ck_attention_pattern_arguments arguments = {
            .out = out[i],
            .q = q,
            .ld_q = ld_q,
            .keys = {.data = keys, .type = type},
            .count = count,
            .past = past,
            .capacity = capacity,
            .NH = NH,
            .NKH = NKH,
            .HS = HS,
        };
        RUN(i, attention_pattern, &arguments);
    }
    compare("attention_pattern", out[1], out[0], NH * count * positions, 1e-5);
    double furthest = 0;
    for (size_t row = 0; row < NH * count; row++) {
        double sum = 0;
        for (size_t s = 0; s < positions; s++)
            sum += out[1][row * positions + s];
        furthest = fmax(furthest, fabs(sum - 1));
    }
    expect("rows of attention_pattern sum to 1", furthest <= 0x1p-22);
}

void check_attention(void) {
    if (multiplies_bfloat16(1))
        check_packed_sizes();
    static const size_t sizes[][5] = {{1, 1, 1, 1, 1},    {2, 3, 1, 2, 5},    {1, 49, 1, 3, 16},
                                      {1, 50, 1, 1, 8},   {1, 33, 1, 1, 128}, {2, 131, 2, 1, 33},
                                      {1, 161, 2, 2, 64}, {1, 401, 1, 1, 9}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        check_whole_sizes(sizes[s][0], sizes[s][1], sizes[s][2], sizes[s][3], sizes[s][4]);
    static const size_t cached[][3] = {{0, 1, 4},  {7, 1, 33},   {130, 1, 64},
                                       {5, 4, 48}, {20, 71, 17}, {9, 160, 8}};
    for (size_t s = 0; s < sizeof cached / sizeof cached[0]; s++) {
        check_cached(CK_FLOAT32, cached[s][0], cached[s][1], cached[s][2]);
        check_cached(CK_BFLOAT16, cached[s][0], cached[s][1], cached[s][2]);
        check_pattern(CK_FLOAT32, cached[s][0], cached[s][1], cached[s][2]);
        check_pattern(CK_BFLOAT16, cached[s][0], cached[s][1], cached[s][2]);
        release_arrays();
    }
}
