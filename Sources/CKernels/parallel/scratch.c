// The size of the scratch memory: the most that any operation asks for.
#include "scratch.h"

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t ck_scratch_floats(int threads, size_t largest_row) {
    const size_t team = (size_t)threads;
    const size_t gemm = 2 * CK_MAX_BLOCK_FLOATS + team * GEMM_THREAD_FLOATS;
    const size_t attention = team * attention_floats(largest_row) + attention_counter_floats(team);
    const size_t layernorm = team * 2 * largest_row;
    return larger(gemm, larger(attention, layernorm));
}
