// Finds out what this CPU and its operating system support, and hands out the matching tables.
#include "microkernels.h"
#include "parallel/parallel_operations.h"
#include "reference/reference_operations.h"

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

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

#if defined(__aarch64__) && defined(__linux__)
static bool has_neon_bf16(void) {
    const unsigned long wanted = HWCAP2_BF16 | HWCAP2_I8MM;
    return (getauxval(AT_HWCAP2) & wanted) == wanted && (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
}
#elif defined(__aarch64__) && defined(__APPLE__)
static bool has_feature(const char *name) {
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, NULL, 0) == 0 && value != 0;
}

static bool has_neon_bf16(void) {
    return has_feature("hw.optional.arm.FEAT_BF16") && has_feature("hw.optional.arm.FEAT_I8MM") &&
           has_feature("hw.optional.arm.FEAT_DotProd");
}
#else
static bool has_neon_bf16(void) { return false; }
#endif

const struct ck_microkernels *ck_microkernels_for(ck_isa isa) {
    switch (isa) {
    case CK_AVX2: return has_avx2() ? ck_avx2_microkernels() : NULL;
    case CK_AVX512: return has_avx512() ? ck_avx512_microkernels() : NULL;
    case CK_AVX512_BF16: return has_avx512_bf16() ? ck_avx512_bf16_microkernels() : NULL;
    case CK_NEON: return ck_neon_microkernels();
    case CK_NEON_BF16: return has_neon_bf16() ? ck_neon_bf16_microkernels() : NULL;
    default: return NULL;
    }
}

const struct ck_operations *ck_operations_for(ck_isa isa) {
    if (isa == CK_REFERENCE)
        return &ck_reference_operations;
    return ck_microkernels_for(isa) ? &ck_parallel_operations : NULL;
}

bool ck_has_openmp(void) {
#ifdef _OPENMP
    return true;
#else
    return false;
#endif
}
