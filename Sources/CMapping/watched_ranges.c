#define _GNU_SOURCE
#include "CMapping.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// Ranges are kept in a list that only grows at its head, and are reused: the handler, which may
// interrupt anything, walks along it without a lock.
struct cm_range {
    struct cm_range *next;
    // Odd while the range is being changed, which tells a reader whether start and end belong
    // together.
    atomic_uint version;
    // 0 when the range watches nothing.
    atomic_uintptr_t start;
    atomic_uintptr_t end;
    atomic_bool has_lost_pages;
};

static _Atomic(cm_range *) ranges;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static uintptr_t page_size;

// The range that holds an address, and its end.
static cm_range *find(uintptr_t address, uintptr_t *end) {
    for (cm_range *range = atomic_load(&ranges); range; range = range->next) {
        const unsigned version = atomic_load(&range->version);
        const uintptr_t first = atomic_load(&range->start);
        *end = atomic_load(&range->end);
        // The range being read is never the one being changed.
        if (version % 2 || version != atomic_load(&range->version))
            continue;
        if (first && address >= first && address < *end)
            return range;
    }
    return NULL;
}

// Whether a process sent the signal, in which case nothing was read and no address is known.
static bool is_sent(const siginfo_t *info) {
    return info->si_code <= 0 || info->si_code == SI_USER;
}

static void pass_on(int number, siginfo_t *info, void *context) {
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(number, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(number);
    } else {
        // Continuing repeats the fault, which then ends the program as it would have.
        signal(number, SIG_DFL);
        if (is_sent(info))
            raise(number);
    }
}

static void handle(int number, siginfo_t *info, void *context) {
    uintptr_t end = 0;
    const uintptr_t address = (uintptr_t)info->si_addr;
    cm_range *range = is_sent(info) ? NULL : find(address, &end);
    if (!range) {
        pass_on(number, info, context);
        return;
    }
    // Set before the zeros are there: nobody may read them and take them for the file's.
    atomic_store(&range->has_lost_pages, true);
    // A file is cut at its end, so what comes after the first lost page is lost too. mmap is not on
    // POSIX's list of what a handler may call, but it is a plain system call.
    const uintptr_t page = address / page_size * page_size;
    void *zeros =
        mmap((void *)page, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED)
        pass_on(number, info, context);
}

// Called with the mutex held.
static void install(void) {
    if (page_size)
        return;
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {0};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
}

cm_range *cm_watch(void *start, size_t length) {
    pthread_mutex_lock(&mutex);
    install();
    cm_range *range = atomic_load(&ranges);
    while (range && atomic_load(&range->start))
        range = range->next;
    const bool is_new = !range;
    if (is_new)
        range = calloc(1, sizeof *range);
    if (range) {
        atomic_fetch_add(&range->version, 1);
        atomic_store(&range->has_lost_pages, false);
        atomic_store(&range->end, (uintptr_t)start + length);
        atomic_store(&range->start, (uintptr_t)start);
        atomic_fetch_add(&range->version, 1);
    }
    if (range && is_new) {
        range->next = atomic_load(&ranges);
        atomic_store(&ranges, range);
    }
    pthread_mutex_unlock(&mutex);
    return range;
}

void cm_unwatch(cm_range *range) {
    if (!range)
        return;
    pthread_mutex_lock(&mutex);
    atomic_fetch_add(&range->version, 1);
    atomic_store(&range->start, 0);
    atomic_fetch_add(&range->version, 1);
    pthread_mutex_unlock(&mutex);
}

bool cm_has_lost_pages(const cm_range *range) {
    return range && atomic_load_explicit(&range->has_lost_pages, memory_order_relaxed);
}
