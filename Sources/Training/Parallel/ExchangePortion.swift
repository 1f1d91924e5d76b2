// What is exchanged at a time: enough to be worth a message to every process, and little enough to
// have memory for.

import Collectives
import Tensors

/// Some elements of the parameters, and the processes they belong to.
struct ExchangePortion {
    /// The most elements in a portion, apart from rounding: 16 MiB in float32.
    static let largestCount = 1 << 22

    /// For each process, its elements among those of all parameters.
    let ranges: [[Range<Int>]]

    /// How many elements a process has.
    func count(ofRank rank: Int) -> Int { ranges[rank].reduce(0) { $0 + $1.count } }

    /// All processes but one.
    func peers(of rank: Int) -> [Int] { ranges.indices.filter { $0 != rank } }

    /// Where a process puts what a peer has for its share, among what it receives from all of them.
    func place(from peer: Int, to rank: Int) -> Range<Int> {
        let count = count(ofRank: rank)
        // It sends nothing to itself.
        let start = (peer < rank ? peer : peer - 1) * count
        return start..<start + count
    }

    /// Divides pieces into portions in which every process has about the same amount.
    static func portions(
        of pieces: [ParameterShares.Piece],
        _ shares: ParameterShares
    ) -> [ExchangePortion] {
        let elementCount = pieces.reduce(0) { $0 + $1.range.count }
        let count = (elementCount + largestCount - 1) / largestCount
        return (0..<count).map { portion in
            let ranges = (0..<shares.processCount).map { rank in
                pieces.map { piece in
                    let all = shares.range(of: piece, rank: rank)
                    let start = all.lowerBound
                    return start + all.count * portion / count..<start + all.count * (portion + 1)
                        / count
                }.filter { !$0.isEmpty }
            }
            return ExchangePortion(ranges: ranges)
        }
    }
}

extension Tensor {
    /// A message with the elements, which must not change until it is done.
    func message(to peer: Int) -> Message {
        withUnsafeBytes { values, _ in .sending(values, to: peer) }
    }

    /// A message that fills the elements, which must not be touched until it is done.
    func message(from peer: Int) -> Message {
        precondition(isWritable, "messages received into the pages of a file")
        return withUnsafeBytes { values, _ in
            .receiving(UnsafeMutableRawBufferPointer(mutating: values), from: peer)
        }
    }
}
