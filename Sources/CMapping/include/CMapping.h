// Mapped files that lose pages. Reading a page that a file no longer has, because another process
// truncated it or its disk failed, raises SIGBUS, which ends the program. For the ranges watched
// here, the handler puts zeros in place of the lost pages and remembers that it did; readers ask
// afterwards. All other faults go to the previous handler.
#ifndef CMAPPING_H
#define CMAPPING_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cm_range cm_range;

// Begins to watch a mapping, which must start at a page. NULL when memory is short: the mapping is
// then not watched.
cm_range *cm_watch(void *start, size_t length);

// Stops watching; call it before the mapping is removed. NULL is allowed.
void cm_unwatch(cm_range *range);

// Whether the range has lost pages since it has been watched. False for NULL.
bool cm_has_lost_pages(const cm_range *range);

#endif
