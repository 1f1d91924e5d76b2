// What a model loses without one of its parts. What is below a part does not depend on it, so the
// residual stream and the heads' outputs of the whole model are kept, and a pass without a part
// begins at its layer's projection.

import Inference
import Tensors

/// The losses of a model without each of some heads and feed-forward networks.
public struct Ablation: Sendable, Equatable, Codable {
    /// The model without one part.
    public struct Part: Sendable, Equatable, Codable {
        /// The block.
        public let layer: Int
        /// The head whose output was zero before the projection; nil if the block's feed-forward
        /// network added nothing.
        public let head: Int?
        /// The mean loss without it, in nats per token.
        public let loss: Double
        /// How much higher that is than the whole model's.
        public let change: Double

        /// Names a loss.
        package init(layer: Int, head: Int?, loss: Double, change: Double) {
            self.layer = layer
            self.head = head
            self.loss = loss
            self.change = change
        }
    }

    /// The whole model's mean loss, in nats per token.
    public let loss: Double
    /// The number of tokens that were predicted.
    public let tokenCount: Int
    /// The model without each head, ordered by layer and head.
    public let heads: [Part]
    /// The model without each feed-forward network, ordered by layer.
    public let mlps: [Part]

    /// Names the losses.
    package init(loss: Double, tokenCount: Int, heads: [Part], mlps: [Part]) {
        self.loss = loss
        self.tokenCount = tokenCount
        self.heads = heads
        self.mlps = mlps
    }
}

extension InspectableModel {
    /// What the model loses without each of its heads, and without each feed-forward network.
    ///
    /// A head is ablated by making its output zero before the projection, at every position; a
    /// feed-forward network by omitting what it adds to the residual stream, bias included. Texts
    /// are taken `batchSize` at a time, and `4 * (C + NH * HS)` bytes per token and layer are kept:
    /// 75 MB for 1,024 tokens of GPT-2 124M.
    /// - Parameters:
    ///   - sequences: The texts, each of at most one token more than
    ///     ``LanguageModel/contextLength``: all but the first are predicted. Texts of one token are
    ///     ignored.
    ///   - layers: The layers whose parts are ablated; nil for all.
    ///   - heads: The heads in them; nil for all, an empty array for none.
    ///   - mlps: Whether feed-forward networks are ablated too.
    ///   - batchSize: Texts computed together, at least 1.
    ///   - progress: Called with the number of finished passes and the total.
    /// - Returns: The losses: means over all predicted tokens.
    /// - Throws: ``InterpretabilityError`` for what the model does not have, texts with nothing to
    ///   predict, or weights that are not finite; what the model's pass throws, or `progress`.
    package func ablate(
        _ sequences: [[Int32]],
        layers: [Int]? = nil,
        heads: [Int]? = nil,
        mlps: Bool = false,
        batchSize: Int = 1,
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> Ablation {
        precondition(batchSize >= 1, "batches of \(batchSize) texts")
        let layers = try checkedLayers(layers)
        let heads = try checkedHeads(heads)
        let sequences = try checkedPairs(sequences, unseen: 1)
        let parts = layers.flatMap { layer in
            heads.map { AblatedPart(layer: layer, head: $0) }
                + (mlps ? [AblatedPart(layer: layer, head: nil)] : [])
        }
        let batches = stride(from: 0, to: sequences.count, by: batchSize).map {
            Array(sequences[$0..<min($0 + batchSize, sequences.count)])
        }
        let bench = try AblationBench(self, layers: layers, batches: batches)
        let total = batches.count * (parts.count + 1)
        var done = 0
        func count(_ losses: [[Float]]) throws -> Double {
            done += 1
            let sum = losses.joined().reduce(0.0) { $0 + Double($1) }
            guard sum.isFinite else { throw InterpretabilityError.notFinite("losses") }
            try progress(done, total)
            return sum
        }
        var whole = 0.0
        var sums = [Double](repeating: 0, count: parts.count)
        for batch in batches {
            whole += try count(bench.losses(of: batch))
            for (index, part) in parts.enumerated() {
                sums[index] += try count(bench.losses(of: batch, without: part))
            }
        }
        let tokenCount = sequences.reduce(0) { $0 + $1.count - 1 }
        let loss = whole / Double(tokenCount)
        let results = zip(parts, sums).map { part, sum in
            Ablation.Part(
                layer: part.layer,
                head: part.head,
                loss: sum / Double(tokenCount),
                change: sum / Double(tokenCount) - loss
            )
        }
        return Ablation(
            loss: loss,
            tokenCount: tokenCount,
            heads: results.filter { $0.head != nil },
            mlps: results.filter { $0.head == nil }
        )
    }
}

/// A head of a layer, or the layer's feed-forward network.
private struct AblatedPart {
    let layer: Int
    let head: Int?
}

/// Sequences in which a model is run again and again, and what is kept of the whole model's run.
private final class AblationBench {
    private let model: any InspectableModel
    private let session: any HookedSession
    private let layers: [Int]
    // Rows of all texts of a batch, one after the other.
    private let residual: Tensor  // (layers, N, C)
    private let z: Tensor  // (layers, N, NH * HS)
    private let residualMid: Tensor  // (N, C)
    /// Where the rows of each text begin.
    private var firstRows: [Int] = []

