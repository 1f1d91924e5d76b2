// The micro-kernels of simd/ compiled for NEON, which is part of every arm64 CPU.
#include "../microkernels.h"

#if defined(__aarch64__)

#include "neon_vector.h"

#include "../simd/microkernels_simd.h"

#define ISA CK_NEON
#define TABLE table
#define BFLOAT16_PRODUCT WIDENED_PRODUCT
#include "../simd/table_simd.h"

const struct ck_microkernels *ck_neon_microkernels(void) { return &table; }

#else

const struct ck_microkernels *ck_neon_microkernels(void) { return NULL; }

#endif
