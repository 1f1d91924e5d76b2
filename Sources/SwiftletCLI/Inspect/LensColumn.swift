// The logit lens at one token: how a prediction grows from layer to layer.

import Swiftlet

/// What each layer would say next after one token, with how sure it is.
struct LensColumn {
    /// What is drawn with.
    let glyphs: DisplayGlyphs
    /// What a token is called.
    let name: (TokenID) -> String
    /// The layer that is the model's own prediction.
    let last: Int

    private static let wordWidth = 16

    /// The lines for a terminal so wide.
    /// - Parameters:
    ///   - lens: At least one layer.
    ///   - position: A token of its text.
    ///   - columns: Those of the terminal.
    /// - Returns: A strip of the text, and a row for each layer.
    func lines(_ lens: LogitLens, at position: Int, columns: Int) -> [StyledLine] {
        let strip = TokenStrip(glyphs: glyphs, name: name)
            .lines(lens.tokens, marking: position, columns: columns)
        var heading = StyledLine("  what comes after ")
        heading.append("\(position) \(name(lens.tokens[position]))", .strong)
        heading.append(", as the layers have it; 0 is before the first block")
        let next = position + 1 < lens.tokens.count ? lens.tokens[position + 1] : nil

        var table = StyledTable([.right, .right, .right, .left])
        table.append(
            ["layer", "entropy", "kl", "likeliest"].map { StyledLine($0, .faint) }
        )
        for layer in lens.layers {
            let found = layer.positions[position]
            if layer.layer == last, lens.layers.count > 1 {
                table.append([StyledLine](repeating: StyledLine(), count: 4))
            }
            table.append([
                StyledLine("\(layer.layer)", .faint),
                StyledLine(decimal(Double(found.entropy), 2)),
                StyledLine(decimal(Double(found.kl), 2)),
                words(found.top, next: next),
            ])
        }
        return (strip + [StyledLine(), heading, StyledLine()] + table.lines)
            .map { $0.cut(to: columns) }
    }

    /// The likeliest words, each with its probability.
    private func words(_ top: [TokenProbability], next: TokenID?) -> StyledLine {
        var line = StyledLine()
        for found in top {
            if line.width > 0 { line.append("  ") }
            let word = name(found.token).clipped(columns: Self.wordWidth, more: glyphs.more)
            line.append(word, found.token == next ? .good : .plain)
            line.append(" \(percent(found.probability))", .faint)
        }
        return line
    }
}

/// A probability as `43%`; one that is hardly any as `<1%`.
func percent(_ probability: Float) -> String {
    probability > 0 && probability < 0.01 ? "<1%" : "\(decimal(Double(probability) * 100, 0))%"
}
