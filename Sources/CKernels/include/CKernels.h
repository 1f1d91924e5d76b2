// The kernels of Swiftlet: every operation of GPT-2 and of Llama 2, forward and backward. Arrays
// are float32 unless a comment gives them a type.
//
// This is the public header. It includes ck_machine.h, which says what operations run on, and
// ck_elements.h, which says how numbers are stored. A kernel knows floats, sizes and threads; it
// never allocates, prints, fails or learns what model it serves. The caller checks shapes
// (Tensors/Ops). Operations are called through a table, struct ck_operations: whether plain loops,
// a processor's vectors or a device do the work is chosen once.
//
// Dimension letters, as in llm.c: B batch size, T sequence length, C channels, V vocabulary size,
// Vp V padded, NH attention heads, NKH heads of keys and values, HS head size, OC output channels,
// N rows (often B * T). All arrays are dense and row-major, all sizes at least 1. "Overwritten" and
// "accumulated into" say what happens to an output. Unless a comment allows it, an output overlaps
// no other argument.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "ck_elements.h"
#include "ck_machine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- Operations ---------------------------------------------------------------------------------

// Every operation. Below, a function type of the same name describes each; the table at the end has
// a slot for it, and reference/ and parallel/ have a function each.
#define CK_OPERATIONS(OP)                                                                          \
    OP(encoder_forward)                                                                            \
    OP(encoder_backward)                                                                           \
    OP(layernorm_forward)                                                                          \
    OP(layernorm_backward)                                                                         \
    OP(rmsnorm_forward)                                                                            \
    OP(rmsnorm_backward)                                                                           \
    OP(rope_rotations)                                                                             \
    OP(rope_forward)                                                                               \
    OP(rope_backward)                                                                              \
    OP(matmul_forward)                                                                             \
    OP(matmul_backward_input)                                                                      \
    OP(matmul_backward_weight)                                                                     \
    OP(quantize)                                                                                   \
    OP(quantize_groups)                                                                            \
    OP(dequantize_rows)                                                                            \
    OP(linear_forward)                                                                             \
    OP(attention_forward)                                                                          \
    OP(attention_backward)                                                                         \
    OP(cached_attention)                                                                           \
    OP(attention_pattern)                                                                          \
    OP(gelu_forward)                                                                               \
    OP(gelu_backward)                                                                              \
    OP(exact_gelu_forward)                                                                         \
    OP(swiglu_forward)                                                                             \
    OP(swiglu_backward)                                                                            \
    OP(residual_forward)                                                                           \
    OP(dropout)                                                                                    \
    OP(scale_columns)                                                                              \
    OP(softmax_forward)                                                                            \
    OP(crossentropy_forward)                                                                       \
    OP(crossentropy_forward_backward)                                                              \
    OP(adamw)                                                                                      \
    OP(sum_of_squares)                                                                             \
    OP(fma_burst)                                                                                  \
    OP(bfloat16_burst)                                                                             \
    OP(stream_burst)                                                                               \
    OP(read_burst)

// ---- Embedding ----------------------------------------------------------------------------------

// out (B, T, C) overwritten: wte (V, C) row of each token plus wpe (maxT, C) row of its position,
// or only the former where wpe has no data. tokens (B, T), each in 0 ..< V; positions (B, T), each
// in 0 ..< maxT, or NULL: 0, 1, 2 ... in each sequence. wte and wpe have a type each.
typedef void ck_encoder_forward(const ck_context *ctx, float *out, const int32_t *tokens,
                                const int32_t *positions, ck_array wte, ck_array wpe, size_t B,
                                size_t T, size_t C);

// dwte (V, C) and, unless NULL, dwpe (maxT, C) accumulated into; dout (B, T, C), the others as
// above.
typedef void ck_encoder_backward(const ck_context *ctx, float *dwte, float *dwpe, const float *dout,
                                 const int32_t *tokens, const int32_t *positions, size_t B,
                                 size_t T, size_t C);

// ---- Layer normalization ------------------------------------------------------------------------

// out (N, C), of either type, mean (N), rstd (N) overwritten; inp (N, C), weight (C), bias (C).
// Epsilon 1e-5.
typedef void ck_layernorm_forward(const ck_context *ctx, ck_array out, float *mean, float *rstd,
                                  const float *inp, const float *weight, const float *bias,
                                  size_t N, size_t C);

