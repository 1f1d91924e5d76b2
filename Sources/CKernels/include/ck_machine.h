// What operations run on: instruction sets, threads, and the memory they work in.
#ifndef CK_MACHINE_H
#define CK_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

// ---- Choosing an instruction set ----------------------------------------------------------------

typedef enum {
    CK_REFERENCE = 0,   // plain loops: the oracle of the tests, and the fallback for any CPU
    CK_AVX2 = 1,        // AVX2 + FMA + F16C
    CK_AVX512 = 2,      // AVX-512 F, BW, DQ, VL
    CK_NEON = 3,        // arm64
    CK_AVX512_BF16 = 4, // AVX-512, BF16 and VNNI
    CK_NEON_BF16 = 5,   // arm64 with BF16, I8MM and DotProd
    CK_AMX = 6,         // CK_AVX512_BF16, and tiles of bfloat16
    CK_ISA_COUNT = 7,
} ck_isa;

struct ck_operations;
struct ck_microkernels;

// What runs on `isa`: the operations, and the micro-kernels that they call, of which the reference
// has none. Both are NULL when this build, the CPU or the operating system lacks the instruction
// set.
const struct ck_operations *ck_operations_for(ck_isa isa);
const struct ck_microkernels *ck_microkernels_for(ck_isa isa);

// Names, for display, of the instructions that multiply matrices. With many rows of input, integer
// weights are multiplied as bfloat16.
typedef struct {
    const char *float32, *bfloat16, *few_rows_of_integers;
    // Whether operands of bfloat16 products are rounded to it: float32, float16, integers, and
    // attention's probabilities and gradients.
    bool rounds;
} ck_products;

// `isa` must be available.
ck_products ck_products_of(ck_isa isa);

// ---- Threads ------------------------------------------------------------------------------------

// Whether the kernels were compiled with OpenMP; without it they run on the calling thread.
bool ck_has_openmp(void);

// Starts the threads of a team of `threads`, including the calling one. Returns false, with none
// started, when the system refuses that many threads with stacks of that many bytes; OpenMP would
// end the program instead.
bool ck_start_team(int threads, size_t stack_bytes);

// Calls `body` once for each lane from 0 to lanes - 1, each on a thread of its own if there are as
// many, and returns when all are done. A lane may run operations whose contexts have one thread, on
// scratch that no other lane uses.
typedef void ck_lane(int lane, void *data);
void ck_run_lanes(int lanes, ck_lane *body, void *data);

// ---- Context ------------------------------------------------------------------------------------

// What an operation runs on. `scratch` is the caller's memory, 64-byte aligned, at least
// ck_scratch_floats(threads, largest_row) floats; its contents mean nothing between calls, and
// concurrent calls need separate contexts.
typedef struct {
    const struct ck_microkernels *micro;
    int threads;
    float *scratch;
} ck_context;

// Floats of scratch that suffice for every operation on `threads` threads, when C is at most
// `largest_row` in every layernorm and attention.
size_t ck_scratch_floats(int threads, size_t largest_row);

#endif
