// The logit lens as a table of words, or at one token: how a prediction grows from layer to layer.

import LineEditing
import Swiftlet

/// What each layer predicts after each token of a text.
struct LensTable {
    /// The characters to draw with.
    let glyphs: DisplayGlyphs
    /// Whether colors mark right and unlikely words, with a line below that explains them.
    let isInColor: Bool
    /// The name of a token.
    let name: (TokenID) -> String
    /// The layer that is the model's own prediction.
    let last: Int

    /// The narrowest cell in which most words are recognizable, and the widest needed.
    private static let cellWidths = 8...14
    /// The width of an entropy, and of a divergence next to it.
    private static let numberWidth = 7

    /// The lines for a terminal of this width.
    /// - Parameters:
    ///   - lens: At least one layer of at least one token.
    ///   - top: Words per cell, one below another.
    ///   - columns: The width of the terminal.
    /// - Returns: A heading, the table and remarks about it.
    func lines(_ lens: LogitLens, top: Int = 1, columns: Int) -> [StyledLine] {
        let tokens = lens.tokens
        // A vocabulary may have fewer words than were asked for.
        let top = min(top, lens.layers[0].positions[0].top.count)
        let names = tokens.map(name)
        let numberWidth = "\(max(tokens.count - 1, lens.layers.last?.layer ?? 0))".count
        let nameWidth = min(max(6, columns / 5), names.map(\.columnCount).max() ?? 0)
        // Next to each token, its number and name; next to each layer, its number.
        let wordColumns = columns - 2 - max(numberWidth + 1 + nameWidth, 7) - 2 - 2
        let layerRowColumns = columns - 2 - "layer".count - 2 * (Self.numberWidth + 2)
        let widest = widestWord(lens, top: top)
        let columnCount = { (room: Int, cell: Int) in max(1, room / (cell + 2)) }
        let cell = min(widest, Self.cellWidths.lowerBound)

        var lines = [heading(lens), StyledLine()]
        var notes: [String] = []
        if lens.layers.count > columnCount(wordColumns, cell),
            tokens.count <= columnCount(layerRowColumns, max(cell, min(nameWidth, 8)))
        {
            let width = width(of: tokens.count, widest: max(widest, nameWidth), layerRowColumns)
            lines += layerRows(lens, top: top, cellWidth: width)
        } else {
            let layers = thinned(lens.layers, to: columnCount(wordColumns, cell))
            if layers.count < lens.layers.count {
                notes.append(
                    "\(layers.count) of \(lens.layers.count) layers fit; --layers chooses others, "
                        + "and --token shows all of them for one token"
                )
            }
            let width = width(of: layers.count, widest: widest, wordColumns)
            let first = { (position: Int) in
                StyledLine(
                    position: position,
                    numberWidth: numberWidth,
                    name: names[position].clipped(columns: nameWidth, more: glyphs.more),
                    .strong
                )
            }
            lines += tokenRows(tokens, layers, top: top, cellWidth: width, first: first)
        }
        notes += [legend].compactMap { $0 }
        lines += notes.isEmpty ? [] : [StyledLine()]
        lines += notes.flatMap { $0.wrapped(columns: columns - 2, limit: 4, more: glyphs.more) }
            .map { StyledLine("  \($0)", .faint) }
        return lines.map { $0.cut(to: columns) }
    }

    private func heading(_ lens: LogitLens) -> StyledLine {
        StyledLine("  what comes next, according to each layer; 0 is before the first block")
    }

    private var legend: String? {
        isInColor ? "green: the actual next token; faint: a probability below 10%" : nil
    }

    /// A row for each token, and the means over all tokens below.
    private func tokenRows(
        _ tokens: [TokenID],
        _ layers: [LogitLens.Layer],
        top: Int,
        cellWidth: Int,
        first: (Int) -> StyledLine
    ) -> [StyledLine] {
        var table = StyledTable([.left] + layers.map { _ in .left })
        func append(_ first: StyledLine, _ cell: (LogitLens.Layer) -> StyledLine) {
            table.append(
                [first]
                    + layers.map { layer in
                        guard layer.layer == last, layers.count > 1 else { return cell(layer) }
                        var setOff = StyledLine(glyphs.axis, .faint)
                        let cell = cell(layer)
                        if cell.width > 0 { setOff.append(" ") }
                        setOff.append(cell)
                        return setOff
                    }
            )
        }
        append(StyledLine("after", .faint)) { StyledLine("\($0.layer)", .faint) }
        for position in tokens.indices {
            for rank in 0..<top {
                append(rank == 0 ? first(position) : StyledLine()) {
                    word($0, position, rank, tokens, cellWidth)
                }
            }
        }
        append(StyledLine()) { _ in StyledLine() }
        append(StyledLine("entropy", .faint)) { StyledLine(decimal($0.meanEntropy, 2)) }
        append(StyledLine("kl", .faint)) { StyledLine(decimal($0.meanDivergence, 2)) }
        return table.lines
    }

