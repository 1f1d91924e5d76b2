// A queue of numbered work items that a team takes in order, where an item may depend on earlier
// ones. It replaces barriers: a thread waits only for what its own item needs.
#ifndef QUEUE_H
#define QUEUE_H

#include "team.h"

#include <stdalign.h>

// Each thread writes to a cache line of its own, so that no thread takes a line away from one that
// is about to write to it.
typedef struct {
    alignas(CACHE_LINE) atomic_size_t item; // the thread's item, or one before it
} queue_place;

typedef struct {
    alignas(CACHE_LINE) atomic_size_t next; // the first item that nobody has taken
    queue_place reached[MAX_TEAM];
} work_queue;

// Called before the team starts.
static inline void queue_init(work_queue *queue, int team) {
    atomic_init(&queue->next, 0);
    for (int i = 0; i < team; i++)
        atomic_init(&queue->reached[i].item, 0);
}

// Ends the calling thread's item and takes the next one. For a moment other threads still see the
// old one, which only makes them wait a little longer.
static inline size_t queue_take(work_queue *queue) {
    const size_t item = atomic_fetch_add_explicit(&queue->next, 1, memory_order_relaxed);
    atomic_store_explicit(&queue->reached[omp_get_thread_num()].item, item, memory_order_release);
    return item;
}

// Ends the calling thread's last item.
static inline void queue_leave(work_queue *queue) {
    atomic_store_explicit(&queue->reached[omp_get_thread_num()].item, SIZE_MAX,
                          memory_order_release);
}

// Returns when `item` and all before it are finished. The caller's own item must come later; since
// items only depend on earlier ones, some thread can always proceed.
//
// `finished` belongs to the calling thread and starts at 0: all items before it are known to be
// finished. So the team is asked once for the many items that have the same dependency.
static inline void queue_wait(work_queue *queue, size_t *finished, size_t item) {
    if (item < *finished)
        return;
    const int team = omp_get_num_threads();
    size_t least = SIZE_MAX;
    for (int i = 0; i < team; i++) {
        const size_t reached = wait_beyond(&queue->reached[i].item, item);
        least = reached < least ? reached : least;
    }
    *finished = least;
}

#endif
