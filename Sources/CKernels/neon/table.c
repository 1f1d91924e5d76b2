// The micro-kernels of simd/ compiled for NEON, which is part of every arm64 CPU.
#include "../kernel_table.h"

#if defined(__aarch64__)

#include "vec.h"

#include "../simd/table.h"

static const struct ck_table table = SIMD_TABLE(CK_NEON);

const struct ck_table *ck_neon_table(void) { return &table; }

#else

const struct ck_table *ck_neon_table(void) { return NULL; }

#endif
