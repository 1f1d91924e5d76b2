// Threads: how many a piece of work justifies, and which part of it each one takes.
//
// Swift's clang has no omp.h, so the few functions used are declared here, with stand-ins for a
// build without OpenMP. Schedules are static or by an atomic counter: schedule(dynamic) would need
// a newer libomp than some systems have.
#ifndef TEAM_H
#define TEAM_H

#include "../microkernels.h"

#include <sched.h>
#include <stdatomic.h>

#ifdef _OPENMP
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_in_parallel(void);
#else
static inline int omp_get_thread_num(void) { return 0; }
static inline int omp_get_num_threads(void) { return 1; }
static inline int omp_in_parallel(void) { return 0; }
#endif

// Starting and joining a team costs a few microseconds, so each thread needs some tens of
// microseconds of work: this many floats moved, or multiply-adds.
#define FLOATS_PER_THREAD 16384.0
#define FLOPS_PER_THREAD 1e6

// More threads than this are never used.
#define MAX_TEAM 256

// The distance between variables that different threads write: two cache lines of most processors,
// which fetch them in pairs, and one of Apple's.
#define CACHE_LINE 128

static inline int team_size(const ck_context *ctx, double threads_worth) {
    const int most = ctx->threads < MAX_TEAM ? ctx->threads : MAX_TEAM;
    if (threads_worth >= most)
        return most;
    return threads_worth < 1 ? 1 : (int)threads_worth;
}

// The calling thread's share begin ..< end of 0 ..< n, in whole multiples of `grain`.
static inline void team_share(size_t n, size_t grain, size_t *begin, size_t *end) {
    const size_t grains = (n + grain - 1) / grain;
    const size_t threads = (size_t)omp_get_num_threads();
    const size_t me = (size_t)omp_get_thread_num();
    *begin = grains * me / threads * grain;
    *end = grains * (me + 1) / threads * grain;
    if (*begin > n)
        *begin = n;
    if (*end > n)
        *end = n;
}

// Has a team of `size` threads call a function that takes its part of the work by team_share or
// take. A single thread does without OpenMP, where even a team of one costs as much as a layer of a
// small model.
#define RUN_IN_TEAM(size, call)                                                                    \
    do {                                                                                           \
        const int team_threads = (size);                                                           \
        if (team_threads == 1 && !omp_in_parallel()) {                                             \
            call;                                                                                  \
        } else {                                                                                   \
            _Pragma("omp parallel num_threads(team_threads)") call;                                \
        }                                                                                          \
    } while (0)

// The next number from a counter shared by a team.
static inline size_t take(atomic_size_t *counter) {
    return atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// Waits until a counter that only grows exceeds `value`, and returns the counter.
static inline size_t wait_beyond(atomic_size_t *counter, size_t value) {
    size_t seen;
    for (unsigned spins = 1; (seen = atomic_load_explicit(counter, memory_order_acquire)) <= value;
         spins++) {
        // The thread being waited for may need this processor.
        if (spins % 1024 == 0)
            sched_yield();
    }
    return seen;
}

#endif
