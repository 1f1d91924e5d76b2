// The kernels of Swiftlet: every operation of GPT-2 and of Llama 2, forward and backward. Arrays
// are float32 unless a comment says that they have a type.
//
// This is the public header. ck_machine.h, which it includes, has what operations run on, and
// ck_elements.h how numbers are stored. A kernel knows floats, sizes and threads; it never
// allocates, prints, fails or learns what model it serves. Checking shapes is the caller's part
// (Tensors/Ops). Operations are called through a table, struct ck_operations: plain loops, a
// processor's vectors or a device are one choice, made once.
//
// Dimension letters, as in llm.c: B batch size, T sequence length, C channels, V vocabulary size,
// Vp V padded, NH attention heads, NKH those of keys and values, HS head size, OC output channels,
// N rows (often B * T).
// All arrays are dense and row-major, all sizes at least 1. "Overwritten" and "accumulated into"
// say what happens to an output. Unless a comment allows it, an output overlaps no other argument.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "ck_elements.h"
#include "ck_machine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- Operations ---------------------------------------------------------------------------------

// Every operation there is. Below, each is described by a function type of its name. The table at
// the end has a slot for each of them, and reference/ and parallel/ have a function each.
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
// or the former alone where wpe has no data. tokens (B, T), each in 0 ..< V; positions (B, T), each
// in 0 ..< maxT, or NULL: 0, 1, 2 ... in each sequence. wte and wpe have a type each.
typedef void ck_encoder_forward(const ck_context *ctx, float *out, const int32_t *tokens,
                                const int32_t *positions, ck_array wte, ck_array wpe, size_t B,
                                size_t T, size_t C);

// dwte (V, C) and, unless NULL, dwpe (maxT, C) accumulated into; dout (B, T, C), the rest as above.
typedef void ck_encoder_backward(const ck_context *ctx, float *dwte, float *dwpe, const float *dout,
                                 const int32_t *tokens, const int32_t *positions, size_t B,
                                 size_t T, size_t C);

// ---- Layer normalisation ------------------------------------------------------------------------

// out (N, C), of either type, mean (N), rstd (N) overwritten; inp (N, C), weight (C), bias (C).
// Epsilon 1e-5.
typedef void ck_layernorm_forward(const ck_context *ctx, ck_array out, float *mean, float *rstd,
                                  const float *inp, const float *weight, const float *bias,
                                  size_t N, size_t C);

// dinp (N, C), dweight (C), dbias (C) accumulated into, of which dweight and dbias may be NULL;
// dout, inp (N, C); mean, rstd (N) as the forward pass wrote them.
typedef void ck_layernorm_backward(const ck_context *ctx, float *dinp, float *dweight, float *dbias,
                                   const float *dout, const float *inp, const float *weight,
                                   const float *mean, const float *rstd, size_t N, size_t C);

// ---- RMS normalisation --------------------------------------------------------------------------

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

// dx in place, rows as in ck_rope_forward: turned back, which is what a gradient is multiplied
// with on its way through a rotation.
typedef void ck_rope_backward(const ck_context *ctx, float *dx, size_t ld, const float *rotations,
                              size_t N, size_t NH, size_t HS);

// ---- Linear layer -------------------------------------------------------------------------------

// Activations are float32 or bfloat16, weights of any type. Sums are float32. Products of two
// float32 are exact to float32; with another type among them, what is not bfloat16 is rounded to it
// where the processor multiplies that (see docs/numerics.md).

// C of a layer whose output is bfloat16 is at most this.
#define CK_MAX_ROUNDED_SUM ((size_t)1 << 16)

// out (N, OC) overwritten: inp (N, C) times weight (OC, C) transposed, plus bias (OC) unless NULL,
// plus residual (N, OC) unless NULL. When gelu_out (N, OC) has data it receives gelu(out), of out
// as it is stored.
typedef void ck_matmul_forward(const ck_context *ctx, ck_array out, ck_array gelu_out, ck_array inp,
                               const ck_matrix *weight, const float *bias, const float *residual,
                               size_t N);

// dinp (N, C): dout (N, OC) times weight (OC, C), overwritten or, when accumulate is true, added
// to what dinp holds. When gelu_inp (N, C) has data the result is then multiplied by
// gelu'(gelu_inp): backpropagation through a GELU that fed this layer.
typedef void ck_matmul_backward_input(const ck_context *ctx, float *dinp, const float *dout,
                                      const ck_matrix *weight, ck_array gelu_inp, size_t N,
                                      bool accumulate);

