// Which parameters' moments a process has, or its state file; and where they lie in either. A run
// may go on with other processes than those that wrote its files, so the two need not be the same.

import Collectives
import LanguageModels
import Tensors

/// The parameters that are one process's among several, or all of them.
package struct StateShare {
    /// Which process it is, from 0.
    package let rank: Int
    /// How many there are.
    package let processCount: Int
    /// Its elements among those of all parameters, in order; no two of these touch.
    package let ranges: [Range<Int>]
    /// How many elements it has.
    package let elementCount: Int

    /// The share of a process.
    package init(_ shares: ParameterShares, rank: Int) {
        (self.rank, processCount) = (rank, shares.processCount)
        var ranges: [Range<Int>] = []
        for range in shares.ranges(ofRank: rank) where !range.isEmpty {
            if let last = ranges.last, last.upperBound == range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        self.ranges = ranges
        elementCount = ranges.reduce(0) { $0 + $1.count }
    }

    /// The share of the process of a group that asks; of one alone it is everything.
    init(_ model: TransformerModel, _ group: ProcessGroup) {
        self.init(ParameterShares(model, processCount: group.processCount), rank: group.rank)
    }

    /// Where the elements are in a tensor that has them alone, or those of all parameters.
    func places(in tensor: Tensor) -> [Range<Int>] {
        if tensor.count == elementCount, elementCount > 0 { return [0..<elementCount] }
        precondition(
            tensor.count >= ranges.last?.upperBound ?? 0,
            "\(tensor.count) elements for \(elementCount) of a share"
        )
        return ranges
    }

    /// What this share and another have in common.
    /// - Returns: Elements that lie together in both: the place of the first of them among the
    ///   elements of each, and their number.
    func overlaps(with other: Self) -> [(place: Int, otherPlace: Int, count: Int)] {
        var overlaps: [(Int, Int, Int)] = []
        // How many elements of each lie before the ranges at hand.
        var (index, before, otherIndex, otherBefore) = (0, 0, 0, 0)
        while index < ranges.count, otherIndex < other.ranges.count {
            let (range, otherRange) = (ranges[index], other.ranges[otherIndex])
            let common = range.clamped(to: otherRange)
            if !common.isEmpty {
                overlaps.append(
                    (
                        before + common.lowerBound - range.lowerBound,
                        otherBefore + common.lowerBound - otherRange.lowerBound, common.count
                    )
                )
            }
            if range.upperBound <= otherRange.upperBound {
                before += range.count
                index += 1
            } else {
                otherBefore += otherRange.count
                otherIndex += 1
            }
        }
        return overlaps
    }
}
