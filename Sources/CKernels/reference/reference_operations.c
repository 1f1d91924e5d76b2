#include "reference_operations.h"

#define SLOT(name) .name = ck_reference_##name,
const struct ck_operations ck_reference_operations = {CK_OPERATIONS(SLOT)};