// dinp (N, C), dweight (C), dbias (C) accumulated into; dweight and dbias may be NULL. dout, inp
// (N, C); mean, rstd (N) as the forward pass wrote them.
typedef void ck_layernorm_backward(const ck_context *ctx, float *dinp, float *dweight, float *dbias,
                                   const float *dout, const float *inp, const float *weight,
                                   const float *mean, const float *rstd, size_t N, size_t C);

// ---- RMS normalization --------------------------------------------------------------------------

// out (N, C), of either type, overwritten: inp (N, C) divided by the root of its row's mean square
// plus epsilon, times weight (C) (Zhang & Sennrich 2019). out may be inp. rstd (N), unless NULL,
// overwritten with the reciprocals of those roots.
typedef void ck_rmsnorm_forward(const ck_context *ctx, ck_array out, float *rstd, const float *inp,
                                const float *weight, float epsilon, size_t N, size_t C);

// dinp (N, C) and, unless NULL, dweight (C) accumulated into; dout, inp (N, C); rstd (N) as the
// forward pass wrote it.
typedef void ck_rmsnorm_backward(const ck_context *ctx, float *dinp, float *dweight,
                                 const float *dout, const float *inp, const float *weight,
                                 const float *rstd, size_t N, size_t C);

// ---- Rotary positions ---------------------------------------------------------------------------

// rotations (N, HS) overwritten: for each row the cosine and sine of positions[row] *
// frequencies[i], for i from 0 to HS / 2 - 1, one after the other. HS is even. Angles are computed
// in double.
typedef void ck_rope_rotations(const ck_context *ctx, float *rotations, const int32_t *positions,
                               const double *frequencies, size_t N, size_t HS);

// x, of either type, in place: N rows, ld elements apart, whose first NH * HS elements are turned.
// Each pair (2i, 2i + 1) of each head is turned by pair i of the row's rotations (N, HS) (Su et al.
// 2021, "RoFormer").
typedef void ck_rope_forward(const ck_context *ctx, ck_array x, size_t ld, const float *rotations,
                             size_t N, size_t NH, size_t HS);

// dx in place, rows as in ck_rope_forward: turned by the opposite angles, as the backward pass of a
// rotation requires.
typedef void ck_rope_backward(const ck_context *ctx, float *dx, size_t ld, const float *rotations,
                              size_t N, size_t NH, size_t HS);

// ---- Linear layer -------------------------------------------------------------------------------

// Activations are float32 or bfloat16, weights of any type. Sums are float32. Products of two
// float32 operands are exact to float32; where an operand has another type and the processor
// multiplies bfloat16, the other is rounded to it (see docs/numerics.md).

// The largest C of a layer whose output is bfloat16.
#define CK_MAX_ROUNDED_SUM ((size_t)1 << 16)

// out (N, OC) overwritten: inp (N, C) times weight (OC, C) transposed, plus bias (OC) unless NULL,
// plus residual (N, OC) unless NULL. When gelu_out (N, OC) has data it receives gelu(out), of out
// as it is stored.
typedef void ck_matmul_forward(const ck_context *ctx, ck_array out, ck_array gelu_out, ck_array inp,
                               const ck_matrix *weight, const float *bias, const float *residual,
                               size_t N);

// dinp (N, C): dout (N, OC) times weight (OC, C), overwritten or, when accumulate is true, added to
// dinp. When gelu_inp (N, C) has data the result is then multiplied by gelu'(gelu_inp):
// backpropagation through a GELU that fed this layer.
typedef void ck_matmul_backward_input(const ck_context *ctx, float *dinp, const float *dout,
                                      const ck_matrix *weight, ck_array gelu_inp, size_t N,
                                      bool accumulate);

// dweight (OC, C): dout (N, OC) transposed times inp (N, C), accumulated into or, when accumulate
// is false, overwritten. dbias (OC) unless NULL: the column sums of dout, always accumulated into.
typedef void ck_matmul_backward_weight(const ck_context *ctx, float *dweight, float *dbias,
                                       const float *dout, ck_array inp, size_t N, size_t C,
                                       size_t OC, bool accumulate);

