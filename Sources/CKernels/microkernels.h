// One table of micro-kernels: what is worth writing anew for each instruction set, and nothing
// more. A micro-kernel works on a tile or a row, on one thread. Blocking, packing and threads are
// portable and live in parallel/; the vector code lives once in simd/ and is compiled for each
// instruction set by the files in avx2/, avx512/, neon/ and the like.
#ifndef MICROKERNELS_H
#define MICROKERNELS_H

#include "CKernels.h"

// Upper bounds over all instruction sets, for buffers whose size must be a constant.
#define CK_MAX_TILE_ROWS 8
#define CK_MAX_PANEL_COLS 48

// C (rows, cols) = A (rows, k) * B (k, cols), for one panel of at most panel_cols columns.
//   A[i][p] = a[(i / tile_rows) * a_tile + (i % tile_rows) * a_row + p * a_k]
//   B[p][j] = b[p * ldb + j]
// `init`, when not NULL, is a row (cols) every row of C starts from; else it starts from C itself
// when accumulate is set, else from zero. Nothing outside the stated elements is read or written.
typedef struct {
    size_t rows, cols, k;
    const float *a;
    size_t a_tile, a_row, a_k;
    const float *b;
    size_t ldb;
    float *c;
    size_t ldc;
    const float *init;
    bool accumulate;
    bool bypass; // C is written past the caches, as nobody reads it soon; never with accumulate

    // What the caller will read next, fetched towards the cache meanwhile: rows of some bytes.
    const char *next;
    size_t next_ld, next_rows, next_bytes;
} ck_gemm_panel;

// The input of a linear layer, as it is and, for weights in integer formats, as int16: x = words *
// scale within scale / 2. A block that holds NaN or infinity has a scale of NaN. How the words of a
// block lie is between quantize_input and weight_product.
typedef struct {
    const float *floats;  // (N, C)
    const int16_t *words; // (N, C; ld_words); what completes a block is zero
    const float *scales;  // (N, blocks; ld_blocks), ld_blocks a multiple of every `lanes`
    const float *offsets; // the same: -8 times the sum of a block's words
    size_t ld_words, ld_blocks;
} ck_linear_input;

// An operand of a product: a matrix as it is stored.
typedef struct {
    ck_matrix matrix;
    bool along_k; // whether the sum runs along its rows: it is (m, k) or (n, k), else (k, m) or (k,
                  // n)
} ck_operand;

// One way to multiply: how operands are packed, and what multiplies them then. Packed operands are
// floats, or pairs of bfloat16 in the place of a float: two neighbours along k.
typedef struct {
    size_t depth;      // elements along k in a packed float: 1 or 2
    size_t tile_rows;  // rows of C computed at once: A is packed in tiles of this many
    size_t panel_cols; // columns of C computed at once: B is packed in panels of this width

    void (*panel)(const ck_gemm_panel *panel);
    // dst[tile * tile_rows * d + q * tile_rows + i] = packed float q of row `row` + tile *
    // tile_rows
    // + i, which holds A's columns from p + q * depth on; i < tile_rows, q < d = k / depth, rounded
    // up. Rows after the last are zero, and so is what completes the last pair of an odd k.
    void (*pack_a)(float *dst, const ck_operand *a, size_t row, size_t rows, size_t p, size_t k);
    // dst[q * panel_cols + j] = packed float q of column `col` + j of B, likewise; j < cols <=
    // panel_cols. The vector after the last column is completed with zeros or not written.
    void (*pack_b)(float *dst, const ck_operand *b, size_t col, size_t cols, size_t p, size_t k);
} ck_product;

struct ck_microkernels {
    ck_isa isa;
    size_t lanes; // floats in a vector

    ck_product float32;  // of two float32 operands
    ck_product bfloat16; // of operands of which one at least is not float32

    // dst[p * ldd + j] = src[j * lds + p], j < cols <= panel_cols of float32, p < k; the vector
    // after the last column is completed with zeros.
    void (*transpose)(float *dst, size_t ldd, const float *src, size_t lds, size_t cols, size_t k);

    // out[n * ldo + i] = row `row` + i of the weight matrix times row n of the input, i < rows, n <
    // N. Each row is read from memory once for all N.
    void (*weight_product)(float *out, size_t ldo, const ck_matrix *weight, size_t row, size_t rows,
                           const ck_linear_input *inp, size_t N);
    // x (n) as int16 for weights in integer formats, see ck_linear_input.
    void (*quantize_input)(int16_t *words, float *scales, float *offsets, const float *x, size_t n);
    // out (n) = x rounded to bfloat16.
    void (*round_row)(uint16_t *out, const float *x, size_t n);
    // out (cols) = the weights of one row.
    void (*weight_row)(float *out, const ck_matrix *weight, size_t row);

