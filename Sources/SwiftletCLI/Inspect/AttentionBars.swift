// What the heads of a model attend to from one token, as bars. The caller chooses the heads and the
// token; the library defines what a pattern is.

import LineEditing
import Swiftlet

/// The rows of some attention patterns for one token.
struct AttentionBars {
    /// What one head takes from the tokens up to the one that attends.
    struct Head {
        let layer: Int
        let head: Int
        /// The weight of each token, up to the one that attends.
        let weights: [Float]

        /// The most that the head takes from any token but the first, which is where many heads
        /// look when they find nothing else.
        var strength: Float { weights.dropFirst().max() ?? weights[0] }

        /// Stronger heads first, and among equals those of lower layers.
        static func isStronger(_ a: Head, _ b: Head) -> Bool {
            (b.strength, a.layer, a.head) < (a.strength, b.layer, b.head)
        }
    }

    /// The characters to draw with.
    let glyphs: DisplayGlyphs
    /// The name of a token.
    let name: (TokenID) -> String

    /// How many tokens are shown for each of several heads, and for a single one.
    private static let (fewTokens, manyTokens) = (3, 32)
    /// Smaller weights are not shown.
    private static let leastWeight: Float = 0.005

    /// The lines for a terminal of this width.
    /// - Parameters:
    ///   - heads: The heads to show, in this order; at least one.
    ///   - total: The number of heads to choose from.
    ///   - position: The position of the token that attends.
    ///   - tokens: The tokens of the text.
    ///   - columns: The width of the terminal.
    /// - Returns: A strip of the text, and the bars below it.
    func lines(
        _ heads: [Head],
        of total: Int,
        from position: Int,
        in tokens: [TokenID],
        columns: Int
    ) -> [StyledLine] {
        let strip = TokenStrip(glyphs: glyphs, name: name)
            .lines(tokens, marking: position, columns: columns)
        var heading = StyledLine("  where ")
        heading.append("\(position) \(name(tokens[position]))", .strong)
        if let head = heads.first, heads.count == 1 {
            heading.append(" looks: layer \(head.layer), head \(head.head)")
        } else if heads.count < total {
            heading.append(" looks: \(heads.count) of \(total.grouped) heads, the strongest first")
        } else {
            heading.append(" looks: \(counted(total, "head")), the strongest first")
        }
        return (strip + [StyledLine(), heading, StyledLine()] + rows(heads, tokens, columns))
            .map { $0.cut(to: columns) }
    }

    private func rows(_ heads: [Head], _ tokens: [TokenID], _ columns: Int) -> [StyledLine] {
        let limit = heads.count == 1 ? Self.manyTokens : Self.fewTokens
        let shown = heads.map { looks(of: $0, limit: limit) }
        let nameWidth = min(
            max(6, columns / 4),
            max(5, shown.joined().map { name(tokens[$0.position]).columnCount }.max() ?? 0)
        )
        let numberWidth = "\(tokens.count - 1)".count
        // Layer, head, position, token and weight, with two columns between them.
        let barStart = 2 + 5 + 2 + 4 + 2 + numberWidth + 1 + nameWidth + 2 + 5 + 2
        var table = StyledTable([.right, .right, .left, .right, .left])
        table.append(
            ["layer", "head", String(repeating: " ", count: numberWidth) + " token", "share", ""]
                .map { StyledLine($0, .faint) }
        )
        for (head, looks) in zip(heads, shown) {
            for (index, look) in looks.enumerated() {
                let isFirst = index == 0
                let weight = Double(look.weight)
                let name = name(tokens[look.position])
                table.append([
                    StyledLine(isFirst ? "\(head.layer)" : ""),
                    StyledLine(isFirst ? "\(head.head)" : ""),
                    StyledLine(
                        position: look.position,
                        numberWidth: numberWidth,
                        name: name.clipped(columns: nameWidth, more: glyphs.more)
                    ),
                    StyledLine(decimal(weight, 3)),
                    StyledLine(glyphs.bar(weight, columns: max(4, columns - barStart)), .accent),
                ])
            }
        }
        return table.lines
    }

    /// The tokens that a head takes most from: ordered by weight for one of several heads, by
    /// position for a single one.
    private func looks(of head: Head, limit: Int) -> [(position: Int, weight: Float)] {
        let weights = head.weights.enumerated().map { (position: $0.offset, weight: $0.element) }
        let strongest = weights.sorted { ($1.weight, $0.position) < ($0.weight, $1.position) }
            .prefix(limit).enumerated()
            .filter { $0.offset == 0 || $0.element.weight >= Self.leastWeight }
            .map(\.element)
        return limit == Self.fewTokens ? strongest : strongest.sorted { $0.position < $1.position }
    }
}

extension AttentionPatterns {
    /// What some heads take from the tokens up to a given one.
    /// - Parameters:
    ///   - heads: The heads of each layer that was kept.
    ///   - position: The position of the token that attends.
    /// - Returns: The heads, in the order of layers.
    func looks(of heads: [Int], from position: Int) -> [AttentionBars.Head] {
        let T = tokens.count
        return layers.flatMap { layer in
            heads.map { head in
                let pattern = self[layer: layer, head: head]
                let start = pattern.startIndex + position * T
                return AttentionBars.Head(
                    layer: layer,
                    head: head,
                    weights: Array(pattern[start...start + position])
                )
            }
        }
    }
}
