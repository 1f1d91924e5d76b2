// Every micro-kernel that the table holds under its own name: MICROKERNEL(result, name, arguments).
// microkernels.h makes a slot for each, and simd/table_simd.h fills it with the function of that
// name, so this file has no guard against being included twice.

// dst[p * ldd + j] = src[j * lds + p], j < cols <= panel_cols of float32, p < k; the last vector is
// padded with zeros.
MICROKERNEL(void, transpose, float *dst, size_t ldd, const float *src, size_t lds, size_t cols,
            size_t k)

// out[n * ldo + i] = row `row` + i of the weight matrix times row n of the input, i < rows, n < N.
// Each row is read from memory once for all N.
MICROKERNEL(void, weight_product, float *out, size_t ldo, const ck_matrix *weight, size_t row,
            size_t rows, const ck_linear_input *inp, size_t N)
// x (n) as int16 for weights in integer formats, see ck_linear_input; pairs may be NULL.
MICROKERNEL(void, quantize_input, int16_t *words, uint8_t *bytes, int16_t *pairs, float *scales,
            float *offsets, const float *x, size_t n)
// out (n) = x rounded to bfloat16.
MICROKERNEL(void, round_row, uint16_t *out, const float *x, size_t n)
// out (cols) = the weights of one row.
MICROKERNEL(void, weight_row, float *out, const ck_matrix *weight, size_t row)

// out (C) = token + position, each with its own type.
MICROKERNEL(void, encoder_forward_row, float *out, ck_array token, ck_array position, size_t C)
// A row of ck_layernorm_forward: out (C), the mean and 1 / deviation of inp (C); weight, bias (C).
MICROKERNEL(void, layernorm_forward_row, ck_array out, float *mean, float *rstd, const float *inp,
            const float *weight, const float *bias, size_t C)
// A row of ck_layernorm_backward: dinp, dweight, dbias (C) accumulated into; dout, inp, weight (C).
MICROKERNEL(void, layernorm_backward_row, float *dinp, float *dweight, float *dbias,
            const float *dout, const float *inp, const float *weight, float mean, float rstd,
            size_t C)
// A row of ck_rmsnorm_forward; returns its rstd.
MICROKERNEL(float, rmsnorm_forward_row, ck_array out, const float *inp, const float *weight,
            float epsilon, size_t C)
// A row of ck_rmsnorm_backward: dinp, dweight (C) accumulated into; dout, inp, weight (C).
MICROKERNEL(void, rmsnorm_backward_row, float *dinp, float *dweight, const float *dout,
            const float *inp, const float *weight, float rstd, size_t C)
// The pairs of each head of x (NH, HS) turned by rotations (HS): cosine, sine, cosine, ...
MICROKERNEL(void, rope_row, ck_array x, const float *rotations, size_t NH, size_t HS)
// The same, turned the other way.
MICROKERNEL(void, rope_backward_row, float *dx, const float *rotations, size_t NH, size_t HS)
MICROKERNEL(void, gelu_forward, ck_array out, ck_array inp, size_t n)
MICROKERNEL(void, gelu_backward, float *dinp, ck_array inp, const float *dout, size_t n)
MICROKERNEL(void, exact_gelu_forward, float *out, const float *inp, size_t n)
// out = silu(gate) * up, gate and up have one type
MICROKERNEL(void, swiglu_forward, ck_array out, ck_array gate, ck_array up, size_t n)
// dgate and dup from dout, gate and up have one type
MICROKERNEL(void, swiglu_backward, float *dgate, float *dup, ck_array gate, ck_array up,
            const float *dout, size_t n)
// out = a + b
MICROKERNEL(void, add, float *out, const float *a, const float *b, size_t n)
// Elements column ..< column + n of a row of dropout: out = inp, each kept or dropped, plus
// residual unless NULL.
MICROKERNEL(void, dropout, float *out, const float *inp, const float *residual, size_t n,
            dropout_seed seed, size_t column, float rate)
// Softmax of a row of n logits: the maximum, and the sum of exp(x - maximum).
MICROKERNEL(void, softmax_stats, float *maximum, float *sum, const float *logits, size_t n)
// out = exp(logits - offset) * scale
MICROKERNEL(void, softmax_write, float *out, const float *logits, float offset, float scale,
            size_t n)
// The scores of a tile; rows of `scores` are ld apart. Updates the running maximum of the scaled
// scores and the sum (queries), turns the scores into exp(scale * score - maximum), zero where
// invisible, applies dropout, and writes into rescale (queries) what earlier results must be
// multiplied by.
MICROKERNEL(void, attention_softmax, const ck_attention_tile *tile, float *scores, size_t ld,
            float *maximum, float *sum, float *rescale, float scale)
// For the same tile: scores become the probabilities P = exp(scale * score - lse), and grads, which
// holds dP, becomes the gradient of the unscaled scores, P * (dP - dot) * scale. With dropout,
// which multiplies P by `kept`, grads holds the gradient of P * kept: scores become P * kept, and
// grads P * (dP * kept - dot) * scale.
MICROKERNEL(void, attention_gradient, const ck_attention_tile *tile, float *scores, float *grads,
            size_t ld, const float *lse, const float *dot, float scale)
// One query q (HS) over the first `visible` of keys and values (visible, HS), stored as float32 or
// bfloat16: out (HS).
MICROKERNEL(void, attention_row, float *out, const float *q, const void *keys, const void *values,
            ck_element_type type, float scale, size_t visible, size_t HS)
// The softmax of scale * (q . key) over the first `visible` keys: out (visible).
MICROKERNEL(void, attention_weights, float *out, const float *q, const void *keys,
            ck_element_type type, float scale, size_t visible, size_t HS)
// dst (rows, cols) = src (rows, cols; lds) as floats.
MICROKERNEL(void, load_rows, float *dst, ck_array src, size_t lds, size_t rows, size_t cols)
// dst (rows, cols; ldd) = src (rows, cols) multiplied row by row with factor (rows).
MICROKERNEL(void, store_rows, ck_array dst, size_t ldd, const float *src, const float *factor,
            size_t rows, size_t cols)
// x (rows, cols; ld) multiplied row by row with factor (rows).
MICROKERNEL(void, scale_rows, float *x, size_t ld, const float *factor, size_t rows, size_t cols)
MICROKERNEL(float, dot, const float *a, const float *b, size_t n)
// working (n), unless NULL, receives the new params as bfloat16.
MICROKERNEL(void, adamw, float *params, const float *grads, float *m, float *v, uint16_t *working,
            size_t n, const ck_adamw_config *config)
MICROKERNEL(double, sum_of_squares, const float *x, size_t n)
// The sum of the words of x (n), read in 1, 2, 4 or 8 places at a time.
MICROKERNEL(uint32_t, read_burst, const uint32_t *x, size_t n, size_t streams)
