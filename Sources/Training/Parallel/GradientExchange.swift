// The gradients of a step, summed over all processes while the backward pass is still running:
// those of a layer are sent as soon as they are complete, from the last layer to the first.

import Collectives
import Tensors

/// Sums the gradients of all processes.
final class GradientExchange {
    private let group: ProcessGroup
    private let shares: ParameterShares
    /// The portions of each layer, and under nil those outside layers.
    private let portions: [Int?: [ExchangePortion]]
    /// The layers, and nil, in one order for all processes.
    private let order: [Int?]
    /// Those whose gradients are still to be sent in this step.
    private var remaining: ArraySlice<Int?>
    private let memory: GradientMemory
    private var tickets: [Ticket] = []

    /// Prepares to exchange the gradients in `gradients`.
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
        remaining = order[...]
        let roomy = Self.largestPortion(of: portions)
        // Only the communication thread runs it; a thread team of its own would take processors
        // away from those that compute.
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

    /// Elements of the largest portion, counting all shares as large as the largest.
    private static func largestPortion(of portions: [Int?: [ExchangePortion]]) -> Int {
        portions.values.joined().map { portion in
            portion.ranges.count * (portion.ranges.indices.map(portion.count).max() ?? 0)
        }.max() ?? 0
    }

    /// The most bytes in flight.
    static func byteCount(_ elementCount: Int, _ parallel: DataParallel) -> Int {
        let portion = min(elementCount, ExchangePortion.largestCount)
        let (float, rounded) = (ElementType.float32.byteWidth, ElementType.bfloat16.byteWidth)
        // Two jobs at a time, and two tensors in the job that sums rounded numbers.
        return parallel.gradientType == .float32
            ? 2 * portion * float : 2 * portion * (float + 2 * rounded)
    }

    /// Sends the gradients of a layer on their way; of the last layer first.
    ///
    /// They must not be touched until ``finish()`` has returned.
    func start(layer: Int) {
        // Of an adapter, no layer has any.
        if remaining.first == layer { startNext() }
    }

    /// Sends all other gradients, also where a process has not got as far as its layers: the rest
    /// wait for as many messages from it.
    func startRest() {
        while !remaining.isEmpty { startNext() }
    }

    private func startNext() {
        let portions = portions[remaining.removeFirst()] ?? []
        tickets += portions.map { group.start(job($0)) }
    }

    private func job(_ portion: ExchangePortion) -> any CollectiveJob {
        guard let rounded = memory.rounded else {
            return GradientSum(portion, rank: group.rank, memory)
        }
        return RoundedGradientSum(portion, rank: group.rank, memory, rounded: rounded)
    }

    /// Waits until all gradients in flight are summed.
    /// - Throws: ``CollectiveError``.
    func finish() throws {
        defer { (tickets, remaining) = ([], order[...]) }
        for ticket in tickets { try ticket.wait() }
    }

    /// The global norm of all gradients, each process measuring its share.
    /// - Throws: ``CollectiveError``.
    func norm(_ ops: Ops) throws -> Float {
        let own = shares.ranges(ofRank: group.rank).reduce(0.0) { sum, range in
            sum + ops.sumOfSquares(memory.gradients[range])
        }
        return Float(try group.sum { own }.squareRoot())
    }

    /// Gives every process the parameters that the others have updated in their shares.
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

/// The parameters of a portion, from the processes that updated them to all others.
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
