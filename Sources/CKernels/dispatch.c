// Finds out what this CPU and its operating system support, and hands out the matching table.
#include "kernel_table.h"

static const struct ck_table reference_table = {.isa = CK_REFERENCE};

#if defined(__x86_64__)
// __builtin_cpu_supports asks both the CPU and, through XCR0, whether the operating system saves
// the wide registers on a context switch.
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
}

static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && has_avx2();
}

static bool has_avx512_bf16(void) {
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni") &&
           has_avx512();
}
#else
static bool has_avx512_bf16(void) { return false; }
static bool has_avx2(void) { return false; }
static bool has_avx512(void) { return false; }
#endif

const struct ck_table *ck_table_for(ck_isa isa) {
    switch (isa) {
    case CK_REFERENCE: return &reference_table;
    case CK_AVX2: return has_avx2() ? ck_avx2_table() : NULL;
    case CK_AVX512: return has_avx512() ? ck_avx512_table() : NULL;
    case CK_AVX512_BF16: return has_avx512_bf16() ? ck_avx512_bf16_table() : NULL;
    case CK_NEON: return ck_neon_table();
    default: return NULL;
    }
}

bool ck_has_openmp(void) {
#ifdef _OPENMP
    return true;
#else
    return false;
#endif
}