// ---- Weight matrices for inference --------------------------------------------------------------

// values and scales (planes as in ck_elements.h) overwritten with src (rows, cols) as `type`:
// bfloat16 and float16 rounded to nearest, ties to even; blocks as ggml defines them, to the bit. A
// block that holds NaN or infinity has a scale of NaN.
typedef void ck_quantize(const ck_context *ctx, ck_element_type type, void *values, void *scales,
                         const float *src, size_t rows, size_t cols);

// values (groups * size) and scales (groups) overwritten with src (groups, size) as llama2.c stores
// it: the scale makes the largest magnitude of a group 127, and halves round to even. A NaN makes
// the scale NaN; where the scale is not a float above 0, the values are 0.
typedef void ck_quantize_groups(const ck_context *ctx, int8_t *values, float *scales,
                                const float *src, size_t groups, size_t size);

// out (count, cols) overwritten with the rows rows[0], rows[1], ... of the matrix, exactly.
typedef void ck_dequantize_rows(const ck_context *ctx, float *out, const ck_matrix *weight,
                                const int32_t *rows, size_t count);

// One of the layers that ck_linear_forward applies to the same input.
typedef struct {
    float *out;              // (N, OC) overwritten
    const ck_matrix *weight; // (OC, C)
    const float *bias;       // (OC), or NULL
    const float *residual;   // (N, OC), or NULL
    bool gelu;               // whether out is gelu of the sum
} ck_linear;

// The most rows of input for which ck_linear_forward reads the weights in place.
size_t ck_linear_few_rows(void);

// For each of `count` layers: out = inp (N, C) times weight transposed, plus bias, plus residual,
// then GELU where asked for. Several layers in one call share a team of threads, which pays off for
// small ones. Sums are float32. With few rows, weights are used exactly as stored, and for integer
// formats the input is rounded to 16 bits, by at most 2^-16 of the largest value in its block of 32
// (a block that holds NaN or infinity gives NaN). With more rows nothing is rounded unless
// ck_products says so: then the input and the weights are rounded to bfloat16, except where the
// weights are float32. The same bits for any number of threads.
typedef void ck_linear_forward(const ck_context *ctx, const ck_linear *layers, size_t count,
                               const float *inp, size_t N, size_t C);

// ---- Attention ----------------------------------------------------------------------------------

// What attention over whole sequences reads: q, k and v of one type, rows of (B, T) that are ld_q,
// ld_k and ld_v elements apart; head h of each owns HS columns from h * HS on.
typedef struct {
    ck_array q, k, v;
    size_t ld_q, ld_k, ld_v;
    size_t B, T;
    size_t NH, NKH, HS; // NH a multiple of NKH: NH / NKH query heads share each head of keys
    // For sequences of several documents, which must not see each other, the first position that
    // each row may see: (B, T), each at most its own position and never less than the previous
    // row's. NULL when all rows see everything up to their own position.
    const int32_t *starts;
    // The probability of dropping an attention weight, at least 0 and less than 1; those kept are
    // multiplied by 1 / (1 - dropout), as float32. The weight of position s for query t of head h
    // and sequence b is decided by column s of row ((first_sequence + b) * NH + h) * T + t of the
    // key's numbers (dropout.h).
    float dropout;
    uint64_t dropout_key;
    size_t first_sequence; // index of the first of the B sequences within the whole batch
} ck_attention_inputs;

// Causal multi-head attention with a running softmax (Dao et al. 2022, "FlashAttention"): nothing
// of size T x T exists. out (B, T, NH * HS), of the type of q, and lse (B, NH, T) overwritten; lse
// is the logarithm of each row's softmax denominator, before dropout. If q is bfloat16 and
// ck_products.rounds is set, probabilities are rounded to bfloat16 before they are multiplied with
// v.
typedef void ck_attention_forward(const ck_context *ctx, ck_array out, float *lse,
                                  const ck_attention_inputs *inputs);

// The gradients of q, k and v: rows ld_q, ld_k and ld_v floats apart.
typedef struct {
    float *dq, *dk, *dv;
    size_t ld_q, ld_k, ld_v;
} ck_attention_gradients;

