// Attention over whole sequences, both ways, and over new tokens of sequences with a cache.
#include "kernel_check.h"

#include "../../Sources/CKernels/parallel/attention.h"
#include "../../Sources/CKernels/parallel/gemm_panel.h"

static size_t whole(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// What the products of attention pack fits the memory set aside for it, whatever their tiles are.
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

static void check_whole(size_t B, size_t T, size_t NH, size_t HS) {
    const size_t C = NH * HS;
    const float *qkv = uniform(B * T * 3 * C, -2, 2), *dout = uniform(B * T * C, -1, 1);
    const ck_array inp = float_array(qkv);
    float *out[2], *lse[2], *dqkv[2];
    EACH_SIDE(i) {
        out[i] = garbage(B * T * C);
        lse[i] = garbage(B * NH * T);
        dqkv[i] = garbage(B * T * 3 * C);
        RUN(i, attention_forward, float_array(out[i]), lse[i], inp, B, T, C, NH);
        RUN(i, attention_backward, dqkv[i], dout, float_array(out[0]), inp, lse[0], B, T, C, NH);
    }
    compare("attention_forward out", out[1], out[0], B * T * C, 1e-5);
    compare("attention_forward lse", lse[1], lse[0], B * NH * T, 1e-5);
    compare("attention_backward", dqkv[1], dqkv[0], B * T * 3 * C, 1e-5);
}

// bfloat16 gives what the same numbers give in float32, rounded once; or, where the processor
// multiplies bfloat16, that with the error of rounding probabilities and gradients to bfloat16.
static void check_whole_bfloat16(size_t B, size_t T, size_t NH, size_t HS) {
    const size_t C = NH * HS, n = B * T * C;
    const float *dout = uniform(n, -1, 1);
    const ck_array qkv = as_array(CK_BFLOAT16, uniform(3 * n, -2, 2), 3 * n);
    const ck_array wide = widened(qkv, 3 * n);
    EACH_SIDE(i) {
        const ck_array out = as_array(CK_BFLOAT16, garbage(n), n);
        float *expected_out = garbage(n), *lse = garbage(B * NH * T);
        float *expected_lse = garbage(B * NH * T);
        RUN(i, attention_forward, out, lse, qkv, B, T, C, NH);
        RUN(i, attention_forward, float_array(expected_out), expected_lse, wide, B, T, C, NH);
        float *dqkv = garbage(3 * n), *expected_dqkv = garbage(3 * n);
        const ck_array wide_out = widened(out, n);
        RUN(i, attention_backward, dqkv, dout, out, qkv, lse, B, T, C, NH);
        RUN(i, attention_backward, expected_dqkv, dout, wide_out, wide, lse, B, T, C, NH);
        if (multiplies_bfloat16(i)) {
            compare("attention_forward of pairs", wide_out.data, expected_out, n, 0x1p-8);
            compare("attention_forward of pairs, lse", lse, expected_lse, B * NH * T, 1e-5);
            compare("attention_backward of pairs", dqkv, expected_dqkv, 3 * n, 0x1p-8);
            continue;
        }
        compare_rounded("attention_forward of bfloat16", out, expected_out, n);
        compare_bytes("attention_forward of bfloat16, lse", lse, expected_lse,
                      B * NH * T * sizeof(float));
        compare_bytes("attention_backward of bfloat16", dqkv, expected_dqkv, 3 * n * sizeof(float));
    }
}

// `count` new tokens after `past` ones, of which the cache holds keys and values already.
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

// What `count` tokens after `past` ones look at; q stands among other columns, as in a row of q, k
// and v.
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
    static const size_t sizes[][4] = {{1, 1, 1, 1},    {2, 3, 2, 5},    {1, 49, 3, 16},
                                      {1, 50, 1, 8},   {1, 33, 1, 128}, {2, 131, 1, 33},
                                      {1, 161, 3, 64}, {1, 401, 1, 9}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        check_whole(sizes[s][0], sizes[s][1], sizes[s][2], sizes[s][3]);
        check_whole_bfloat16(sizes[s][0], sizes[s][1], sizes[s][2], sizes[s][3]);
        release_arrays();
    }
    static const size_t cached[][3] = {
        {0, 1, 4}, {7, 1, 33}, {130, 1, 64}, {5, 4, 48}, {20, 71, 17}, {9, 160, 8}};
    for (size_t s = 0; s < sizeof cached / sizeof cached[0]; s++) {
        check_cached(CK_FLOAT32, cached[s][0], cached[s][1], cached[s][2]);
        check_cached(CK_BFLOAT16, cached[s][0], cached[s][1], cached[s][2]);
        check_pattern(CK_FLOAT32, cached[s][0], cached[s][1], cached[s][2]);
        check_pattern(CK_BFLOAT16, cached[s][0], cached[s][1], cached[s][2]);
        release_arrays();
    }
}
