// The story grammar of data/stories, as it was when the program was built: C can embed a file
// unchanged, and Swift cannot.
#ifndef CSTORIES_H
#define CSTORIES_H

#include <stddef.h>

typedef struct {
    const char *name;
    // Not zero-terminated.
    const unsigned char *text;
    size_t size;
} cs_file;

// The files sorted by name, the order in which a directory of them is read.
const cs_file *cs_files(size_t *count);

#endif
