// What multiplies matrices: chosen by what the processor is, never by timing, so that results
// repeat.

import CKernels

/// What an instruction set multiplies matrices with on this processor, in words for people.
public struct MatrixProducts: Sendable {
    /// Float32 by float32.
    public let float32: String
    /// Bfloat16 by bfloat16 or float32.
    public let bfloat16: String
    /// Float32 by weights in integer formats, such as q8_0.
    public let integers: String
    /// Whether what is float32 or integers is rounded to bfloat16 in products of many rows.
    ///
    /// It is where the processor has products of bfloat16 that are worth using. Up to
    /// ``Ops/fewRows`` rows of a linear layer never are.
    public let roundsToBFloat16: Bool
}

extension InstructionSet {
    /// What it multiplies matrices with here; it must be available.
    public var products: MatrixProducts {
        let found = ck_products_of(identifier)
        let few = String(cString: found.few_rows_of_integers)
        return MatrixProducts(
            float32: String(cString: found.float32),
            bfloat16: String(cString: found.bfloat16),
            integers: self == .reference
                ? few : "\(few) up to \(Ops.fewRows) rows, then as bfloat16",
            roundsToBFloat16: found.rounds
        )
    }
}
