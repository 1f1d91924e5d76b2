// Every operation in CKernels.h for processors with vectors: each divides its work among threads,
// packs, blocks, and calls the micro-kernels of its context. The oracle of foo.c is
// reference/foo_reference.c.
#ifndef PARALLEL_OPERATIONS_H
#define PARALLEL_OPERATIONS_H

#include "../microkernels.h"

#define DECLARE(name) ck_##name ck_parallel_##name;
CK_OPERATIONS(DECLARE)
#undef DECLARE

extern const struct ck_operations ck_parallel_operations;

#endif
