#include "parallel_operations.h"

#define SLOT(name) .name = ck_parallel_##name,
const struct ck_operations ck_parallel_operations = {CK_OPERATIONS(SLOT)};