// dweight (OC, C): dout (N, OC) transposed times inp (N, C), accumulated into or, when accumulate
// is false, overwritten. dbias (OC) unless NULL: the column sums of dout, always accumulated into.
typedef void ck_matmul_backward_weight(const ck_context *ctx, float *dweight, float *dbias,
                                       const float *dout, ck_array inp, size_t N, size_t C,
                                       size_t OC, bool accumulate);

// ---- Weight matrices for inference --------------------------------------------------------------

// values and scales (planes as above) overwritten with src (rows, cols) as `type`: bfloat16
// and float16 rounded to nearest, ties to even; blocks as ggml defines them, to the bit. A block
// that holds NaN or infinity has a scale of NaN.
typedef void ck_quantize(const ck_context *ctx, ck_element_type type, void *values, void *scales,
                         const float *src, size_t rows, size_t cols);

// values (groups * size) and scales (groups) overwritten with src (groups, size) as llama2.c stores
// it: the scale makes the largest magnitude of a group 127, and halves round to even. What is NaN
// makes the scale NaN; where the scale is no number above 0 that floats have, values are 0.
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

// Rows of input up to which ck_linear_forward reads the weights where they are.
size_t ck_linear_few_rows(void);

// For each of `count` layers: out = inp (N, C) times weight transposed, plus bias, plus residual,
// then GELU where asked for. Several layers in one call share a team of threads, which pays for
// small ones. Sums are float32. For few rows weights count exactly as stored, and for integer
// formats the input is rounded to 16 bits, by at most 2^-16 of the largest of its block of 32 (a
// block that holds NaN or infinity makes NaN). For more rows nothing is rounded, but where
// ck_products says so: there the input and the weights are rounded to bfloat16, unless the weights
// are float32. The same bits for any number of threads.
typedef void ck_linear_forward(const ck_context *ctx, const ck_linear *layers, size_t count,
                               const float *inp, size_t N, size_t C);

// ---- Attention ----------------------------------------------------------------------------------

// What attention over whole sequences reads: q, k and v of one type, rows of (B, T) that are ld_q,
// ld_k and ld_v elements apart; head h of each owns HS columns from h * HS on.
typedef struct {
    ck_array q, k, v;
    size_t ld_q, ld_k, ld_v;
    size_t B, T;
    size_t NH, NKH, HS; // NH a multiple of NKH: so many query heads share a head of keys and values
    // The first position that each row may see, where a sequence holds documents that must not see
    // each other: (B, T), each at most its own position and never less than that of the row before;
    // or NULL, where all of them see everything up to their own.
    const int32_t *starts;
    // How likely a probability is dropped, at least 0 and less than 1: those kept are multiplied
    // with 1 / (1 - dropout), as float32. That of position s for query t of head h and sequence b
    // is column s of row ((first_sequence + b) * NH + h) * T + t of the key's numbers (dropout.h).
    float dropout;
    uint64_t dropout_key;
    size_t first_sequence; // the number of the first of the B sequences, where they are a part
} ck_attention_inputs;

// Causal multi-head attention with a running softmax (Dao et al. 2022, "FlashAttention"): nothing
// of size T x T exists. out (B, T, NH * HS), of the type of q, and lse (B, NH, T) overwritten; lse
// is the logarithm of each row's softmax denominator, of which nothing is dropped. If q is bfloat16
// and ck_products.rounds is set, probabilities are rounded to bfloat16 on their way into the
// product with v.
typedef void ck_attention_forward(const ck_context *ctx, ck_array out, float *lse,
                                  const ck_attention_inputs *inputs);

// The gradients of q, k and v: rows ld_q, ld_k and ld_v floats apart.
typedef struct {
    float *dq, *dk, *dv;
    size_t ld_q, ld_k, ld_v;
} ck_attention_gradients;

// dq, dk and dv overwritten; dout (B, T, NH * HS); out, lse and inputs as in the forward pass.
// Where that rounds, so does this: probabilities, their gradients and dout, on their way into
// products. The same bits for any number of threads.
typedef void ck_attention_backward(const ck_context *ctx, const ck_attention_gradients *gradients,
                                   const float *dout, ck_array out, const float *lse,
                                   const ck_attention_inputs *inputs);

// What one sequence brings to ck_cached_attention: some new tokens, and its cache of one layer.
typedef struct {
    size_t row, count;   // its rows of q, k, v and out
    size_t silent;       // of these, the first ones that only store: their rows of out stay as is
    size_t past;         // positions whose keys and values the cache holds already
    size_t capacity;     // positions there is room for, at least past + count
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
    size_t NH, NKH, HS; // NH a multiple of NKH: so many query heads share a head of keys and values
} ck_cached_attention_arguments;

