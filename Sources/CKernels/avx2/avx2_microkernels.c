// The micro-kernels of simd/ compiled for AVX2.
#include "../microkernels.h"

#if defined(__x86_64__)

// The attribute must come before the first vector type, or the types would be split.
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "avx2_vector.h"

#include "../simd/microkernels_simd.h"

#define ISA CK_AVX2
#define TABLE table
#define BFLOAT16_PRODUCT WIDENED_PRODUCT
#include "../simd/table_simd.h"

#pragma clang attribute pop

const struct ck_microkernels *ck_avx2_microkernels(void) { return &table; }

#else

const struct ck_microkernels *ck_avx2_microkernels(void) { return NULL; }

#endif
