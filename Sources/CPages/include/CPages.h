// The styles and scripts of pages, as they were when the program was built: they are files of their
// own, so that editors know what they are, and C can take in a file as it is.
#ifndef CPAGES_H
#define CPAGES_H

#include <stddef.h>

typedef struct {
    const char *name;
    // UTF-8, not ended by a zero.
    const unsigned char *text;
    size_t size;
} cp_asset;

const cp_asset *cp_assets(size_t *count);

#endif
