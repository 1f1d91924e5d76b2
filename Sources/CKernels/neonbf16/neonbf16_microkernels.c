// The micro-kernels of simd/ compiled for NEON with its bfloat16 and int8 instructions.
#include "../microkernels.h"

#if defined(__aarch64__)

// The attribute must come before the first vector type, or the types would be split.
#pragma clang attribute push(__attribute__((target("bf16,i8mm,dotprod"))), apply_to = function)

#include "neonbf16_vector.h"

#include "../simd/microkernels_simd.h"

#define ISA CK_NEON_BF16
#define TABLE table
#define BFLOAT16_PRODUCT PAIR_PRODUCT
#include "../simd/table_simd.h"

#pragma clang attribute pop

const struct ck_microkernels *ck_neon_bf16_microkernels(void) { return &table; }

#else

const struct ck_microkernels *ck_neon_bf16_microkernels(void) { return NULL; }

#endif
