// A queue of numbered work items that a team takes in order, where an item may need earlier ones to
// be finished. It replaces barriers: a thread waits only for what its own item needs.
#ifndef QUEUE_H
#define QUEUE_H

#include "team.h"

#include <stdalign.h>

// What each thread writes lies in a line of its own, so that nobody takes a line away from others
// that they are about to write.
typedef struct {
    alignas(CACHE_LINE) atomic_size_t item; // the thread's item, or one before it
} queue_place;

typedef struct {
    alignas(CACHE_LINE) atomic_size_t next; // the first item that nobody has taken
    queue_place reached[MAX_TEAM];
} work_queue;

// Before the team starts.
static inline void queue_init(work_queue *queue, int team) {
    atomic_init(&queue->next, 0);
    for (int i = 0; i < team; i++)
        atomic_init(&queue->reached[i].item, 0);
}

// Ends the calling thread's item and takes the next one. For a moment others still see the old one,
// which only makes them wait a little longer.
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

// Returns when `item` and all before it are finished. The caller's own item must come later; as
// every item needs only earlier ones, somebody can always go on.
//
// `finished` is the calling thread's own, 0 at first: all items before it were seen to be finished.
// So the team is asked once for the many items that need the same.
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
