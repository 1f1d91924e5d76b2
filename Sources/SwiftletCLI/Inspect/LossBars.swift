// The loss of each token of a text as a bar, and what the model expects after it.

import LineEditing
import Swiftlet

/// How well a text was predicted, and how it would continue.
struct LossBars {
    /// The characters to draw with.
    let glyphs: DisplayGlyphs
    /// The name of a token.
    let name: (TokenID) -> String

    /// The lines for a terminal of this width.
    /// - Parameters:
    ///   - predictions: The predictions for at least one token.
    ///   - mean: The mean loss of all tokens but the first; nil if there are no others.
    ///   - columns: The width of the terminal.
    /// - Returns: A row for each token, and one for each candidate for the next.
    func lines(
        _ predictions: TokenPredictions,
        mean: LossMeasurement?,
        columns: Int
    ) -> [StyledLine] {
        let tokens = predictions.tokens
        let names = (tokens + predictions.next.map(\.token)).map(name)
        let numbers = Array(tokens.indices) + predictions.next.map { Int($0.token) }
        let layout = Layout(
            glyphs: glyphs,
            numberWidth: numbers.map { "\($0)".count }.max() ?? 1,
            nameWidth: min(max(6, columns / 3), names.map(\.columnCount).max() ?? 1),
            columns: columns
        )
        let highest = predictions.losses.compactMap { $0 }.max() ?? 0
        var lines = [StyledLine("  loss of each token, given those before it, in nats")]
        lines.append(StyledLine())
        for (position, loss) in predictions.losses.enumerated() {
            lines.append(
                layout.row(
                    position,
                    names[position],
                    loss.map { decimal(Double($0), 3) } ?? glyphs.unknown,
                    loss.map { highest > 0 ? Double($0 / highest) : 0 } ?? 0
                )
            )
        }
        if let mean { lines += [StyledLine(), summary(mean)] }
        lines += [
            StyledLine(), StyledLine("  likeliest next tokens, with their ids"), StyledLine(),
        ]
        for (found, name) in zip(predictions.next, names[tokens.count...]) {
            let probability = Double(found.probability)
            lines.append(
                layout.row(Int(found.token), name, decimal(probability, 4), probability)
            )
        }
        return lines.map { $0.cut(to: columns) }
    }

    private func summary(_ mean: LossMeasurement) -> StyledLine {
        var line = StyledLine("  mean ")
        line.append(decimal(mean.loss, 4), .strong)
        line.append(" over \(groupedTokens(mean.tokenCount)), perplexity ")
        line.append(decimal(mean.perplexity, 2), .strong)
        return line
    }

    /// Where the parts of a row are.
    private struct Layout {
        let glyphs: DisplayGlyphs
        let numberWidth: Int
        let nameWidth: Int
        let columns: Int

        private static let valueWidth = 7

        /// A number, a name, a value and a bar, with two columns between them.
        func row(_ number: Int, _ name: String, _ value: String, _ fraction: Double) -> StyledLine {
            var line = StyledLine("  ")
            line.append(rightAligned: "\(number)", to: 2 + numberWidth, .faint)
            line.append("  \(name.clipped(columns: nameWidth, more: glyphs.more))")
            let valueEnd = 2 + numberWidth + 2 + nameWidth + 2 + Self.valueWidth
            line.append(rightAligned: value, to: valueEnd)
            line.append(
                bar: glyphs.bar(fraction, columns: max(4, columns - valueEnd - 2)),
                .accent
            )
            return line
        }
    }
}
