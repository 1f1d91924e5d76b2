// A portion of the gradients, summed over all processes: each process receives the others' numbers
// for its own share, adds them, and sends the sums to the others if they need them.
//
// MPI_Iallreduce would also do. But the library chooses the order of additions, and it knows no
// bfloat16. Here it is rank order: the same bits in every process, in every run and with every
// library, and the same share with whole optimizers and with sharded ones.

import Collectives
import Tensors

/// What all sums of a trainer's gradients share.
struct GradientMemory {
    /// The gradients of all parameters, flat and float32.
    let gradients: Tensor
    /// Whether every process gets all sums, or only those of its own share.
    let returnsSums: Bool
    /// Operations on the thread that calls them.
    let ops: Ops
    /// Room for a portion in float32, or in what is sent instead.
    let floats: ExchangeBuffers
    /// Room for portions in bfloat16; nil if gradients are sent in float32.
    let rounded: ExchangeBuffers?
}

/// The sum of a portion that is sent in float32, directly from and to the gradients.
final class GradientSum: CollectiveJob {
    private let portion: ExchangePortion
    private let rank: Int
    private let memory: GradientMemory
    private var received: Tensor?
    private var phase = 0

    init(_ portion: ExchangePortion, rank: Int, _ memory: GradientMemory) {
        (self.portion, self.rank, self.memory) = (portion, rank, memory)
    }

    func nextMessages() throws -> [Message]? {
        phase += 1
        switch phase {
        case 1:
            let received = try memory.floats.take()
            self.received = received
            return portion.peers(of: rank).flatMap { peer in
                portion.ranges[peer].map { memory.gradients[$0].message(to: peer) }
                    + parts(of: received, from: peer).map { $0.message(from: peer) }
            }
        case 2:
            guard let received else { return nil }
            add(received)
            memory.floats.giveBack(received)
            return memory.returnsSums ? portion.gathering(memory.gradients, rank: rank) : nil
        default:
            return nil
        }
    }

    /// The places of a peer's numbers, range by range of this process's share.
    private func parts(of received: Tensor, from peer: Int) -> [Tensor] {
        var start = portion.place(from: peer, to: rank).lowerBound
        return portion.ranges[rank].map { range in
            defer { start += range.count }
            return received[start..<start + range.count]
        }
    }

    private func add(_ received: Tensor) {
        let parts = portion.ranges.indices.map { peer in
            peer == rank
                ? portion.ranges[rank].map { memory.gradients[$0] }
                : self.parts(of: received, from: peer)
        }
        for (index, own) in parts[rank].enumerated() {
            var sum = parts[0][index]
            for peer in 1..<parts.count {
                // From this process's own numbers on, the sum is in its place.
                let place = peer == rank ? own : sum
                memory.ops.residualForward(out: place, a: sum, b: parts[peer][index])
                sum = place
            }
        }
    }
}

extension ExchangePortion {
    /// Every process's numbers of a portion, sent to all others.
    /// - Parameters:
    ///   - tensor: Flat, with a place for each of the parameters.
    ///   - rank: Which process this is.
    /// - Returns: What this process sends and receives.
    func gathering(_ tensor: Tensor, rank: Int) -> [Message] {
        peers(of: rank).flatMap { peer in
            ranges[rank].map { tensor[$0].message(to: peer) }
                + ranges[peer].map { tensor[$0].message(from: peer) }
        }
    }
}
