// The results of `inspect weights`, for programs and for people.

import Swiftlet

/// A tensor and its statistics; the keys of `inspect weights --json`.
struct WeightReport: Encodable {
    let name: String
    /// Left out if no layer was chosen.
    let layer: Int?
    let shape: [Int]
    let dtype: String
    @NullIfMissing private(set) var mean: Double?
    @NullIfMissing private(set) var std: Double?
    @NullIfMissing private(set) var minimum: Double?
    @NullIfMissing private(set) var maximum: Double?
    /// How many numbers are infinite or NaN.
    let nonFinite: Int
    /// Nil unless the tensor is a matrix of finite numbers.
    @NullIfMissing private(set) var singularValues: [Double]?

    private let isStack: Bool
    private let statistics: WeightStatistics

    private enum CodingKeys: String, CodingKey {
        case name, layer, shape, dtype, mean, std, minimum, maximum, nonFinite, singularValues
    }

    init(_ tensor: NamedTensor, _ statistics: WeightStatistics) {
        name = tensor.name
        layer = tensor.layer
        shape = tensor.shape
        dtype = tensor.type
        mean = statistics.mean
        std = statistics.standardDeviation
        minimum = statistics.minimum
        maximum = statistics.maximum
        nonFinite = statistics.nonFiniteCount
        singularValues = statistics.singularValues
        isStack = tensor.isStack
        self.statistics = statistics
    }

    // MARK: For people

    private static let labelColumns = 17

    /// Facts one below another, then the heat map, for a terminal of this width.
    func lines(columns: Int) -> [StyledLine] {
        var lines: [StyledLine] = []
        func add(_ label: String, _ value: String) {
            var line = StyledLine("  ")
            line.append(label, .faint)
            line.pad(to: 2 + Self.labelColumns)
            line.append(value)
            lines.append(line)
        }
        add("tensor", name + (layer.map { ", layer \($0)" } ?? ""))
        add("shape", shape.map(String.init).joined(separator: " x "))
        add("type", dtype)
        for (label, value) in [
            ("mean", mean), ("std", std), ("minimum", minimum), ("maximum", maximum),
        ] {
            add(label, value.map(Self.number) ?? "none")
        }
        if nonFinite > 0 { add("not finite", nonFinite.grouped) }
        add("singular values", singularValueText)
        if let curve = singularValueCurve(columns: columns - Self.labelColumns - 4) {
            add("", curve)
        }
        return (lines + heatMap).map { $0.cut(to: columns) }
    }

    private static func number(_ value: Double) -> String {
        NumberText.significant(value, digits: 4, style: .plain)
    }

    private var singularValueText: String {
        if let singularValues {
            guard let first = singularValues.first, let last = singularValues.last else {
                return "none"
            }
            let ends = "from \(Self.number(first)) down to \(Self.number(last))"
            return singularValues.count == 1
                ? Self.number(first) : "\(singularValues.count), \(ends)"
        }
        if isStack && shape.count > 2 { return "choose one layer with --layer" }
        return nonFinite > 0 && shape.count == 2
            ? "none, because not all numbers are finite" : "none, because it is not a matrix"
    }

    /// The singular values as a curve, as many as there is room for.
    private func singularValueCurve(columns: Int) -> String? {
        guard let singularValues, singularValues.count > 2, columns > 2 else { return nil }
        let count = min(singularValues.count, columns)
        let chosen = (0..<count).map {
            singularValues[$0 * (singularValues.count - 1) / (count - 1)]
        }
        let curve = DisplayGlyphs.ofLocale.curve(chosen)
        return curve.isEmpty ? nil : curve
    }

    /// Magnitudes as shades.
    private var heatMap: [StyledLine] {
        let picture = statistics.picture
        guard let low = picture.magnitudes.min(), let high = picture.magnitudes.max() else {
            return []
        }
        let glyphs = DisplayGlyphs.ofLocale
        let span = Double(high - low)
        let ends = [low, high].map { Self.number(Double($0)) }
        var heading = StyledLine("  root mean square of each cell, from \(ends[0]) [")
        heading.append(String(glyphs.shade(0)), .accent)
        heading.append("] to \(ends[1]) [")
        heading.append(String(glyphs.shade(1)), .accent)
        heading.append("]")
        let rows = (0..<picture.rows).map { row in
            var line = StyledLine("  ")
            let cells = picture.magnitudes[(row * picture.columns)..<((row + 1) * picture.columns)]
            line.append(
                String(cells.map { glyphs.shade(span > 0 ? Double($0 - low) / span : 0.5) }),
                .accent
            )
            return line
        }
        return [StyledLine(), heading, StyledLine()] + rows
    }
}
