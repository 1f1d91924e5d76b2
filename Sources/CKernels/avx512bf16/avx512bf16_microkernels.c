// The micro-kernels of simd/ compiled for AVX-512 with its bfloat16 and VNNI instructions.
#include "../microkernels.h"

#if defined(__x86_64__)

// The attribute must stand before the first vector type: without it the types would be split.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,"           \
                                                   "avx512bf16,avx512vnni,fma"))),                 \
                             apply_to = function)

#include "avx512bf16_vector.h"

#define ISA CK_AVX512_BF16
#include "../simd/microkernels_simd.h"

#pragma clang attribute pop

const struct ck_microkernels *ck_avx512_bf16_microkernels(void) { return &table; }

#else

const struct ck_microkernels *ck_avx512_bf16_microkernels(void) { return NULL; }

#endif