    /// A row for each layer, the model's own prediction set apart, with the means next to it.
    private func layerRows(_ lens: LogitLens, top: Int, cellWidth: Int) -> [StyledLine] {
        let tokens = lens.tokens
        var table = StyledTable([.right] + tokens.map { _ in .left } + [.right, .right])
        table.append(
            [StyledLine("layer", .faint)]
                + tokens.map {
                    StyledLine(name($0).clipped(columns: cellWidth, more: glyphs.more), .strong)
                }
                + ["entropy", "kl"].map { StyledLine($0, .faint) }
        )
        for layer in lens.layers {
            if layer.layer == last, lens.layers.count > 1 {
                table.append([StyledLine](repeating: StyledLine(), count: tokens.count + 3))
            }
            for rank in 0..<top {
                table.append(
                    [StyledLine(rank == 0 ? "\(layer.layer)" : "", .faint)]
                        + tokens.indices.map { word(layer, $0, rank, tokens, cellWidth) }
                        + [layer.meanEntropy, layer.meanDivergence].map {
                            StyledLine(rank == 0 ? decimal($0, 2) : "")
                        }
                )
            }
        }
        return table.lines
    }

    /// A word of the lens, in an ink that shows how likely it is and whether it is right.
    private func word(
        _ layer: LogitLens.Layer,
        _ position: Int,
        _ rank: Int,
        _ tokens: [TokenID],
        _ columns: Int
    ) -> StyledLine {
        let top = layer.positions[position].top
        guard rank < top.count else { return StyledLine() }
        let found = top[rank]
        let isRight = position + 1 < tokens.count && tokens[position + 1] == found.token
        return StyledLine(
            name(found.token).clipped(columns: columns, more: glyphs.more),
            isRight ? .good : found.probability < 0.1 ? .faint : .plain
        )
    }

    /// The width of the widest word shown, up to the largest useful width.
    private func widestWord(_ lens: LogitLens, top: Int) -> Int {
        var widest = 4
        for layer in lens.layers {
            for position in layer.positions {
                for found in position.top.prefix(top) {
                    widest = max(widest, name(found.token).columnCount)
                    if widest >= Self.cellWidths.upperBound { return Self.cellWidths.upperBound }
                }
            }
        }
        return widest
    }

    /// The width of this many cells in these columns, and no wider than useful.
    private func width(of count: Int, widest: Int, _ columns: Int) -> Int {
        max(4, min(columns / count - 2, widest, Self.cellWidths.upperBound))
    }

    /// This many of the layers, evenly spaced, including the last.
    private func thinned(_ layers: [LogitLens.Layer], to count: Int) -> [LogitLens.Layer] {
        guard layers.count > count else { return layers }
        guard count > 1 else { return layers.suffix(1) }
        return (0..<count).map { layers[$0 * (layers.count - 1) / (count - 1)] }
    }
}

extension LogitLens.Layer {
    /// The mean over all positions, in nats.
    var meanEntropy: Double { mean(\.entropy) }
    /// The same for the divergence from the model's own prediction.
    var meanDivergence: Double { mean(\.kl) }

    private func mean(_ value: KeyPath<LogitLens.Position, Float>) -> Double {
        positions.reduce(0) { $0 + Double($1[keyPath: value]) } / Double(max(1, positions.count))
    }
}

/// What each layer predicts after one token, and how certain it is.
struct LensColumn {
    /// The characters to draw with.
    let glyphs: DisplayGlyphs
    /// The name of a token.
    let name: (TokenID) -> String
    /// The layer that is the model's own prediction.
    let last: Int

    private static let wordWidth = 16

    /// The lines for a terminal of this width.
    /// - Parameters:
    ///   - lens: At least one layer.
    ///   - position: A token of its text.
    ///   - columns: The width of the terminal.
    /// - Returns: A strip of the text, and a row for each layer.
    func lines(_ lens: LogitLens, at position: Int, columns: Int) -> [StyledLine] {
        let strip = TokenStrip(glyphs: glyphs, name: name)
            .lines(lens.tokens, marking: position, columns: columns)
        var heading = StyledLine("  what comes after ")
        heading.append("\(position) \(name(lens.tokens[position]))", .strong)
        heading.append(", according to each layer; 0 is before the first block")
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

/// A probability as `43%`; a tiny one as `<1%`.
func percent(_ probability: Float) -> String {
    probability > 0 && probability < 0.01 ? "<1%" : "\(decimal(Double(probability) * 100, 0))%"
}
