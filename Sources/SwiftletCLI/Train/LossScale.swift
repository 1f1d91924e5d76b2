// From losses to heights in a chart.

/// The part of the losses that a chart shows.
struct LossScale: Equatable {
    let low: Double
    let high: Double

    /// A scale for what is drawn; nil when there is nothing.
    ///
    /// The first losses of a run are so high that beside them all the others would look the same.
    /// So the highest twentieth does not count: the curve comes in from above.
    init?(_ values: [Double]) {
        guard let low = values.min(), let top = values.max() else { return nil }
        let high = values.sorted()[values.count - 1 - values.count / 20]
        // A fiftieth of the value at least, so that noise on a plateau looks nearly as flat as it
        // is.
        let least = max(abs(high) / 50, .leastNormalMagnitude)
        // Nor is it worth cutting off what fits nearly.
        let wanted = top - low < 1.25 * (high - low) ? top : high
        self.low = low
        self.high = max(wanted, low + least)
    }

    /// The place of a value among `count` heights, from 0 at the bottom; `count` where it is above
    /// the scale.
    func height(_ value: Double, of count: Int) -> Int {
        let place = ((value - low) / (high - low) * Double(count - 1)).rounded()
        return Int(min(max(place, 0), Double(count)))
    }
}
