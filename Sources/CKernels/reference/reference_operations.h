// The reference implementation of every operation in CKernels.h: plain loops, one idea a line. They
// are the oracle of the tests and what runs on a CPU without vector units. Sums are in double,
// except for those that accumulate in the caller's arrays: the gradients of attention's inputs and
// of the embeddings. The driver of foo_reference.c is parallel/foo.c.
#ifndef REFERENCE_OPERATIONS_H
#define REFERENCE_OPERATIONS_H

#include "CKernels.h"

#define DECLARE(name) ck_##name ck_reference_##name;
CK_OPERATIONS(DECLARE)
#undef DECLARE

extern const struct ck_operations ck_reference_operations;

#endif
