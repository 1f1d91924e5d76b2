// A queue of numbered work items that a team takes in order, where an item may need earlier ones to
// be finished. It replaces barriers: a thread waits only for what its own item needs.
#ifndef QUEUE_H
#define QUEUE_H

#include "team.h"

#include <sched.h>

typedef struct {
    atomic_size_t next;              // the first item that nobody has taken
    atomic_size_t reached[MAX_TEAM]; // by each thread: its item, or one before it
} work_queue;

// Before the team starts.
static inline void queue_init(work_queue *queue, int team) {
    atomic_init(&queue->next, 0);
    for (int i = 0; i < team; i++)
        atomic_init(&queue->reached[i], 0);
}

// Ends the calling thread's item and takes the next one. For a moment others still see the old one,
// which only makes them wait a little longer.
static inline size_t queue_take(work_queue *queue) {
    const size_t item = atomic_fetch_add_explicit(&queue->next, 1, memory_order_relaxed);
    atomic_store_explicit(&queue->reached[omp_get_thread_num()], item, memory_order_release);
    return item;
}

// Ends the calling thread's last item.
static inline void queue_leave(work_queue *queue) {
    atomic_store_explicit(&queue->reached[omp_get_thread_num()], SIZE_MAX, memory_order_release);
}

// Returns when `item` and all before it are finished. The caller's own item must come later; as
// every item needs only earlier ones, somebody can always go on.
static inline void queue_wait(work_queue *queue, size_t item) {
    const int team = omp_get_num_threads();
    for (int i = 0; i < team; i++) {
        for (int spins = 1; atomic_load_explicit(&queue->reached[i], memory_order_acquire) <= item;
             spins++) {
            // The one waited for may need this processor.
            if (spins % 1024 == 0)
                sched_yield();
        }
    }
}

#endif