// dq, dk and dv overwritten; dout (B, T, NH * HS); out, lse and inputs as in the forward pass.
// Where the forward pass rounds, so does this: probabilities, their gradients and dout before
// products. The same bits for any number of threads.
typedef void ck_attention_backward(const ck_context *ctx, const ck_attention_gradients *gradients,
                                   const float *dout, ck_array out, const float *lse,
                                   const ck_attention_inputs *inputs);

// One sequence's share of a call of ck_cached_attention: its new tokens and its cache of one layer.
typedef struct {
    size_t row, count;   // its rows of q, k, v and out
    size_t silent;       // the first of these only store; their rows of out stay as they are
    size_t past;         // positions whose keys and values are already in the cache
    size_t capacity;     // positions that fit, at least past + count
    void *keys, *values; // (NKH, capacity, HS) of the cache's type
} ck_cache_part;

// Rows of q, k and v are ld_q, ld_k and ld_v floats apart; head h of each owns HS columns from
// h * HS on.
typedef struct {
    float *out; // (N, NH * HS) overwritten
    const float *q, *k, *v;
    size_t ld_q, ld_k, ld_v;
    const ck_cache_part *parts; // no two of the same sequence
    size_t count;               // of parts
    ck_element_type cache_type; // CK_FLOAT32, or CK_BFLOAT16: rounded to nearest, ties to even
    size_t NH, NKH, HS; // NH a multiple of NKH: NH / NKH query heads share each head of keys
} ck_cached_attention_arguments;

// Stores k and v of new tokens in their sequence's cache, starting at position `past`; each new
// token then attends to all positions up to its own. The same bits for any number of threads,
// whatever the other parts are.
typedef void ck_cached_attention(const ck_context *ctx,
                                 const ck_cached_attention_arguments *arguments);

// Some new tokens of one sequence, and a layer's cached keys of those tokens and the ones before.
typedef struct {
    float *out;     // (NH, count, past + count) overwritten
    const float *q; // of the new tokens: rows of NH * HS columns, ld_q floats apart
    size_t ld_q;
    ck_array keys; // (NKH, capacity, HS), of which the first past + count positions are used
    size_t count, past, capacity;
    size_t NH, NKH, HS; // NH a multiple of NKH, as in ck_cached_attention
} ck_attention_pattern_arguments;

// How much each new token attends to each position: for head h and new token t, the softmax of q .
// key / sqrt(HS) over the positions up to its own, past + t, and 0 after them. ck_cached_attention
// must have stored the keys. Denominators are summed in double, so rows sum to 1 within 2^-22,
// however long. The same bits for any number of threads.
typedef void ck_attention_pattern(const ck_context *ctx,
                                  const ck_attention_pattern_arguments *arguments);

// ---- Elementwise --------------------------------------------------------------------------------

// out (n) overwritten with GELU(inp), the tanh form of Hendrycks & Gimpel 2016. out and inp have a
// type each; if it is the same, they may be the same array.
typedef void ck_gelu_forward(const ck_context *ctx, ck_array out, ck_array inp, size_t n);

// dinp (n) overwritten with dout * gelu'(inp); inp has a type. dinp may be dout.
typedef void ck_gelu_backward(const ck_context *ctx, float *dinp, ck_array inp, const float *dout,
                              size_t n);

// out (n) overwritten with GELU(inp), the exact form: x (1 + erf(x / sqrt(2))) / 2. out may be inp.
typedef void ck_exact_gelu_forward(const ck_context *ctx, float *out, const float *inp, size_t n);

// out (n) overwritten with silu(gate) * up, where silu(x) = x / (1 + e^-x) (Shazeer 2020). gate and
// up have one type, out may have another; if it is the same, out may be gate or up.
typedef void ck_swiglu_forward(const ck_context *ctx, ck_array out, ck_array gate, ck_array up,
                               size_t n);

// dgate (n) overwritten with dout * up * silu'(gate), dup (n) with dout * silu(gate); gate and up
// have one type. dgate or dup may be dout.
typedef void ck_swiglu_backward(const ck_context *ctx, float *dgate, float *dup, ck_array gate,
                                ck_array up, const float *dout, size_t n);

