// Which conversations share a sequence, in one epoch.

import RandomNumbers
import Tokenization

/// Conversations in the order of an epoch, cut into rows: each takes the next ones while they fit.
struct ConversationPacking: Sendable {
    /// The epoch, from 0.
    let epoch: Int
    /// The numbers of the conversations in the order of the epoch.
    private let order: [Int32]
    /// Where in `order` rows begin, and last its end.
    private let rowStarts: [Int]

    /// How many rows the epoch has.
    var rowCount: Int { rowStarts.count - 1 }

    /// Packs conversations, none of which is longer than a row.
    init(_ texts: [ConversationTokens], _ source: TokenLoaderSource, epoch: Int) {
        self.epoch = epoch
        var order = [Int32](0..<Int32(texts.count))
        if let seed = source.seed {
            var generator = MersenneTwister(seed: CountedHash(seed: seed)[epoch])
            generator.permute(&order)
        }
        var rowStarts = [0]
        // The last target needs a place too.
        let limit = source.sequenceLength + 1
        var used = 0
        for (place, text) in order.enumerated() {
            let count = texts[Int(text)].tokens.count
            if used + count > limit {
                rowStarts.append(place)
                used = 0
            }
            used += count
        }
        self.order = order
        self.rowStarts = rowStarts + [order.count]
    }

    /// The numbers of the conversations of a row.
    func texts(ofRow row: Int) -> [Int] {
        order[rowStarts[row]..<rowStarts[row + 1]].map { Int($0) }
    }
}
