// The products on tiles in amx/, but with tiles in plain C and vectors that this processor is sure
// to have: AVX2 or NEON.
#include "../../Sources/CKernels/microkernels.h"
#include "kernel_check.h"
#include "plain_tile.h"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "../../Sources/CKernels/avx2/avx2_vector.h"

#include "../../Sources/CKernels/simd/microkernels_simd.h"

#include "../../Sources/CKernels/simd/gemm_tiles_simd.h"

#define ISA CK_AVX2
#define TABLE table
#define BFLOAT16_PRODUCT TILE_PRODUCT("tiles in plain C")
#include "../../Sources/CKernels/simd/table_simd.h"

#pragma clang attribute pop

#else

#include "../../Sources/CKernels/neon/neon_vector.h"

#include "../../Sources/CKernels/simd/microkernels_simd.h"

#include "../../Sources/CKernels/simd/gemm_tiles_simd.h"

#define ISA CK_NEON
#define TABLE table
#define BFLOAT16_PRODUCT TILE_PRODUCT("tiles in plain C")
#include "../../Sources/CKernels/simd/table_simd.h"

#endif

const struct ck_microkernels *plain_tile_microkernels(void) {
    return ck_microkernels_for(table.isa) ? &table : NULL;
}