// out (n) overwritten with a + b. out may be a or b.
typedef void ck_residual_forward(const ck_context *ctx, float *out, const float *a, const float *b,
                                 size_t n);

// The row length of dropout's numbers: element i of an array is column i % CK_DROPOUT_ROW of row i
// / CK_DROPOUT_ROW.
#define CK_DROPOUT_ROW ((size_t)1 << 16)

// out (n) overwritten with inp times 1 / (1 - rate), as float32, or times 0 where dropped, plus
// residual (n) unless NULL (Srivastava et al. 2014). rate, at least 0 and less than 1, is the
// probability of a drop, which the key and the element's number decide; inp starts with element
// number `first`. The same key gives the same choice for any number of threads and on every
// instruction set. out may be inp or residual.
typedef void ck_dropout(const ck_context *ctx, float *out, const float *inp, const float *residual,
                        float rate, uint64_t key, uint64_t first, size_t n);

// x in place: the first n columns of N rows, ld floats apart, multiplied by `factor`. A factor of 0
// turns everything into 0, NaN and infinity too.
typedef void ck_scale_columns(const ck_context *ctx, float *x, size_t ld, float factor, size_t N,
                              size_t n);

// ---- Softmax and loss ---------------------------------------------------------------------------

// probs (N, Vp) overwritten: softmax of each row of logits (N, Vp) over its first V columns, zero
// in the rest. May be in place.
typedef void ck_softmax_forward(const ck_context *ctx, float *probs, const float *logits, size_t N,
                                size_t V, size_t Vp);

// losses (N) overwritten: -log softmax(logits)[target] over the first V columns; targets in 0 ..<
// V.
typedef void ck_crossentropy_forward(const ck_context *ctx, float *losses, const float *logits,
                                     const int32_t *targets, size_t N, size_t V, size_t Vp);

// The same losses; logits (N, Vp) are replaced by their gradient, (softmax - onehot) * dloss, and
// by zero in the padding.
typedef void ck_crossentropy_forward_backward(const ck_context *ctx, float *losses, float *logits,
                                              const int32_t *targets, float dloss, size_t N,
                                              size_t V, size_t Vp);

// ---- Optimizer ----------------------------------------------------------------------------------

typedef struct {
    float learning_rate;
    float beta1, beta2, epsilon;
    float weight_decay;
    float bias_correction1; // 1 - beta1^step
    float bias_correction2; // 1 - beta2^step
    float grad_scale;       // multiplies every gradient: clipping
} ck_adamw_config;

// One step of AdamW (Loshchilov & Hutter 2019) in a single pass: params, m, v (n) updated in place.
// working (n), unless NULL, is overwritten with the new parameters rounded to bfloat16.
typedef void ck_adamw(const ck_context *ctx, float *params, const float *grads, float *m, float *v,
                      uint16_t *working, size_t n, ck_adamw_config config);

// The sum of squares of x (n), accumulated in double over fixed chunks: the same bits for any
// number of threads. NaN and infinity propagate.
typedef double ck_sum_of_squares(const ck_context *ctx, const float *x, size_t n);

// ---- Limits of the machine ----------------------------------------------------------------------

// Multiply-adds on registers alone, on every thread. Returns the number of floating-point
// operations, 0 where there are no vectors to measure.
typedef double ck_fma_burst(const ck_context *ctx, size_t iterations);

// The same for the instructions that multiply bfloat16.
typedef double ck_bfloat16_burst(const ck_context *ctx, size_t iterations);

// a, b, c (n) each increased by d (n): four reads and three writes per element, as in AdamW, and
// hardly any arithmetic.
typedef void ck_stream_burst(const ck_context *ctx, float *a, float *b, float *c, const float *d,
                             size_t n);

// Reads `bytes` at x (a multiple of 64) once, and returns the sum of its 32-bit words. Each thread
// reads its part in `streams` places at a time: 1, 2, 4 or 8.
typedef uint32_t ck_read_burst(const ck_context *ctx, const void *x, size_t bytes, int streams);

// ---- The table ----------------------------------------------------------------------------------

struct ck_operations {
#define CK_SLOT(name) ck_##name *name;
    CK_OPERATIONS(CK_SLOT)
#undef CK_SLOT
};

#endif
