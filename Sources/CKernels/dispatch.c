// Finds out what this CPU and its operating system support, and hands out the matching tables.
#define _DEFAULT_SOURCE // syscall
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
#include <cpuid.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

// __builtin_cpu_supports asks the CPU and also, through XCR0, whether the operating system saves
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
// Since Zen 4, AMD multiplies bfloat16 at twice the rate of float32 FMA. Intel does it at half that
// rate, whatever the instruction's name suggests, so operands are widened there instead.
static bool multiplies_pairs_fast(void) { return __builtin_cpu_is("amd"); }

#if defined(__linux__)
// The processor has tiles and multiplies bfloat16 on them, and the operating system saves them.
static bool offers_tiles(void) {
    const unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24; // of leaf 7, EDX
    const unsigned os_saves_more = 1u << 27;                 // of leaf 1, ECX: XGETBV may be used
    const unsigned tile_state = 3u << 17;                    // of XCR0: configuration and data
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & amx_bf16) || !(d & amx_tile))
        return false;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & os_saves_more))
        return false;
    unsigned saved, upper;
    __asm__ volatile("xgetbv" : "=a"(saved), "=d"(upper) : "c"(0));
    return (saved & tile_state) == tile_state;
}

// Before its first use of tiles, a process must ask Linux to save their state. It may ask again for
// what it already has.
static bool has_amx(void) {
    const long ask_for_state = 0x1023, tile_data = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return has_avx512_bf16() && offers_tiles() &&
           syscall(SYS_arch_prctl, ask_for_state, tile_data) == 0;
}
#else
static bool has_amx(void) { return false; }
#endif
#else
static bool has_amx(void) { return false; }
static bool multiplies_pairs_fast(void) { return false; }
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
    case CK_AVX512_BF16:
        return has_avx512_bf16() ? ck_avx512_bf16_microkernels(multiplies_pairs_fast()) : NULL;
    case CK_AMX: return has_amx() ? ck_amx_microkernels() : NULL;
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

ck_products ck_products_of(ck_isa isa) {
    const struct ck_microkernels *micro = ck_microkernels_for(isa);
    if (!micro)
        return (ck_products){"plain loops", "plain loops", "plain loops", false};
    return (ck_products){micro->float32.name, micro->bfloat16.name, micro->int_product,
                         micro->bfloat16.depth > 1};
}

bool ck_has_openmp(void) {
#ifdef _OPENMP
    return true;
#else
    return false;
#endif
}
