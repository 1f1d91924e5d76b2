// From values to places along an axis, and the round numbers marked on it.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An axis, linear or logarithmic.
struct AxisScale: Sendable {
    /// A marked value.
    struct Tick: Sendable, Equatable {
        let value: Double
        let label: String
    }

    /// The values at both ends.
    let range: ClosedRange<Double>
    /// Whether equal distances are equal ratios.
    let isLogarithmic: Bool

    /// Below this, halves and tenths of a number lose digits and end at 0.
    private static let smallest = 1e-290

    /// An axis that shows exactly `range`, which becomes wider when it has no width.
    ///
    /// A logarithmic axis of numbers too small for it, below 1e-290, is a linear one.
    init(_ range: ClosedRange<Double>, isLogarithmic: Bool = false) {
        precondition(
            !isLogarithmic || range.lowerBound > 0,
            "a logarithmic axis shows values above 0, got \(range)"
        )
        let (low, high) = (range.lowerBound, range.upperBound)
        let margin = low == 0 ? 1 : max(abs(low) * 0.05, Self.smallest)
        let isWide = high - low > max(abs(high) * 1e-9, Self.smallest)
        self.range = isWide ? range : Self.within(low - margin, high + margin)
        self.isLogarithmic = isLogarithmic && low >= Self.smallest
    }

    /// A range of finite numbers.
    private static func within(_ low: Double, _ high: Double) -> ClosedRange<Double> {
        let largest = Double.greatestFiniteMagnitude
        return max(low, -largest)...min(high, largest)
    }

    /// An axis that shows `values` with a little air around them.
    /// - Parameters:
    ///   - values: The values to show.
    ///   - includesZero: Whether the axis starts at 0.
    ///   - logarithmicFrom: The ratio of the largest to the smallest value from which the axis is
    ///     logarithmic; nil for never.
    init(
        showing values: ClosedRange<Double>,
        includesZero: Bool = false,
        logarithmicFrom: Double? = nil
    ) {
        let (low, high) = (values.lowerBound, values.upperBound)
        if let logarithmicFrom, low >= Self.smallest, high / low >= logarithmicFrom,
            (high / low).isFinite
        {
            let air = pow(high / low, 0.04)
            self.init(Self.within(low / air, high * air), isLogarithmic: true)
        } else {
            // Halves, because the width of a range of extremes is not finite.
            let air = (high / 2 - low / 2) * 0.1
            let bottom = includesZero ? min(0, low) : low - air
            self.init(Self.within(bottom, max(high + air, bottom)))
        }
    }

    /// Where a value is: 0 at the low end, 1 at the high end, beyond them outside.
    func fraction(of value: Double) -> Double {
        guard isLogarithmic else {
            let width = range.upperBound / 2 - range.lowerBound / 2
            return (value / 2 - range.lowerBound / 2) / width
        }
        guard value > 0 else { return -.infinity }
        return log(value / range.lowerBound)
            / log(range.upperBound / range.lowerBound)
    }

    // MARK: Ticks

    /// Round numbers on the axis, about `count` of them.
    /// - Parameters:
    ///   - count: How many there is room for.
    ///   - label: Writes a number; nil for as many digits as tell the marked ones apart.
    /// - Returns: From the lowest to the highest.
    func ticks(count: Int, label: ((Double) -> String)? = nil) -> [Tick] {
        let values = isLogarithmic ? logarithmicTicks(count: count) : linearTicks(count: count)
        let label = label ?? (isLogarithmic ? { NumberText.compact($0) } : Self.label(of: values))
        return values.map { Tick(value: $0, label: label($0)) }
    }

    /// Writes evenly spaced numbers with the same decimals.
    private static func label(of values: [Double]) -> (Double) -> String {
        guard values.count > 1, let last = values.last, abs(last) < 10_000 else {
            return { NumberText.compact($0) }
        }
        let step = values[1] - values[0]
        let places = (0...9).first { places in
            let units = step * NumberText.power(places)
            return units > 0.5 && abs(units - units.rounded()) < 0.01
        }
        return places.map { places in { NumberText.fixed($0, places) } }
            ?? { NumberText.significant($0) }
    }

    private func linearTicks(count: Int) -> [Double] {
        let rough = (range.upperBound - range.lowerBound) / Double(count)
        guard rough.isFinite, rough > 0 else { return [] }
        let exponent = NumberText.exponent(of: rough)
        guard abs(exponent) <= 300 else { return [] }
        let power = NumberText.power(exponent)
        let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
        let first = (range.lowerBound / step).rounded(.up)
        let last = (range.upperBound / step).rounded(.down)
        guard first.magnitude < 1e15, last >= first else { return [] }
        return (0...Int(last - first)).map { (first + Double($0)) * step }
    }

    private func logarithmicTicks(count: Int) -> [Double] {
        let lowest = NumberText.exponent(of: range.lowerBound)
        let highest = NumberText.exponent(of: range.upperBound)
        guard abs(lowest) <= 300, abs(highest) <= 300 else { return [] }
        let mantissas: [[Double]] = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7]]
        let stride = max(1, (highest - lowest) / max(count, 1))
        let choices = mantissas.map { mantissas in
            Swift.stride(from: lowest, through: highest, by: stride)
                .flatMap { exponent in mantissas.map { $0 * NumberText.power(exponent) } }
                .filter { range.contains($0) }
        }
        return choices.first { $0.count >= 4 } ?? linearTicks(count: count)
    }
}
