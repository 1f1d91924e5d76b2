// The gradients of a step, added up over all processes while the backward pass still goes on: those
// of a layer travel as soon as they are complete, from the last layer to the first.

import Collectives
import Tensors

/// Adds up the gradients of all processes.
final class GradientExchange {
    private let group: ProcessGroup
    private let shares: ParameterShares
    /// The portions of each layer, and under nil of what no layer has.
    private let portions: [Int?: [ExchangePortion]]
    /// The layers, and nil, in one order for all processes.
    private let order: [Int?]
    private let memory: GradientMemory
    private var tickets: [Ticket] = []

    /// Prepares the exchange of gradients that lie in `gradients`.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    init(
        _ gradients: TensorSet,
        _ shares: ParameterShares,
        _ group: ProcessGroup,
        _ parallel: DataParallel,
        ops: Ops
    ) throws {
        (self.shares, self.group) = (shares, group)
        portions = Dictionary(grouping: shares.pieces, by: \.layer)
            .mapValues { ExchangePortion.portions(of: $0, shares) }
        order = portions.keys.sorted { ($0 ?? -1) > ($1 ?? -1) }
        let roomy = Self.largestPortion(of: portions)
        // Only the communication thread runs it; a team of threads of its own would take the
        // processors from those that compute.
        let lane = try ops.forLane()
        memory = GradientMemory(
            gradients: gradients.flat,
            returnsSums: !parallel.shardsOptimizer,
            ops: lane,
            floats: ExchangeBuffers(count: roomy, elementType: .float32, ops: lane),
            rounded: parallel.gradientType == .bfloat16
                ? ExchangeBuffers(count: roomy, elementType: .bfloat16, ops: lane) : nil
        )
    }

    /// Elements of the largest portion, all processes' shares of the size of the largest.
    private static func largestPortion(of portions: [Int?: [ExchangePortion]]) -> Int {
        portions.values.joined().map { portion in
            portion.ranges.count * (portion.ranges.indices.map(portion.count).max() ?? 0)
        }.max() ?? 0
    }

    /// Bytes of what is under way, at most.
    static func byteCount(_ elementCount: Int, _ parallel: DataParallel) -> Int {
        let portion = min(elementCount, ExchangePortion.largestCount)
        let (float, rounded) = (ElementType.float32.byteWidth, ElementType.bfloat16.byteWidth)
        // Two jobs at a time, and two tensors in the one that adds up rounded numbers.
        return parallel.gradientType == .float32
            ? 2 * portion * float : 2 * portion * (float + 2 * rounded)
    }

    /// Sends the gradients of a layer, or under nil of what no layer has, on their way.
    ///
    /// Nobody may touch them before ``finish()`` has returned.
    func start(layer: Int?) {
        for portion in portions[layer] ?? [] {
            tickets.append(group.start(job(portion)))
        }
    }

    private func job(_ portion: ExchangePortion) -> any CollectiveJob {
        guard let rounded = memory.rounded else {
            return GradientSum(portion, rank: group.rank, memory)
        }
        return RoundedGradientSum(portion, rank: group.rank, memory, rounded: rounded)
    }

    /// Returns when all gradients that are on their way are added up.
    /// - Throws: ``CollectiveError``.
    func finish() throws {
        defer { tickets = [] }
        for ticket in tickets { try ticket.wait() }
    }

    /// The global norm of all gradients, of which each process measures its share.
    /// - Throws: ``CollectiveError``.
    func norm(_ ops: Ops) throws -> Float {
        let own = shares.ranges(ofRank: group.rank).reduce(0.0) { sum, range in
            sum + ops.sumOfSquares(memory.gradients[range])
        }
        return Float(try group.sum(own).squareRoot())
    }

    /// Gives every process the parameters that each has updated of its own share.
    /// - Parameter parameters: In the layout of the gradients.
    /// - Throws: ``CollectiveError``.
    func gather(_ parameters: TensorSet) throws {
        let parameters = parameters.flat
        let tickets = order.flatMap { portions[$0] ?? [] }.map { portion in
            group.start(ParameterGathering(portion, parameters, rank: group.rank))
        }
        for ticket in tickets { try ticket.wait() }
    }
}

/// The parameters of a portion, from those who have updated them to all others.
private final class ParameterGathering: CollectiveJob {
    private let portion: ExchangePortion
    private let parameters: Tensor
    private let rank: Int
    private var hasBegun = false

    init(_ portion: ExchangePortion, _ parameters: Tensor, rank: Int) {
        (self.portion, self.parameters, self.rank) = (portion, parameters, rank)
    }

    func nextMessages() -> [Message]? {
        defer { hasBegun = true }
        return hasBegun ? nil : portion.gathering(parameters, rank: rank)
    }
}

extension ProcessGroup {
    /// The sum of a number over all processes, in the order of their ranks.
    /// - Throws: ``CollectiveError``.
    func sum(_ value: Double) throws -> Double {
        try gather([value]).reduce(0.0) { $0 + ($1.first ?? 0) }
    }
}
