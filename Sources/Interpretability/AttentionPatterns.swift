// What each head looks at: the weights with which it adds up the values of the tokens so far.

/// The attention patterns of a sequence.
public struct AttentionPatterns: Sendable, Equatable {
    /// The T tokens.
    public let tokens: [Int32]
    /// The layers that were kept, ascending.
    public let layers: [Int]
    /// NH: heads of each layer.
    public let headCount: Int
    /// `(layers, NH, T, T)`: row t says how much token t takes from each token s; each row sums to
    /// 1, and is 0 where s comes after t.
    public let values: [Float]

    /// Names the patterns.
    public init(tokens: [Int32], layers: [Int], headCount: Int, values: [Float]) {
        precondition(
            values.count == layers.count * headCount * tokens.count * tokens.count,
            "\(values.count) values of \(layers.count) layers of \(headCount) heads, "
                + "\(tokens.count) tokens"
        )
        self.tokens = tokens
        self.layers = layers
        self.headCount = headCount
        self.values = values
    }

    /// The `(T, T)` pattern of a head.
    /// - Precondition: the layer was kept.
    public subscript(layer layer: Int, head head: Int) -> ArraySlice<Float> {
        guard let index = layers.firstIndex(of: layer) else {
            preconditionFailure("layer \(layer) of \(layers)")
        }
        precondition(0..<headCount ~= head, "head \(head) of \(headCount)")
        let size = tokens.count * tokens.count
        let start = (index * headCount + head) * size
        return values[start..<start + size]
    }
}
