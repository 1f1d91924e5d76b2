// float16 as files store it, without Swift's Float16, which not every platform has.

import CKernels

extension Float {
    /// The float that these bits are in half precision.
    public init(float16Bits bits: UInt16) {
        self = ck_float_from_float16(bits)
    }

    /// The nearest float16, ties to even, infinity above 65519; NaN stays NaN.
    public var float16Bits: UInt16 { ck_float16_from_float(self) }
}
