// One table of micro-kernels: TABLE, for ISA, which multiplies bfloat16 by BFLOAT16_PRODUCT.
// Included once per table.

static const struct ck_microkernels TABLE = {
    .isa = ISA,
    .lanes = LANES,
    .int_product = INT_PRODUCT_NAME,
    .float32 = FLOAT_PRODUCT("float32 FMA"),
    .bfloat16 = BFLOAT16_PRODUCT,
#define MICROKERNEL(result, name, ...) .name = name,
#include "../microkernel_list.h"
#undef MICROKERNEL
};

#undef TABLE
#undef ISA
#undef BFLOAT16_PRODUCT