    /// Makes room for the largest batch.
    init(_ model: any InspectableModel, layers: [Int], batches: [[[Int32]]]) throws {
        self.model = model
        self.layers = layers
        let rows = batches.map { $0.reduce(0) { $0 + $1.count - 1 } }
        let N = rows.max() ?? 0
        let ops = model.ops
        residual = try ops.tensor([layers.count, N, model.channels])
        z = try ops.tensor([layers.count, N, model.headCount * model.headSize])
        residualMid = try ops.tensor([N, model.channels])
        session = try model.makeHookedSession(
            sequenceCount: batches.reduce(1) { max($0, $1.count) },
            tokenCapacity: batches.joined().reduce(1) { max($0, $1.count - 1) }
        )
    }

    /// The losses of the whole model; keeps what passes without a part begin with.
    func losses(of batch: [[Int32]]) throws -> [[Float]] {
        firstRows = []
        var row = 0
        for text in batch {
            firstRows.append(row)
            row += text.count - 1
        }
        let points = layers.flatMap { [HookPoint.residualPre(layer: $0), .z(layer: $0)] }
        return try run(
            batch,
            PassHooks(Set(points)) { [unowned self] value in
                model.ops.copy(value.tensor, to: kept(value))
            }
        )
    }

    /// The losses without a part, for the batch of the last run of the whole model.
    func losses(of batch: [[Int32]], without part: AblatedPart) throws -> [[Float]] {
        let (layer, ops, HS) = (part.layer, model.ops, model.headSize)
        var points: Set<HookPoint> = [.residualPre(layer: layer), .z(layer: layer)]
        if part.head == nil {
            points.formUnion([.residualMid(layer: layer), .residualPost(layer: layer)])
        }
        let hooks = PassHooks(points, resumedLayer: layer) { [unowned self] value in
            switch value.point {
            case .residualMid:
                ops.copy(value.tensor, to: residualMid[rows(of: value)])
            case .residualPost:
                ops.copy(residualMid[rows(of: value)], to: value.tensor)
            default:
                ops.copy(kept(value), to: value.tensor)
                if case .z = value.point, let head = part.head {
                    ops.scale(TensorColumns(value.tensor, head * HS..<(head + 1) * HS), by: 0)
                }
            }
        }
        return try run(batch, hooks)
    }

    /// Where the rows of a piece of the pass are in the batch: side by side, since pieces are cut
    /// from the texts in order.
    private func rows(of value: HookedValue) -> Range<Int> {
        let first = firstRows[value.parts[0].sequence] + value.parts[0].past
        return first..<first + value.tensor.shape[0]
    }

    private func kept(_ value: HookedValue) -> Tensor {
        let index = layers.firstIndex(of: value.point.layer) ?? 0
        let tensor = if case .z = value.point { z } else { residual }
        return tensor[index][rows(of: value)]
    }

    private func run(_ batch: [[Int32]], _ hooks: PassHooks) throws -> [[Float]] {
        let parts = batch.enumerated().map { index, text in
            ScoredPart(
                sequence: index,
                tokens: Array(text.dropLast()),
                targets: Array(text.dropFirst())
            )
        }
        defer { for index in batch.indices { session.truncate(index, to: 0) } }
        return try session.losses(appending: parts, hooks: hooks)
    }
}
