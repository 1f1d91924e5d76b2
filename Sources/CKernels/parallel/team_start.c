// Starts a team's threads before they are needed. OpenMP's library ends the program when the system
// refuses it a thread, so the system is asked first.
#include "team.h"

#include <pthread.h>
#include <sys/resource.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef _OPENMP

// glibc reserves 64 MiB of address space or more for each thread's allocations. Where address space
// is limited, that would leave no room for other threads' stacks, so all share one reservation.
static void share_reservations(void) {
#ifdef __GLIBC__
    struct rlimit limit;
    if (!getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur != RLIM_INFINITY)
        mallopt(M_ARENA_MAX, 1);
#endif
}

// Waits until it may end.
static void *wait_for(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

// What a thread needs besides its stack.
#define SPARE_BYTES ((size_t)1 << 20)

// Whether `count` threads can exist at once, each with a stack of that many bytes, or the usual
// size if that is larger.
static bool can_start(int count, size_t stack_bytes) {
    pthread_t threads[MAX_TEAM];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes))
        return false;
    size_t usual_bytes = 0;
    pthread_attr_getstacksize(&attributes, &usual_bytes);
    const size_t bytes = (stack_bytes > usual_bytes ? stack_bytes : usual_bytes) + SPARE_BYTES;
    bool starts = !pthread_attr_setstacksize(&attributes, bytes);
    int started = 0;
    pthread_mutex_lock(&gate);
    while (starts && started < count) {
        starts = !pthread_create(&threads[started], &attributes, wait_for, &gate);
        started += starts;
    }
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    return starts;
}

bool ck_start_team(int threads, size_t stack_bytes) {
    const int count = threads < MAX_TEAM ? threads : MAX_TEAM;
    share_reservations();
    // The calling thread is one of them.
    if (count > 1 && !can_start(count - 1, stack_bytes))
        return false;
    // The threads stay, so that memory taken in the meantime cannot keep them from starting. They
    // count because the compiler would drop a team that does nothing.
    atomic_size_t present = 0;
#pragma omp parallel num_threads(count)
    take(&present);
    return present > 0;
}

#else

bool ck_start_team(int threads, size_t stack_bytes) {
    (void)threads;
    (void)stack_bytes;
    return true;
}

#endif
