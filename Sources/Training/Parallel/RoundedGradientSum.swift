// The sum of a portion of the gradients that is sent in bfloat16: half the bytes. It is added up in
// float32, and rounded once more when it is sent back.

import Collectives
import Tensors

/// The sum of a portion, rounded when sent.
final class RoundedGradientSum: CollectiveJob {
    private let portion: ExchangePortion
    private let rank: Int
    private let memory: GradientMemory
    private let rounded: ExchangeBuffers
    /// Outgoing and incoming numbers, each with room for a whole portion.
    private var buffers: (out: Tensor, in: Tensor)?
    private var phase = 0

    init(
        _ portion: ExchangePortion,
        rank: Int,
        _ memory: GradientMemory,
        rounded: ExchangeBuffers
    ) {
        (self.portion, self.rank, self.memory) = (portion, rank, memory)
        self.rounded = rounded
    }

    private var peers: [Int] { portion.peers(of: rank) }

    func nextMessages() throws -> [Message]? {
        phase += 1
        switch phase {
        case 1:
            let buffers = (out: try rounded.take(), in: try rounded.take())
            self.buffers = buffers
            return peers.flatMap { peer -> [Message] in
                let out = place(of: peer, in: buffers.out)
                round(portion.ranges[peer], to: out)
                let incoming = buffers.in[portion.place(from: peer, to: rank)]
                return [out.message(to: peer), incoming.message(from: peer)]
            }
        case 2:
            guard let buffers else { return nil }
            try add(buffers.in)
            guard memory.returnsSums else { return giveBack() }
            let own = place(of: rank, in: buffers.out)
            round(portion.ranges[rank], to: own)
            return peers.flatMap { peer in
                [own.message(to: peer), place(of: peer, in: buffers.in).message(from: peer)]
            }
        default:
            guard let buffers else { return nil }
            // This process also uses what it sent, so that all have the same numbers.
            try widen(place(of: rank, in: buffers.out), to: portion.ranges[rank])
            for peer in peers {
                try widen(place(of: peer, in: buffers.in), to: portion.ranges[peer])
            }
            return giveBack()
        }
    }

    private func giveBack() -> [Message]? {
        for buffer in [buffers?.out, buffers?.in].compactMap(\.self) { rounded.giveBack(buffer) }
        buffers = nil
        return nil
    }

    /// A process's share in a buffer that has room for those of all.
    private func place(of peer: Int, in buffer: Tensor) -> Tensor {
        let start = (0..<peer).reduce(0) { $0 + portion.count(ofRank: $1) }
        return buffer[start..<start + portion.count(ofRank: peer)]
    }

    /// Rounds gradients, range after range.
    private func round(_ ranges: [Range<Int>], to buffer: Tensor) {
        var start = 0
        for range in ranges {
            let part = buffer[start..<start + range.count]
            memory.ops.store(row(memory.gradients[range]), in: row(part))
            start += range.count
        }
    }

    /// The reverse.
    private func widen(_ buffer: Tensor, to ranges: [Range<Int>]) throws {
        var start = 0
        for range in ranges {
            let part = buffer[start..<start + range.count]
            try memory.ops.copy(row(part), into: row(memory.gradients[range]))
            start += range.count
        }
    }

    private func row(_ tensor: Tensor) -> Tensor { tensor.reshaped([1, tensor.count]) }

    /// Adds what has arrived to this process's share, in rank order.
    private func add(_ received: Tensor) throws {
        let count = portion.count(ofRank: rank)
        let (sum, addend) = (try memory.floats.take(), try memory.floats.take())
        defer { [sum, addend].forEach(memory.floats.giveBack) }
        // This process's share is in ranges there, and in one piece here.
        let (own, other) = (sum[0..<count], addend[0..<count])
        func load(_ peer: Int, into tensor: Tensor) throws {
            guard peer == rank else {
                let incoming = received[portion.place(from: peer, to: rank)]
                return try memory.ops.copy(row(incoming), into: row(tensor))
            }
            var start = 0
            for range in portion.ranges[rank] {
                memory.ops.copy(
                    memory.gradients[range],
                    to: tensor[start..<start + range.count]
                )
                start += range.count
            }
        }
        try load(0, into: own)
        for peer in portion.ranges.indices.dropFirst() {
            try load(peer, into: other)
            memory.ops.residualForward(out: own, a: own, b: other)
        }
        var start = 0
        for range in portion.ranges[rank] {
            memory.ops.copy(own[start..<start + range.count], to: memory.gradients[range])
            start += range.count
        }
    }
}
