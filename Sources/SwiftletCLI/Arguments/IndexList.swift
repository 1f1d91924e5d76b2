// Which layers or heads an option means: numbers and ranges, such as 0,2-5. How many there are, and
// what they are, is known only when a model is opened.

import ArgumentParser
import Swiftlet

/// A list of indices from the command line, counted from 0.
struct IndexList: Sendable, Equatable {
    private let ranges: [ClosedRange<Int>]

    /// Reads `0`, `0,2-5` or the like.
    /// - Throws: A ``NumberError`` that says what is allowed.
    init(text: String) throws {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        ranges = try parts.map { part in
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            let numbers = ends.compactMap(Self.number)
            guard numbers.count == ends.count, 1...2 ~= numbers.count else {
                throw NumberError(
                    description: "it must be numbers from 0 and ranges of them, such as 0,2-5"
                )
            }
            let (first, last) = (numbers[0], numbers[numbers.count - 1])
            guard first <= last else {
                throw NumberError(
                    description: "a range goes from the smaller number to the larger: "
                        + "\(last)-\(first)"
                )
            }
            return first...last
        }
    }

    /// Digits only, and no sign; a number with too many of them is as wrong as a letter.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return Int(text)
    }

    /// The numbers, each once and in order.
    /// - Parameters:
    ///   - count: How many there are in the model.
    ///   - noun: What is counted: `layer` or `head`.
    ///   - option: The option that gave them, with its dashes.
    /// - Returns: The chosen indices.
    /// - Throws: ``CommandError`` for one that the model does not have.
    func indices(below count: Int, of noun: String, _ option: String) throws -> [Int] {
        if let last = ranges.map(\.upperBound).max(), last >= count {
            throw CommandError(
                .wrongUsage,
                "\(option) names \(noun) \(last), but the model has \(counted(count, noun)), "
                    + (count == 1 ? "which is 0" : "which are 0 to \(count - 1)")
            )
        }
        return Set(ranges.joined()).sorted()
    }
}

extension ArgumentHelp {
    fileprivate static func indices(_ choice: String) -> Self {
        ArgumentHelp("\(choice), counted from 0, such as 0,2-5 (default: all).", valueName: "list")
    }
}

/// `--layers`.
struct LayerListOption: ParsableArguments {
    @Option(help: .indices("Only these layers"), transform: IndexList.init(text:))
    var layers: IndexList?

    /// The chosen layers of a model with `count` layers.
    /// - Throws: ``CommandError`` for one that the model does not have.
    func layers(of count: Int) throws -> [Int] {
        try layers?.indices(below: count, of: "layer", "--layers") ?? Array(0..<count)
    }
}

/// `--heads`.
struct HeadListOption: ParsableArguments {
    @Option(help: .indices("Only these heads of each layer"), transform: IndexList.init(text:))
    var heads: IndexList?

    /// The chosen heads of a layer with `count` heads.
    /// - Throws: ``CommandError`` for one that the layer does not have.
    func heads(of count: Int) throws -> [Int] {
        try heads?.indices(below: count, of: "head", "--heads") ?? Array(0..<count)
    }
}
