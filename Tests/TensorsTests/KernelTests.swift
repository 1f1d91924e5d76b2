// What the tests of kernels share: the suite they all belong to, what they run on and where their
// tensors are. How results are compared is in Comparisons.swift.

import RandomNumbers
import Tensors
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Every test of a kernel, one after the other: two OpenMP teams would fight for the processors.
@Suite(.serialized) enum KernelTests {}

/// What a kernel can run on.
struct Backend: Sendable, CustomStringConvertible {
    let instructionSet: InstructionSet
    let threadCount: Int

    /// Every vector instruction set of this machine, with one, two and three threads.
    static let all: [Backend] = InstructionSet.available.filter { $0 != .reference }
        .flatMap { set in (1...3).map { Backend(instructionSet: set, threadCount: $0) } }

    /// The oracle.
    static let reference = Backend(instructionSet: .reference, threadCount: 1)

    var description: String { "\(instructionSet) with \(threadCount) threads" }

    /// Operations whose scratch memory is full of NaN, as an earlier operation may have left it.
    func ops() throws -> Ops {
        let ops = try Ops(instructionSet: instructionSet, threadCount: threadCount)
        ops.matmulForward(
            out: try TensorMaker.garbage([96, 48]),
            inp: try TensorMaker.garbage([96, 384]),
            weight: try TensorMaker.garbage([48, 384])
        )
        return ops
    }
}

/// Creates the tensors of a test, always the same ones.
///
/// A tensor ends where readable memory ends: a kernel that reads or writes one element too many
/// stops the process. Where it starts is therefore a matter of its size, seldom a multiple of 64.
struct TensorMaker {
    private var generator = MersenneTwister(seed: 42)

    mutating func uniform(_ shape: [Int], _ range: ClosedRange<Float> = -1...1) throws -> Tensor {
        let (lower, width) = (range.lowerBound, range.upperBound - range.lowerBound)
        let tensor = try Self.unreadableAfter(shape)
        tensor.withUnsafeMutableElements(as: Float.self) { elements in
            for i in elements.indices { elements[i] = lower + width * generator.nextFloat() }
        }
        return tensor
    }

    /// Token ids in `0 ..< limit`.
    mutating func tokens(_ shape: [Int], below limit: Int) throws -> Tensor {
        let tensor = try Self.unreadableAfter(shape, elementType: .int32)
        tensor.withUnsafeMutableElements(as: Int32.self) { elements in
            for i in elements.indices {
                elements[i] = Int32(generator.next32() % UInt32(limit))
            }
        }
        return tensor
    }

    static func integers(_ elements: [Int32], _ shape: [Int]) throws -> Tensor {
        let tensor = try unreadableAfter(shape, elementType: .int32)
        tensor.withUnsafeMutableElements(as: Int32.self) { _ = $0.update(fromContentsOf: elements) }
        return tensor
    }

    /// A tensor of NaNs, for outputs that must be overwritten.
    static func garbage(_ shape: [Int]) throws -> Tensor { try filled(shape, with: .nan) }

    static func filled(_ shape: [Int], with value: Float) throws -> Tensor {
        let tensor = try unreadableAfter(shape)
        tensor.withUnsafeMutableElements(as: Float.self) { $0.update(repeating: value) }
        return tensor
    }

    /// A copy of `elements`.
    static func copy(_ elements: [Float], _ shape: [Int]) throws -> Tensor {
        let tensor = try unreadableAfter(shape)
        precondition(tensor.count == elements.count)
        tensor.withUnsafeMutableElements(as: Float.self) { _ = $0.update(fromContentsOf: elements) }
        return tensor
    }

    static func copy(_ tensor: Tensor) throws -> Tensor { try copy(tensor.floats(), tensor.shape) }

    /// The same with every sign dropped: sums of it bound the rounding errors of sums of `tensor`.
    static func magnitudes(_ tensor: Tensor) throws -> Tensor {
        try copy(tensor.floats().map { abs($0) }, tensor.shape)
    }

    /// A bfloat16 tensor of NaNs.
    static func bfloat16Garbage(_ shape: [Int]) throws -> Tensor {
        try bfloat16(rounding: filled(shape, with: .nan))
    }

    /// The nearest numbers in bfloat16, ties to even.
    static func bfloat16(rounding tensor: Tensor) throws -> Tensor {
        let rounded = try unreadableAfter(tensor.shape, elementType: .bfloat16)
        rounded.withUnsafeMutableElements(as: UInt16.self) { elements in
            for (i, x) in tensor.floats().enumerated() { elements[i] = nearestBFloat16(x) }
        }
        return rounded
    }

    private static func nearestBFloat16(_ x: Float) -> UInt16 {
        let below = UInt16(x.bitPattern >> 16)
        let value = { (bits: UInt16) in Double(Float(bitPattern: UInt32(bits) << 16)) }
        if x.isNaN { return below | 0x40 }
        if value(below) == Double(x) { return below }
        // The number after the largest is infinity, which stands for 2^128 here.
        let above = value(below + 1)
        let distanceAbove = abs(
            (above.isInfinite ? (x < 0 ? -0x1p128 : 0x1p128) : above) - Double(x)
        )
        let distanceBelow = abs(value(below) - Double(x))
        if distanceBelow == distanceAbove { return below % 2 == 0 ? below : below + 1 }
        return distanceBelow < distanceAbove ? below : below + 1
    }

    /// The elements of a bfloat16 tensor as float32, exactly.
    static func widened(_ tensor: Tensor) throws -> Tensor {
        let bits = tensor.withUnsafeElements(as: UInt16.self) { Array($0) }
        return try copy(bits.map { Float(bitPattern: UInt32($0) << 16) }, tensor.shape)
    }

    private static func unreadableAfter(_ shape: [Int], elementType: ElementType = .float32) throws
        -> Tensor
    {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let byteCount = shape.reduce(1, *) * elementType.byteWidth
        let readable = (byteCount + page - 1) / page * page
        let buffer = try TensorBuffer(byteCount: readable + page)
        let words = Tensor(buffer, shape: [buffer.byteCount / 4], elementType: .int32)
        words.withUnsafeMutableElements(as: Int32.self) { words in
            let bytes = UnsafeMutableRawBufferPointer(words)
            let guardPage = UnsafeMutableRawBufferPointer(rebasing: bytes[readable...])
            precondition(mprotect(guardPage.baseAddress, page, PROT_NONE) == 0)
        }
        return Tensor(
            buffer,
            byteOffset: readable - byteCount,
            shape: shape,
            elementType: elementType
        )
    }
}
