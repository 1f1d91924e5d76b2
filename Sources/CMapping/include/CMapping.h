// Mapped files that lose pages. Reading a page that a file no longer has, because another process
// made the file shorter or its disk failed, raises SIGBUS, which ends the program. For the ranges
// watched here it puts zeros in the place of what is lost and remembers that; whoever has read from
// a range asks afterwards. All other faults go to whoever handled the signal before.
#ifndef CMAPPING_H
#define CMAPPING_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cm_range cm_range;

// Begins to watch a mapping that starts at a page. NULL when memory is short: it is then not
// watched.
cm_range *cm_watch(void *start, size_t length);

// Ends it, before the mapping is removed. NULL is allowed.
void cm_unwatch(cm_range *range);

// Whether the range has lost pages since it is watched. NULL has not.
bool cm_has_lost_pages(const cm_range *range);

#endif
