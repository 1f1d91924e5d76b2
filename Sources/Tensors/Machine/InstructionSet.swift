// Which micro-kernels run: chosen once, when an Ops is made.

import CKernels

/// A family of micro-kernels.
public enum InstructionSet: String, Sendable, CaseIterable {
    /// Plain loops for any processor: the oracle of the tests.
    case reference
    /// 8 floats a vector, fused multiply-add.
    case avx2
    /// 16 floats a vector.
    case avx512
    /// The same, and sums of products of bfloat16 (BF16) and of int16 (VNNI).
    case avx512bf16
    /// The same, and products of bfloat16 on tiles of 16 by 16 floats (AMX-BF16).
    case amx
    /// 4 floats a vector, arm64.
    case neon
    /// The same, and products of bfloat16 (BF16) and of int8 (I8MM).
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
    public var isAvailable: Bool { ck_operations_for(identifier) != nil }

    /// Those that can run here, slowest first.
    public static var available: [InstructionSet] { allCases.filter(\.isAvailable) }

    /// The fastest that can run here.
    public static var best: InstructionSet { available.last ?? .reference }

    /// The set called `name`, as `SWIFTLET_ISA` gives it.
    /// - Throws: ``TensorError/unavailableInstructionSet(name:available:)`` for an unknown name or
    ///   one that cannot run here.
    public init(named name: String) throws {
        guard let found = Self(rawValue: name), found.isAvailable else {
            throw TensorError.unavailableInstructionSet(
                name: name,
                available: Self.available.map(\.rawValue)
            )
        }
        self = found
    }
}
