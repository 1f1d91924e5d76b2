// The micro-kernels of simd/ compiled for AVX-512 with its bfloat16 and VNNI instructions. They
// fill three tables that differ only in how bfloat16 is multiplied: as pairs; as floats, which is
// faster on some processors; and on the tiles of AMX.
#include "../microkernels.h"

#if defined(__x86_64__)

#define VECTOR_FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx512vnni,fma"

// The attribute must come before the first vector type, or the types would be split.
#pragma clang attribute push(__attribute__((target(VECTOR_FEATURES))), apply_to = function)

#include "avx512bf16_vector.h"

#include "../simd/microkernels_simd.h"

// Included here because packing for tiles needs only vectors.
#include "../simd/pack_tiles_simd.h"

#define ISA CK_AVX512_BF16
#define TABLE pairs_table
#define BFLOAT16_PRODUCT PAIR_PRODUCT
#include "../simd/table_simd.h"

#define ISA CK_AVX512_BF16
#define TABLE widened_table
#define BFLOAT16_PRODUCT WIDENED_PRODUCT
#include "../simd/table_simd.h"

#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target(VECTOR_FEATURES ",amx-tile,amx-bf16"))),        \
                             apply_to = function)

#include "../amx/amx_tile.h"

#include "../simd/gemm_tiles_simd.h"

#define ISA CK_AMX
#define TABLE tile_table
#define BFLOAT16_PRODUCT TILE_PRODUCT("AMX tiles")
#include "../simd/table_simd.h"

#pragma clang attribute pop

const struct ck_microkernels *ck_avx512_bf16_microkernels(bool multiplies_pairs) {
    return multiplies_pairs ? &pairs_table : &widened_table;
}

const struct ck_microkernels *ck_amx_microkernels(void) { return &tile_table; }

#else

const struct ck_microkernels *ck_avx512_bf16_microkernels(bool multiplies_pairs) { return NULL; }
const struct ck_microkernels *ck_amx_microkernels(void) { return NULL; }

#endif
