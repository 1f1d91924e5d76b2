// The reference implementation of every operation in CKernels.h: plain loops, one idea a line. They
// are the oracle of the tests and what runs on a CPU without vector units. Sums are in double, but
// for those that are built up in an array of the caller's: the outputs of attention and the
// gradients of its inputs and of the embeddings. Each does what CKernels.h says of the function of
// the same name.
#ifndef REFERENCE_H
#define REFERENCE_H

#include "../microkernels.h"

void ck_reference_encoder_forward(const ck_context *ctx, float *out, const int32_t *tokens,
                                  const float *wte, const float *wpe, size_t B, size_t T, size_t C);

void ck_reference_encoder_backward(const ck_context *ctx, float *dwte, float *dwpe,
                                   const float *dout, const int32_t *tokens, size_t B, size_t T,
                                   size_t C);

void ck_reference_layernorm_forward(const ck_context *ctx, float *out, float *mean, float *rstd,
                                    const float *inp, const float *weight, const float *bias,
                                    size_t N, size_t C);

void ck_reference_layernorm_backward(const ck_context *ctx, float *dinp, float *dweight,
                                     float *dbias, const float *dout, const float *inp,
                                     const float *weight, const float *mean, const float *rstd,
                                     size_t N, size_t C);

void ck_reference_rmsnorm_forward(const ck_context *ctx, float *out, const float *inp,
                                  const float *weight, float epsilon, size_t N, size_t C);

void ck_reference_rope_forward(const ck_context *ctx, float *x, const float *rotations, size_t N,
                               size_t NH, size_t HS);

void ck_reference_matmul_forward(const ck_context *ctx, ck_array out, ck_array gelu_out,
                                 ck_array inp, ck_array weight, const float *bias,
                                 const float *residual, size_t N, size_t C, size_t OC);

void ck_reference_matmul_backward_input(const ck_context *ctx, float *dinp, const float *dout,
                                        ck_array weight, ck_array gelu_inp, size_t N, size_t C,
                                        size_t OC);

void ck_reference_matmul_backward_weight(const ck_context *ctx, float *dweight, float *dbias,
                                         const float *dout, ck_array inp, size_t N, size_t C,
                                         size_t OC, bool accumulate);

void ck_reference_linear_forward(const ck_context *ctx, const ck_linear *layers, size_t count,
                                 const float *inp, size_t N, size_t C);

void ck_reference_dequantize_rows(const ck_context *ctx, float *out, const ck_matrix *weight,
                                  const int32_t *rows, size_t count);

void ck_reference_attention_forward(const ck_context *ctx, float *out, float *lse, const float *qkv,
                                    size_t B, size_t T, size_t C, size_t NH);

void ck_reference_cached_attention(const ck_context *ctx,
                                   const ck_cached_attention_arguments *arguments);

void ck_reference_attention_backward(const ck_context *ctx, float *dqkv, const float *dout,
                                     const float *out, const float *qkv, const float *lse, size_t B,
                                     size_t T, size_t C, size_t NH);

void ck_reference_gelu_forward(const ck_context *ctx, float *out, const float *inp, size_t n);

void ck_reference_gelu_backward(const ck_context *ctx, float *dinp, const float *inp,
                                const float *dout, size_t n);

void ck_reference_swiglu_forward(const ck_context *ctx, float *out, const float *gate,
                                 const float *up, size_t n);

void ck_reference_residual_forward(const ck_context *ctx, float *out, const float *a,
                                   const float *b, size_t n);

void ck_reference_softmax_forward(const ck_context *ctx, float *probs, const float *logits,
                                  size_t N, size_t V, size_t Vp);

void ck_reference_crossentropy_forward(const ck_context *ctx, float *losses, const float *logits,
                                       const int32_t *targets, size_t N, size_t V, size_t Vp);

void ck_reference_crossentropy_forward_backward(const ck_context *ctx, float *losses, float *logits,
                                                const int32_t *targets, float dloss, size_t N,
                                                size_t V, size_t Vp);

void ck_reference_adamw(const ck_context *ctx, float *params, const float *grads, float *m,
                        float *v, size_t n, ck_adamw_config config);

double ck_reference_sum_of_squares(const ck_context *ctx, const float *x, size_t n);

#endif
