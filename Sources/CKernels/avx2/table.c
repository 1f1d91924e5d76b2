// The micro-kernels of simd/ compiled for AVX2.
#include "../kernel_table.h"

#if defined(__x86_64__)

// The attribute must stand before the first vector type: without it the types would be split.
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "vec.h"

#include "../simd/table.h"

static const struct ck_table table = SIMD_TABLE(CK_AVX2);

#pragma clang attribute pop

const struct ck_table *ck_avx2_table(void) { return &table; }

#else

const struct ck_table *ck_avx2_table(void) { return NULL; }

#endif
