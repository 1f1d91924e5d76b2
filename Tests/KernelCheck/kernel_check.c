// Compares every table of operations on this machine with the reference, without Swift, so that it
// also runs for processors that only an emulator offers, and under sanitizers.
// scripts/check_kernels builds and runs it.
#define _DEFAULT_SOURCE // MAP_ANONYMOUS
#include "kernel_check.h"

#include "../../Sources/CKernels/microkernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

backend side[2];

bool multiplies_bfloat16(int i) {
    return side[i].ctx.micro && side[i].ctx.micro->bfloat16.depth > 1;
}

static int comparisons, failures;

// ---- Arrays -------------------------------------------------------------------------------------

#define MOST_ARRAYS 256
static struct {
    void *start;
    size_t bytes;
} arrays[MOST_ARRAYS];
static int array_count;

static void give_up(const char *why) {
    fprintf(stderr, "kernel_check: %s\n", why);
    exit(1);
}

void *make_array(size_t bytes) {
    if (array_count == MOST_ARRAYS)
        give_up("a check makes more arrays than MOST_ARRAYS");
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t readable = (bytes + page - 1) / page * page;
    char *start =
        mmap(NULL, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || mprotect(start + readable, page, PROT_NONE) != 0)
        give_up("there is not enough memory");
    arrays[array_count].start = start;
    arrays[array_count++].bytes = readable + page;
    return start + readable - bytes;
}

void release_arrays(void) {
    while (array_count > 0) {
        array_count--;
        munmap(arrays[array_count].start, arrays[array_count].bytes);
    }
}

// xorshift64 (Marsaglia 2003): good enough for inputs, and the same everywhere.
static uint64_t random_state;

static uint32_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32);
}

float *uniform(size_t n, float low, float high) {
    float *x = make_array(n * sizeof(float));
    for (size_t i = 0; i < n; i++)
        x[i] = low + (high - low) * (float)(next_random() >> 8) * 0x1p-24f;
    return x;
}

float *garbage(size_t n) {
    float *x = make_array(n * sizeof(float));
    for (size_t i = 0; i < n; i++)
        x[i] = NAN;
    return x;
}

float *copy_of(const float *x, size_t n) {
    return memcpy(make_array(n * sizeof(float)), x, n * sizeof(float));
}

int32_t *ids(size_t n, size_t limit) {
    int32_t *x = make_array(n * sizeof(int32_t));
    for (size_t i = 0; i < n; i++)
        x[i] = (int32_t)(next_random() % limit);
    return x;
}

ck_array float_array(const float *x) { return (ck_array){.data = (void *)x, .type = CK_FLOAT32}; }

ck_array as_array(ck_element_type type, const float *x, size_t n) {
    const ck_array a = {.data = make_array(ck_row_bytes(type, n)), .type = type};
    RUN(0, quantize, type, a.data, NULL, x, 1, n);
    return a;
}

ck_array widened(ck_array a, size_t n) {
    float *x = garbage(n);
    const int32_t row = 0;
    const ck_matrix stored = {.type = a.type, .rows = 1, .cols = n, .values = a.data};
    RUN(0, dequantize_rows, x, &stored, &row, 1);
    return float_array(x);
}

// ---- Verdicts -----------------------------------------------------------------------------------

static void fail(const char *what, const char *why) {
    failures++;
    printf("%s, %d threads: %s: %s\n", side[1].name, side[1].ctx.threads, what, why);
}

void compare(const char *what, const float *actual, const float *expected, size_t n,
             double tolerance) {
    comparisons++;
    double largest = 1;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)expected[i]));
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(actual[i]) && isnan(expected[i]))
            continue;
        double error = fabs((double)actual[i] - (double)expected[i]) / largest;
        if (isnan(error))
            error = INFINITY;
        if (error > worst) {
            worst = error;
            at = i;
        }
    }
    if (worst <= tolerance)
        return;
    char why[160];
    snprintf(why, sizeof why, "element %zu of %zu is %g and should be %g (%.2g of the largest)", at,
             n, (double)actual[at], (double)expected[at], worst);
    fail(what, why);
}

void compare_bytes(const char *what, const void *actual, const void *expected, size_t bytes) {
    comparisons++;
    if (memcmp(actual, expected, bytes) != 0)
        fail(what, "the bytes differ");
}

void compare_rounded(const char *what, ck_array actual, const float *floats, size_t n) {
    compare_bytes(what, actual.data, as_array(actual.type, floats, n).data,
                  ck_row_bytes(actual.type, n));
}

void expect(const char *what, bool condition) {
    comparisons++;
    if (!condition)
        fail(what, "it does not hold");
}

// ---- Tables -------------------------------------------------------------------------------------

#define LARGEST_ROW 1024

static backend open_backend(const char *name, const struct ck_operations *op,
                            const struct ck_microkernels *micro, int threads) {
    const size_t floats = ck_scratch_floats(threads, LARGEST_ROW);
    backend b = {.name = name, .op = op, .ctx = {.micro = micro, .threads = threads}};
    b.ctx.scratch = aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64);
    if (!b.ctx.scratch)
        give_up("there is not enough memory");
    // As an earlier operation may have left it.
    for (size_t i = 0; i < floats; i++)
        b.ctx.scratch[i] = NAN;
    return b;
}

static void run_checks(void (*checks)(void)) {
    random_state = 42;
    checks();
    release_arrays();
}

static void check_table(const char *name, const struct ck_microkernels *micro) {
    const int most_threads = ck_has_openmp() ? 3 : 1;
    for (int threads = 1; threads <= most_threads; threads++) {
        side[1] = open_backend(name, ck_operations_for(micro->isa), micro, threads);
        run_checks(check_layers);
        run_checks(check_arrays);
        run_checks(check_products);
        run_checks(check_operands);
        run_checks(check_stored_weights);
        run_checks(check_attention);
        run_checks(check_training);
        free(side[1].ctx.scratch);
    }
    printf("checked %s\n", name);
}

int main(void) {
    const bool pairs = ck_microkernels_for(CK_AVX512_BF16) != NULL;
    const struct {
        const char *name;
        const struct ck_microkernels *micro;
    } tables[] = {
        {"avx2", ck_microkernels_for(CK_AVX2)},
        {"avx512", ck_microkernels_for(CK_AVX512)},
        // Both, whichever this processor would choose.
        {"avx512bf16", pairs ? ck_avx512_bf16_microkernels(true) : NULL},
        {"avx512bf16 without pairs", pairs ? ck_avx512_bf16_microkernels(false) : NULL},
        {"amx", ck_microkernels_for(CK_AMX)},
        {"neon", ck_microkernels_for(CK_NEON)},
        {"neonbf16", ck_microkernels_for(CK_NEON_BF16)},
        {"plain tiles", plain_tile_microkernels()},
        {"plain tiles with wide vectors", wide_plain_tile_microkernels()},
    };
    side[0] = open_backend("reference", ck_operations_for(CK_REFERENCE), NULL, 1);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (tables[i].micro)
            check_table(tables[i].name, tables[i].micro);
    free(side[0].ctx.scratch);
    if (comparisons == 0)
        give_up("no table but the reference runs on this machine");
    printf("%d passed, %d failed\n", comparisons - failures, failures);
    return failures > 0;
}
