// The same with the vectors of processors with real tiles. Their products of pairs are not used.
#include "../../Sources/CKernels/microkernels.h"
#include "kernel_check.h"

#if defined(__x86_64__)

#include "plain_tile.h"

#pragma clang diagnostic ignored "-Wunused-function"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,"           \
                                                   "avx512bf16,avx512vnni,fma"))),                 \
                             apply_to = function)

#include "../../Sources/CKernels/avx512bf16/avx512bf16_vector.h"

#include "../../Sources/CKernels/simd/microkernels_simd.h"

#include "../../Sources/CKernels/simd/gemm_tiles_simd.h"

#define ISA CK_AVX512_BF16
#define TABLE table
#define BFLOAT16_PRODUCT TILE_PRODUCT("tiles in plain C")
#include "../../Sources/CKernels/simd/table_simd.h"

#pragma clang attribute pop

const struct ck_microkernels *wide_plain_tile_microkernels(void) {
    return ck_microkernels_for(table.isa) ? &table : NULL;
}

#else

const struct ck_microkernels *wide_plain_tile_microkernels(void) { return NULL; }

#endif
