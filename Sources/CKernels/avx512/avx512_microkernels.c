// The micro-kernels of simd/ compiled for AVX-512.
#include "../microkernels.h"

#if defined(__x86_64__)

// The attribute must come before the first vector type, or the types would be split.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))),    \
                             apply_to = function)

#include "avx512_vector.h"

#include "../simd/microkernels_simd.h"

#define ISA CK_AVX512
#define TABLE table
#define BFLOAT16_PRODUCT WIDENED_PRODUCT
#include "../simd/table_simd.h"

#pragma clang attribute pop

const struct ck_microkernels *ck_avx512_microkernels(void) { return &table; }

#else

const struct ck_microkernels *ck_avx512_microkernels(void) { return NULL; }

#endif