// Stores k and v of new tokens in their sequence's cache, from position `past` on; each new token
// then attends to all positions up to its own. The same bits for any number of threads and whatever
// the other parts are.
typedef void ck_cached_attention(const ck_context *ctx,
                                 const ck_cached_attention_arguments *arguments);

// Some new tokens of one sequence, and the keys of a layer that its cache holds of them and of the
// tokens before.
typedef struct {
    float *out;     // (NH, count, past + count) overwritten
    const float *q; // of the new tokens: rows of NH * HS columns, ld_q floats apart
    size_t ld_q;
    ck_array keys; // (NKH, capacity, HS), of which the first past + count positions count
    size_t count, past, capacity;
    size_t NH, NKH, HS; // NH a multiple of NKH, as in ck_cached_attention
} ck_attention_pattern_arguments;

// How much each new token attends to each position: of head h and new token t the softmax of
// q . key / sqrt(HS) over the positions up to its own, past + t, and 0 after them.
// ck_cached_attention has stored the keys. Denominators are summed in double, so rows sum to 1
// within 2^-22, however long. The same bits for any number of threads.
typedef void ck_attention_pattern(const ck_context *ctx,
                                  const ck_attention_pattern_arguments *arguments);

// ---- Elementwise --------------------------------------------------------------------------------

// out (n) overwritten with GELU(inp), the tanh form of Hendrycks & Gimpel 2016. out and inp have a
// type each; where it is the same, they may be the same array.
typedef void ck_gelu_forward(const ck_context *ctx, ck_array out, ck_array inp, size_t n);

// dinp (n) overwritten with dout * gelu'(inp); inp has a type. dinp may be dout.
typedef void ck_gelu_backward(const ck_context *ctx, float *dinp, ck_array inp, const float *dout,
                              size_t n);

// out (n) overwritten with GELU(inp), the exact form: x (1 + erf(x / sqrt(2))) / 2. out may be inp.
typedef void ck_exact_gelu_forward(const ck_context *ctx, float *out, const float *inp, size_t n);

// out (n) overwritten with silu(gate) * up, where silu(x) = x / (1 + e^-x) (Shazeer 2020). gate and
// up are of one type, out has its own; where it is the same, out may be gate or up.
typedef void ck_swiglu_forward(const ck_context *ctx, ck_array out, ck_array gate, ck_array up,
                               size_t n);

// dgate (n) overwritten with dout * up * silu'(gate), dup (n) with dout * silu(gate); gate and up
// of one type. dgate or dup may be dout.
typedef void ck_swiglu_backward(const ck_context *ctx, float *dgate, float *dup, ck_array gate,
                                ck_array up, const float *dout, size_t n);

// out (n) overwritten with a + b. out may be a or b.
typedef void ck_residual_forward(const ck_context *ctx, float *out, const float *a, const float *b,
                                 size_t n);

// Elements of a row of numbers that dropout is decided by: element i of an array is column
// i % CK_DROPOUT_ROW of row i / CK_DROPOUT_ROW.
#define CK_DROPOUT_ROW ((size_t)1 << 16)

// out (n) overwritten with inp times 1 / (1 - rate), as float32, or times 0 where it is dropped,
// plus residual (n) unless NULL (Srivastava et al. 2014). rate is at least 0 and less than 1: how
// likely an element is dropped, which the key and its number decide; inp starts with element number
// `first`. The same key gives the same choice for any number of threads and on every instruction
// set. out may be inp or residual.
typedef void ck_dropout(const ck_context *ctx, float *out, const float *inp, const float *residual,
                        float rate, uint64_t key, uint64_t first, size_t n);

// x in place: of N rows, ld floats apart, the first n columns multiplied with `factor`. A factor of
// 0 makes 0 of everything, NaN and infinity too.
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

// ---- Optimiser ----------------------------------------------------------------------------------

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

// Multiply-adds on registers alone, on every thread. Returns the floating-point operations done: 0
// where there are no vectors to measure.
typedef double ck_fma_burst(const ck_context *ctx, size_t iterations);

// The same with what multiplies bfloat16.
typedef double ck_bfloat16_burst(const ck_context *ctx, size_t iterations);

// a, b, c (n) each increased by d (n): four reads and three writes an element, as in AdamW, and no
// arithmetic to speak of.
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
