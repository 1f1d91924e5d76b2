// The keys and values of every layer for the tokens that sequences hold. What is kept is never
// computed again.

import Tensors

/// The sizes of what a transformer keeps of each token.
package struct KVCacheShape: Sendable, Equatable {
    /// L: transformer blocks.
    package var layerCount: Int
    /// NKH: heads of keys and values in a block.
    package var headCount: Int
    /// HS: numbers of one head.
    package var headSize: Int

    /// Names the sizes.
    package init(layerCount: Int, headCount: Int, headSize: Int) {
        self.layerCount = layerCount
        self.headCount = headCount
        self.headSize = headSize
    }

    /// Bytes a token takes: a key and a value of each head of each layer.
    package func bytesPerToken(_ precision: ElementType) -> Int {
        2 * layerCount * headCount * headSize * precision.byteWidth
    }
}

/// Keys and values in memory that grows with its sequences.
package final class KVCache {
    /// The sizes of a token's keys and values.
    package let shape: KVCacheShape
    /// How they are stored.
    package let precision: ElementType
    /// Tokens that a sequence can hold at most.
    package let tokenCapacity: Int
    private let ops: Ops
    private var sequences: [Sequence]

    /// What is kept of one sequence.
    private struct Sequence {
        var tokenCount = 0
        var capacity = 0
        /// Of each layer, `(NKH, capacity, HS)`.
        var layers: [(keys: Tensor, values: Tensor)] = []
    }

    /// The fewest tokens that room is made for.
    private static let smallestCapacity = 64

    /// How keys and values can be stored: bfloat16 takes half the memory, and rounds them to 8
    /// significant bits.
    package static let precisions = ElementType.floatTypes

    /// Creates empty sequences, which take no memory yet; their keys and values are stored in one
    /// of ``precisions``.
    package init(
        _ shape: KVCacheShape,
        precision: ElementType,
        tokenCapacity: Int,
        sequenceCount: Int,
        ops: Ops
    ) {
        precondition(sequenceCount >= 1, "a cache of \(sequenceCount) sequences")
        precondition(Self.precisions.contains(precision), "a cache of \(precision)")
        self.shape = shape
        self.precision = precision
        self.tokenCapacity = tokenCapacity
        self.ops = ops
        sequences = Array(repeating: Sequence(), count: sequenceCount)
    }

    /// How many sequences there are.
    package var sequenceCount: Int { sequences.count }

    /// Tokens in a sequence.
    package func tokenCount(of sequence: Int) -> Int { sequences[sequence].tokenCount }

    /// Bytes that the keys and values of all sequences take, including room to grow.
    package var byteCount: Int {
        sequences.reduce(0) { $0 + $1.capacity } * shape.bytesPerToken(precision)
    }

    /// Makes room for `tokenCount` tokens in a sequence, at most ``tokenCapacity``.
    ///
    /// Room is doubled when it runs out, so a sequence that grows token by token is seldom moved.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``; the sequence is then unchanged.
    package func reserve(_ sequence: Int, tokenCount: Int) throws {
        precondition(tokenCount <= tokenCapacity, "room for \(tokenCount) of \(tokenCapacity)")
        let old = sequences[sequence]
        guard tokenCount > old.capacity else { return }
        let capacity = min(
            max(tokenCount, 2 * old.capacity, Self.smallestCapacity),
            tokenCapacity
        )
        var new = try makeSequence(capacity: capacity)
        copyTokens(of: old, count: old.tokenCount, to: &new)
        sequences[sequence] = new
    }

    /// Where a layer keeps a sequence's keys and values, for attention over the new tokens.
    /// - Parameters:
    ///   - layer: The block.
    ///   - sequence: The sequence, which has room for the rows.
    ///   - past: Tokens before the rows.
    ///   - rows: The new tokens' rows of q, k and v.
    ///   - silent: See ``CachePart``.
    /// - Returns: Where they are; what is stored there becomes valid with ``setTokenCount(_:of:)``.
    package func part(
        layer: Int,
        sequence: Int,
        past: Int,
        rows: Range<Int>,
        silent: Int = 0
    ) -> CachePart {
        let planes = sequences[sequence].layers[layer]
        return CachePart(
            keys: planes.keys,
            values: planes.values,
            past: past,
            rows: rows,
            silent: silent
        )
    }

    /// Sets the number of tokens in a sequence, fewer or more than before; keys and values of new
    /// ones must have been stored.
    package func setTokenCount(_ tokenCount: Int, of sequence: Int) {
        precondition(
            0...sequences[sequence].capacity ~= tokenCount,
            "\(tokenCount) tokens where there is room for \(sequences[sequence].capacity)"
        )
        sequences[sequence].tokenCount = tokenCount
    }

    /// Replaces what one sequence holds with the first tokens of another, or with all of them.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``; both are then unchanged.
    package func copy(_ source: Int, to destination: Int, tokenCount: Int? = nil) throws {
        let count = tokenCount ?? sequences[source].tokenCount
        precondition(
            0...sequences[source].tokenCount ~= count,
            "copying \(count) of \(sequences[source].tokenCount) tokens"
        )
        guard source != destination else { return setTokenCount(count, of: source) }
        try reserve(destination, tokenCount: count)
        copyTokens(of: sequences[source], count: count, to: &sequences[destination])
    }

    private func makeSequence(capacity: Int) throws -> Sequence {
        let (L, NKH, HS) = (shape.layerCount, shape.headCount, shape.headSize)
        let all = try ops.tensor([2, L, NKH, capacity, HS], elementType: precision)
        let layers = (0..<L).map { (keys: all[0][$0], values: all[1][$0]) }
        return Sequence(tokenCount: 0, capacity: capacity, layers: layers)
    }

    private func copyTokens(of source: Sequence, count: Int, to destination: inout Sequence) {
        destination.tokenCount = count
        guard count > 0 else { return }
        for (from, to) in zip(source.layers, destination.layers) {
            for head in 0..<from.keys.shape[0] {
                ops.copy(from.keys[head][0..<count], to: to.keys[head][0..<count])
                ops.copy(from.values[head][0..<count], to: to.values[head][0..<count])
            }
        }
    }
}

// Its memory is written without synchronization.
@available(*, unavailable) extension KVCache: Sendable {}
