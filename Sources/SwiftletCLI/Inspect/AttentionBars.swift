// Where the heads of a model look from one token, as bars. Which heads and which token are chosen
// by others; what a pattern is, the library says.

import LineEditing
import Swiftlet

/// The rows of some attention patterns that belong to one token.
struct AttentionBars {
    /// What one head takes from the tokens up to the one that looks.
    struct Head {
        let layer: Int
        let head: Int
        /// Of each token, up to the one that looks.
        let weights: [Float]

        /// The most that the head takes from any token but the first, which many heads look at when
        /// they look for nothing.
        var strength: Float { weights.dropFirst().max() ?? weights[0] }

        /// The stronger first, and of equal ones the one of the lower layer.
        static func isStronger(_ a: Head, _ b: Head) -> Bool {
            (b.strength, a.layer, a.head) < (a.strength, b.layer, b.head)
        }
    }

    /// What the bars are drawn with.
    let glyphs: DisplayGlyphs
    /// What a token is called.
    let name: (TokenID) -> String

    /// Tokens of a head that are shown beside others, and alone.
    private static let (fewTokens, manyTokens) = (3, 32)
    /// Less is no look.
    private static let leastWeight: Float = 0.005

    /// The lines for a terminal so wide.
    /// - Parameters:
    ///   - heads: What is shown, in this order; at least one.
    ///   - total: Heads that there are to choose from.
    ///   - position: The token that looks.
    ///   - tokens: Those of the text.
    ///   - columns: Those of the terminal.
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
                table.append([
                    StyledLine(isFirst ? "\(head.layer)" : ""),
                    StyledLine(isFirst ? "\(head.head)" : ""),
                    token(tokens, look.position, numberWidth: numberWidth, nameWidth: nameWidth),
                    StyledLine(decimal(weight, 3)),
                    StyledLine(glyphs.bar(weight, columns: max(4, columns - barStart)), .accent),
                ])
            }
        }
        return table.lines
    }

    private func token(
        _ tokens: [TokenID],
        _ position: Int,
        numberWidth: Int,
        nameWidth: Int
    ) -> StyledLine {
        let number = "\(position)"
        var cell = StyledLine(String(repeating: " ", count: numberWidth - number.count))
        cell.append(number + " ", .faint)
        cell.append(name(tokens[position]).clipped(columns: nameWidth, more: glyphs.more))
        return cell
    }

    /// The tokens that a head takes most from: of one among others by their weights, of a single
    /// one as they stand in the text.
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
    /// What some heads take from the tokens up to one.
    /// - Parameters:
    ///   - heads: Of each layer that was kept.
    ///   - position: The token that looks.
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
