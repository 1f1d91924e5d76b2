// Reading memory and nothing else, with every thread: what a kernel that is bound by memory can
// reach at most. The sums are of integers, which any compiler may add in any order, so that vectors
// and accumulators are plain C.
#include "parallel_operations.h"
#include "team.h"

typedef uint32_t words __attribute__((vector_size(64), aligned(4), may_alias));
#define WORDS (sizeof(words) / sizeof(uint32_t))
// Vectors read from a stream before the next has its turn. Each has a sum of its own, as many as
// hide the latency of an addition; the widest vectors leave the other registers unused.
#define RUN 4

// A wider load for each processor that has one, chosen when the program starts.
#if defined(__x86_64__) && defined(__GLIBC__)
#define FOR_EACH_WIDTH __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define FOR_EACH_WIDTH
#endif

// The sum of n whole vectors in a number of streams, which lie side by side and are read together.
static inline __attribute__((always_inline)) uint32_t sum_streams(const words *x, size_t n,
                                                                  const size_t streams) {
    words sums[RUN] = {0};
    const size_t length = n / streams / RUN * RUN;
    for (size_t i = 0; i < length; i += RUN)
        for (size_t stream = 0; stream < streams; stream++)
            for (size_t j = 0; j < RUN; j++)
                sums[j] += x[stream * length + i + j];
    for (size_t i = streams * length; i < n; i++)
        sums[0] += x[i];
    uint32_t total = 0;
    for (size_t j = 0; j < RUN; j++)
        for (size_t lane = 0; lane < WORDS; lane++)
            total += sums[j][lane];
    return total;
}

FOR_EACH_WIDTH
static uint32_t sum_words(const words *x, size_t n, size_t streams) {
    switch (streams) {
    case 1: return sum_streams(x, n, 1);
    case 2: return sum_streams(x, n, 2);
    case 4: return sum_streams(x, n, 4);
    default: return sum_streams(x, n, 8);
    }
}

uint32_t ck_parallel_read_burst(const ck_context *ctx, const void *x, size_t bytes, int streams) {
    uint32_t total = 0;
#pragma omp parallel num_threads(ctx->threads) reduction(+ : total)
    {
        size_t begin, end;
        team_share(bytes / sizeof(words), RUN, &begin, &end);
        total += sum_words((const words *)x + begin, end - begin, (size_t)streams);
    }
    return total;
}
