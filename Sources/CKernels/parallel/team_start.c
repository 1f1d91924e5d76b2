// The threads of a team, before they are needed. OpenMP's library ends the program when the system
// refuses it a thread, so here the system is asked first.
#include "team.h"

#include <pthread.h>

#ifdef _OPENMP

// Waits until it may end.
static void *wait_for(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

// Whether `count` threads can be there at once, each with so many bytes of stack.
static bool can_start(int count, size_t stack_bytes) {
    pthread_t threads[MAX_TEAM];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes))
        return false;
    bool starts = !pthread_attr_setstacksize(&attributes, stack_bytes);
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
    // The calling thread is one of them.
    if (count > 1 && !can_start(count - 1, stack_bytes))
        return false;
    // They stay, so that memory that is taken meanwhile cannot be what keeps them from starting.
#pragma omp parallel num_threads(count)
    {
    }
    return true;
}

#else

bool ck_start_team(int threads, size_t stack_bytes) {
    (void)threads;
    (void)stack_bytes;
    return true;
}

#endif