    // out (C) = token + position, the two of a type each.
    void (*encoder_forward_row)(float *out, ck_array token, ck_array position, size_t C);
    void (*layernorm_forward_row)(ck_array out, float *mean, float *rstd, const float *inp,
                                  const float *weight, const float *bias, size_t C);
    void (*layernorm_backward_row)(float *dinp, float *dweight, float *dbias, const float *dout,
                                   const float *inp, const float *weight, float mean, float rstd,
                                   size_t C);
    void (*rmsnorm_forward_row)(float *out, const float *inp, const float *weight, float epsilon,
                                size_t C);
    // The pairs of each head of x (NH, HS) turned by rotations (HS): cosine, sine, cosine, ...
    void (*rope_row)(float *x, const float *rotations, size_t NH, size_t HS);
    void (*gelu_forward)(ck_array out, ck_array inp, size_t n);
    void (*gelu_backward)(float *dinp, ck_array inp, const float *dout, size_t n);
    // out = silu(gate) * up
    void (*swiglu_forward)(float *out, const float *gate, const float *up, size_t n);
    // out = a + b
    void (*add)(float *out, const float *a, const float *b, size_t n);
    // Softmax of a row of n logits: the maximum, and the sum of exp(x - maximum).
    void (*softmax_stats)(float *maximum, float *sum, const float *logits, size_t n);
    // out = exp(logits - offset) * scale
    void (*softmax_write)(float *out, const float *logits, float offset, float scale, size_t n);
    // A tile of attention scores, transposed: scores (keys, queries; ld), one query a lane. Key j
    // is visible to query i when j <= i + diagonal. Each `step` queries, a multiple of `lanes`, go
    // down to the last key that one of them sees; nothing below is read or written. Updates the
    // running maximum of the scaled scores and the sum (queries), turns the scores into exp(scale *
    // score - maximum), zero where invisible, and writes what earlier results must be multiplied
    // with into rescale (queries).
    void (*attention_softmax)(float *scores, size_t ld, float *maximum, float *sum, float *rescale,
                              float scale, size_t keys, size_t queries, ptrdiff_t diagonal,
                              size_t step);
    // For the same tile: scores become the probabilities P = exp(scale * score - lse), and grads,
    // which holds dP, becomes the gradient of the unscaled scores, P * (dP - dot) * scale.
    void (*attention_gradient)(float *scores, float *grads, size_t ld, const float *lse,
                               const float *dot, float scale, size_t keys, size_t queries,
                               ptrdiff_t diagonal, size_t step);
    // One query q (HS) over the first `visible` of keys and values (visible, HS), stored as float32
    // or bfloat16: out (HS).
    void (*attention_row)(float *out, const float *q, const void *keys, const void *values,
                          ck_element_type type, float scale, size_t visible, size_t HS);
    // dst (rows, cols) = src (rows, cols; lds) as floats.
    void (*load_rows)(float *dst, ck_array src, size_t lds, size_t rows, size_t cols);
    // dst (rows, cols; ldd) = src (rows, cols) multiplied row by row with factor (rows).
    void (*store_rows)(ck_array dst, size_t ldd, const float *src, const float *factor, size_t rows,
                       size_t cols);
    // x (rows, cols; ld) multiplied row by row with factor (rows).
    void (*scale_rows)(float *x, size_t ld, const float *factor, size_t rows, size_t cols);
    float (*dot)(const float *a, const float *b, size_t n);
    // working (n), unless NULL, receives the new params as bfloat16.
    void (*adamw)(float *params, const float *grads, float *m, float *v, uint16_t *working,
                  size_t n, const ck_adamw_config *config);
    double (*sum_of_squares)(const float *x, size_t n);
    // See simd/burst_simd.h.
    double (*fma_burst)(size_t iterations, float *sink);
    // The same with pairs of bfloat16, or NULL.
    double (*pair_burst)(size_t iterations, float *sink);
    // The sum of the words of x (n), read in 1, 2, 4 or 8 places at a time.
    uint32_t (*read_burst)(const uint32_t *x, size_t n, size_t streams);
};

const struct ck_microkernels *ck_avx2_microkernels(void);
const struct ck_microkernels *ck_avx512_microkernels(void);
const struct ck_microkernels *ck_avx512_bf16_microkernels(void);
const struct ck_microkernels *ck_neon_microkernels(void);
const struct ck_microkernels *ck_neon_bf16_microkernels(void);

#endif
