// Which micro-kernels run, and what multiplies matrices: chosen once, when an Ops is created, by
// the kind of processor and never by timing, so that results are repeatable.

import CKernels

/// A family of micro-kernels.
package enum InstructionSet: String, Sendable, CaseIterable {
    /// Plain loops for any processor: the oracle of the tests.
    case reference
    /// 8 floats a vector, fused multiply-add.
    case avx2
    /// 16 floats a vector.
    case avx512
    /// AVX-512 with sums of products of bfloat16 (BF16) and of int16 (VNNI).
    case avx512bf16
    /// `avx512bf16` with products of bfloat16 on tiles of 16 by 16 floats (AMX-BF16).
    case amx
    /// 4 floats a vector, arm64.
    case neon
    /// NEON with products of bfloat16 (BF16) and of int8 (I8MM).
    case neonbf16

    var identifier: ck_isa {
        switch self {
        case .reference: CK_REFERENCE
        case .avx2: CK_AVX2
        case .avx512: CK_AVX512
        case .avx512bf16: CK_AVX512_BF16
        case .amx: CK_AMX
        case .neon: CK_NEON
        case .neonbf16: CK_NEON_BF16
        }
    }

    /// Whether this build, this processor and its operating system have it.
    package var isAvailable: Bool { ck_operations_for(identifier) != nil }

    /// Those that can run here, slowest first.
    package static var available: [InstructionSet] { allCases.filter(\.isAvailable) }

    /// The fastest that can run here.
    package static var best: InstructionSet { available.last ?? .reference }

    /// The set called `name`, as `SWIFTLET_ISA` gives it.
    /// - Throws: ``TensorError/unavailableInstructionSet(name:available:)`` for an unknown name or
    ///   one that cannot run here.
    package init(named name: String) throws {
        guard let found = Self(rawValue: name), found.isAvailable else {
            throw TensorError.unavailableInstructionSet(
                name: name,
                available: Self.available.map(\.rawValue)
            )
        }
        self = found
    }
}

/// How an instruction set multiplies matrices on this processor, in words for display.
package struct MatrixProducts: Sendable {
    /// Float32 by float32.
    package let float32: String
    /// Bfloat16 by bfloat16 or float32.
    package let bfloat16: String
    /// Float32 by weights in integer formats, such as q8_0.
    package let integers: String
    /// Whether float32 or integer operands are rounded to bfloat16 in products of many rows.
    ///
    /// They are where the processor multiplies bfloat16 fast enough to be worth it. Up to
    /// ``Ops/fewRows`` rows of a linear layer never are.
    package let roundsToBFloat16: Bool
}

extension InstructionSet {
    /// How it multiplies matrices here; it must be available.
    package var products: MatrixProducts {
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
