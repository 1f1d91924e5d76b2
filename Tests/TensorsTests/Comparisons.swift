// How the results of kernels are compared. Expected values come from the reference kernels, which
// are themselves compared with Formulas.swift.

import Tensors
import Testing

/// The largest difference between `actual` and `expected`, each divided by half an ulp (2^-24) of
/// `magnitude`: the error of rounding a number of that size once is at most 1.
///
/// Infinity if only one of the two is NaN.
func roundings(_ actual: [Float], _ expected: [Float], _ magnitude: [Float]) -> Double {
    precondition(actual.count == expected.count && actual.count == magnitude.count)
    var worst = 0.0
    for i in actual.indices where actual[i] != expected[i] {
        if actual[i].isNaN && expected[i].isNaN { continue }
        let error = abs(Double(actual[i]) - Double(expected[i])) / (Double(magnitude[i]) * 0x1p-24)
        worst = max(worst, error.isNaN ? .infinity : error)
    }
    return worst
}

/// Records an issue unless `actual` is within `bound` roundings of `magnitude` of `expected`.
func expectClose(
    _ actual: Tensor,
    _ expected: Tensor,
    magnitude: [Float],
    within bound: Double,
    _ what: @autoclosure () -> String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let worst = roundings(actual.floats(), expected.floats(), magnitude)
    #expect(
        worst <= bound,
        "\(what()): an error of \(worst) roundings, at most \(bound) expected",
        sourceLocation: sourceLocation
    )
}

/// The same, for all elements relative to the largest of `expected`.
func expectClose(
    _ actual: Tensor,
    _ expected: Tensor,
    ofLargestWithin bound: Double,
    _ what: @autoclosure () -> String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let largest = expected.floats().reduce(0) { max($0, abs($1)) }
    expectClose(
        actual,
        expected,
        magnitude: Array(repeating: largest, count: expected.count),
        within: bound,
        what(),
        sourceLocation: sourceLocation
    )
}

/// Records an issue for every backend if `run` is not within a bound, in roundings of `magnitude`,
/// of what it gives on the reference, whose own values are the magnitude unless one is given.
func expectAsTheReference(
    _ what: String = "out",
    magnitude: [Float]? = nil,
    within bound: (Backend) -> Double,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ run: (Ops) throws -> Tensor
) throws {
    let expected = try run(Backend.reference.ops())
    let magnitude = magnitude ?? expected.floats().map { abs($0) }
    for backend in Backend.all {
        expectClose(
            try run(backend.ops()),
            expected,
            magnitude: magnitude,
            within: bound(backend),
            "\(what), \(backend)",
            sourceLocation: sourceLocation
        )
    }
}

/// The same, with one bound for all backends.
func expectAsTheReference(
    _ what: String = "out",
    magnitude: [Float]? = nil,
    within bound: Double,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ run: (Ops) throws -> Tensor
) throws {
    try expectAsTheReference(
        what,
        magnitude: magnitude,
        within: { _ in bound },
        sourceLocation: sourceLocation,
        run
    )
}

/// Records an issue unless all bits are equal, even those of NaN and of a zero's sign.
func expectSameBits(
    _ actual: Tensor,
    _ expected: Tensor,
    _ what: @autoclosure () -> String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    func bits(_ tensor: Tensor) -> [UInt32] {
        tensor.elementType == .bfloat16
            ? tensor.withUnsafeElements(as: UInt16.self) { $0.map { UInt32($0) } }
            : tensor.withUnsafeElements(as: UInt32.self) { Array($0) }
    }
    let differing = zip(bits(actual), bits(expected)).filter { $0 != $1 }.count
    #expect(
        differing == 0,
        "\(what()): \(differing) of \(expected.count) elements differ",
        sourceLocation: sourceLocation
    )
}
