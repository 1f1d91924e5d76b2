// The results of `inspect neurons`, for programs and for people.

import Swiftlet

/// Neurons and the places where they are most active; the keys of `inspect neurons --json`.
struct NeuronReport: Encodable {
    struct Place: Encodable {
        let activation: Float
        let token: TokenID
        let text: String
        /// Some of the text around the token, and the token itself.
        let context: String
        /// Which sequence of the text it is in, from 0.
        let sequence: Int
        /// The position in that sequence, from 0.
        let position: Int

        /// The three parts of the context.
        let parts: (before: String, token: String, after: String)

        private enum CodingKeys: String, CodingKey {
            case activation, token, text, context, sequence, position
        }
    }

    struct Neuron: Encodable {
        let neuron: Int
        let top: [Place]
    }

    let layer: Int
    let neurons: [Neuron]

    /// Context tokens on each side: about as many as fit on a line.
    private static let tokensBefore = 16
    private static let tokensAfter = 8

    init(
        _ layer: Int,
        _ excitations: [NeuronExcitations],
        _ sequences: [[TokenID]],
        _ names: TokenNames
    ) {
        self.layer = layer
        neurons = excitations.map { found in
            Neuron(
                neuron: found.neuron,
                top: found.top.map { Self.place($0, sequences[$0.sequence], names) }
            )
        }
    }

    private static func place(
        _ place: NeuronExcitations.Place,
        _ sequence: [TokenID],
        _ names: TokenNames
    ) -> Place {
        let position = place.position
        let start = max(0, position - tokensBefore)
        let end = min(sequence.count, position + 1 + tokensAfter)
        let token = sequence[position]
        func text(_ range: Range<Int>) -> String {
            names.text(
                of: sequence[range],
                after: range.lowerBound > 0 ? sequence[range.lowerBound - 1] : nil
            )
        }
        let tokenText = text(position..<position + 1)
        let parts = (
            before: text(start..<position),
            // A marker adds no text, but it has a name.
            token: tokenText.isEmpty ? names.label(of: token) : tokenText,
            after: text(position + 1..<end)
        )
        return Place(
            activation: place.activation,
            token: token,
            text: tokenText,
            // Whole, so that a character of several tokens is one.
            context: text(start..<end),
            sequence: place.sequence,
            position: position,
            parts: parts
        )
    }

    // MARK: For people

    /// How many neurons a screen has lines for.
    private static let neuronLines = 20

    /// The places of one neuron, or the first place of the most active ones.
    func lines(columns: Int) -> [StyledLine] {
        if neurons.count == 1, let neuron = neurons.first {
            let heading = "  layer \(layer), neuron \(neuron.neuron): where it is most active"
            return [StyledLine(heading).cut(to: columns), StyledLine()]
                + rows(neuron.top.map { ("", $0) }, columns)
        }
        let places = neurons.compactMap { neuron in
            neuron.top.first.map { ("\(neuron.neuron)", $0) }
        }
        // Among equals, the first neuron comes first.
        let ranked = places.enumerated()
            .sorted {
                ($1.element.1.activation, $0.offset) < ($0.element.1.activation, $1.offset)
            }
            .prefix(Self.neuronLines).map(\.element)
        let heading =
            "  layer \(layer): the \(ranked.count) most active of \(neurons.count.grouped) "
            + "neurons, and where"
        return [StyledLine(heading).cut(to: columns), StyledLine()] + rows(ranked, columns)
    }

    /// Rows with a neuron's number, the activation and the text around the token.
    private func rows(_ places: [(label: String, place: Place)], _ columns: Int) -> [StyledLine] {
        let labels = places.map(\.label.count).max() ?? 0
        let activations = places.map { decimal(Double($0.place.activation), 3) }
        let width = activations.map(\.count).max() ?? 0
        return zip(places, activations).map { row, activation in
            var line = StyledLine("  ")
            if labels > 0 {
                line.append(String(repeating: " ", count: labels - row.label.count))
                line.append(row.label + "  ", .faint)
            }
            line.append(String(repeating: " ", count: width - activation.count) + activation)
            line.append("  ")
            line.append(Self.context(row.place, columns: columns - line.width))
            return line
        }
    }

    /// The text around a token on one line, as much as there is room for; the tokens are aligned.
    private static func context(_ place: Place, columns: Int) -> StyledLine {
        let more = DisplayGlyphs.ofLocale.more
        let (before, token, after) = place.parts
        var line = StyledLine()
        let start = columns / 2
        let shown = DisplayText.escaping(before).suffix(columns: start, more: more)
        line.pad(to: start - shown.columnCount)
        line.append(shown, .faint)
        line.append("[\(DisplayText.escaping(token))]", .accent)
        line.append(DisplayText.escaping(after), .faint)
        return line.cut(to: columns)
    }
}
