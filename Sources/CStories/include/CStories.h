// The story grammar of data/stories, as it was when the program was built: C can take in a file as
// it is, and Swift cannot.
#ifndef CSTORIES_H
#define CSTORIES_H

#include <stddef.h>

typedef struct {
    const char *name;
    // Not ended by a zero.
    const unsigned char *text;
    size_t size;
} cs_file;

// The files in the order of their names, which is that in which a directory of them is read.
const cs_file *cs_files(size_t *count);

#endif
