// The micro-kernels of simd/ compiled for AVX-512 with its bfloat16 and VNNI instructions.
#include "../kernel_table.h"

#if defined(__x86_64__)

// The attribute must stand before the first vector type: without it the types would be split.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,"           \
                                                   "avx512bf16,avx512vnni,fma"))),                 \
                             apply_to = function)

#include "vec.h"

#include "../simd/table.h"

static const struct ck_table table = SIMD_TABLE(CK_AVX512_BF16);

#pragma clang attribute pop

const struct ck_table *ck_avx512_bf16_table(void) { return &table; }

#else

const struct ck_table *ck_avx512_bf16_table(void) { return NULL; }

#endif
