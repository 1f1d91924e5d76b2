// Attention patterns as JSON, written layer by layer: an encoder would need a tree of millions of
// numbers, and memory for all layers at once.

import Swiftlet

/// Writes what `inspect attention --json` prints.
struct AttentionReport {
    /// What accompanies the patterns.
    private struct Text: Encodable {
        let tokens: [TokenID]
        /// Null for a token that the tokenizer lacks.
        let texts: [String?]
        /// What was chosen; left out if that is everything.
        let layers: [Int]?
        let heads: [Int]?
    }

    private let text: Text
    private let heads: [Int]
    private var isFirst = true

    /// Describes what is printed.
    /// - Parameters:
    ///   - tokens: The tokens of the prompt.
    ///   - names: The texts of tokens.
    ///   - layers: The layers that were chosen; nil for all.
    ///   - heads: The heads of each.
    ///   - isChosen: Whether these are not all.
    init(
        _ tokens: [TokenID],
        _ names: TokenNames,
        layers: [Int]?,
        heads: [Int],
        isChosen: Bool
    ) {
        text = Text(
            tokens: tokens,
            texts: names.texts(of: tokens),
            layers: layers,
            heads: isChosen ? heads : nil
        )
        self.heads = heads
    }

    /// Writes the next layers.
    /// - Throws: ``FileIOError``.
    mutating func add(_ patterns: AttentionPatterns) throws {
        for layer in patterns.layers {
            var output = Array((isFirst ? "{\"patterns\":[" : ",").utf8)
            isFirst = false
            output.append(UInt8(ascii: "["))
            for (index, head) in heads.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                append(patterns[layer: layer, head: head], to: &output)
                try Terminal.write(output)
                output.removeAll(keepingCapacity: true)
            }
            output.append(UInt8(ascii: "]"))
            try Terminal.write(output)
        }
    }

    /// Writes the end of the object.
    /// - Throws: ``FileIOError``.
    func finish() throws {
        try Terminal.write("],\(Terminal.json(text).dropFirst())\n")
    }

    /// Appends a square of numbers, row by row.
    private func append(_ pattern: ArraySlice<Float>, to output: inout [UInt8]) {
        let T = text.tokens.count
        var place = pattern.startIndex
        for row in 0..<T {
            output += row == 0 ? "[[".utf8 : ",[".utf8
            for column in 0..<T {
                if column > 0 { output.append(UInt8(ascii: ",")) }
                let value = pattern[place]
                // Half of them are 0, for tokens that come later.
                if value == 0 {
                    output.append(UInt8(ascii: "0"))
                } else {
                    output += "\(value)".utf8
                }
                place += 1
            }
            output.append(UInt8(ascii: "]"))
        }
        output.append(UInt8(ascii: "]"))
    }
}
