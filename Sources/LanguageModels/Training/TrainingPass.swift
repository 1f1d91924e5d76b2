// The steps of a pass over one lane, common to all stacks of transformer blocks: embedding, blocks,
// final normalization, and logits chunk by chunk; then back in the reverse order. The family
// defines what a block computes.

import Tensors

/// A pass of a model over the sequences of one lane of a workspace.
///
/// The gradient of the residual stream flows through one buffer, to which each normalization adds
/// what its branch contributes, so a block needs no memory of its own in the backward pass.
package protocol TrainingPass {
    /// The weights or their gradients, by kind.
    associatedtype Weights

    /// The model's sizes.
    var sizes: any ModelConfiguration { get }
    /// The sequences, and the memory for them.
    var lane: TrainingLane { get }
    /// The matrix that produces logits, (V, C).
    var classifier: Tensor { get }

    /// Sets the residual before the first block to the embeddings of the tokens.
    func embed()
    /// One block, from its residual to everything its backward pass needs.
    func forwardBlockInside(_ layer: Int)
    /// The last product of a block, which produces the residual after it.
    func forwardBlockOutput(_ layer: Int)
    /// Normalizes the residual after the last block into `lane.normalized`.
    func normalizeOutput()

    /// Wraps a set that has the layout of the weights.
    func tensors(in set: TensorSet) -> Weights
    /// The classifier's gradient.
    func classifierGradient(_ gradients: Weights) -> Tensor
    /// Turns the gradient of the final normalization's output, in `dinner`, into that of its input,
    /// which is added to `dresidual`.
    func backwardOutput(_ gradients: PassGradients<Weights>)
    /// One block: turns the gradient of the residual stream after it into that before it.
    ///
    /// It adds to the gradients of matrices, or overwrites them, depending on `accumulate`.
    func backwardBlock(_ layer: Int, _ gradients: PassGradients<Weights>, accumulate: Bool)
    /// Turns the gradient of the residual before the first block into those of the embeddings.
    func backwardEmbedding(_ gradients: Weights)
}

extension TrainingPass {
    /// What runs the arithmetic.
    var ops: Ops { lane.ops }

    /// From the tokens to the output of the final normalization, in `lane.normalized`.
    func forwardBlocks() {
        embed()
        dropEmbeddings(lane.residual(0))
        for layer in 0..<sizes.layerCount {
            forwardBlockInside(layer)
            forwardBlockOutput(layer)
        }
        normalizeOutput()
    }

    /// The V logits of one row of `lane.normalized`.
    func logitRow(_ row: Int) -> [Float] {
        let padded = logits(of: row..<row + 1)
        return Array(ops.floats(padded).prefix(sizes.vocabularySize))
    }

    /// The logits of some rows of `lane.normalized`, in the lane's chunk.
    private func logits(of rows: Range<Int>) -> Tensor {
        // Rows that pad a vocabulary only exist if the weights are trained.
        let width = classifier.shape[0]
        let logits = lane.logits.reshaped([lane.logits.count])[0..<rows.count * width]
            .reshaped([rows.count, width])
        ops.matmulForward(out: logits, inp: lane.normalized[rows], weight: classifier)
        return logits
    }

    /// Calls `body` with the logits of the first `rowCount` rows, or of all, a chunk at a time;
    /// `body` may change them.
    func forEachClassifierChunk(
        rowCount: Int? = nil,
        _ body: (_ rows: Range<Int>, _ logits: Tensor) -> Void
    ) {
        let N = rowCount ?? lane.rowCount
        for start in stride(from: 0, to: N, by: lane.classifierRows) {
            let rows = start..<min(start + lane.classifierRows, N)
            body(rows, logits(of: rows))
        }
    }

    /// The losses of some rows, or of all, into the beginning of `lane.losses`.
    /// - Parameter rows: Strictly ascending; nil for all.
    func computeLosses(of rows: [Int]? = nil) {
        if let rows { gather(rows) }
        forEachClassifierChunk(rowCount: rows?.count) { chunk, logits in
            ops.crossEntropyForward(
                losses: lane.losses[chunk],
                logits: logits,
                targets: lane.targets[chunk],
                vocabularySize: sizes.vocabularySize
            )
        }
    }

    /// The losses of some rows, or of all, and what they contribute to the gradient of every
    /// parameter.
    /// - Parameters:
    ///   - dloss: The derivative of the whole batch's loss with respect to a row's loss.
    ///   - rows: Those that count, strictly ascending; nil for all.
    ///   - set: Receives the gradients.
    ///   - accumulate: Whether to add to what `set` holds, or to overwrite it.
    ///   - didFinishLayer: Called with a layer when the gradients of its weights are complete.
    func computeGradients(
        dloss: Float,
        of rows: [Int]?,
        into set: TensorSet,
        accumulate: Bool,
        didFinishLayer: ((_ layer: Int) -> Void)?
    ) {
        guard let flow = lane.gradients else {
            preconditionFailure("a workspace made for inference has no memory for gradients")
        }
        if let rows, rows.isEmpty {
            if !accumulate { ops.zero(set.flat) }
            if let didFinishLayer { (0..<sizes.layerCount).reversed().forEach(didFinishLayer) }
            return
        }
        if !accumulate, lane.adapter == nil { zeroSums(set) }
        forwardBlocks()
        let gradients = PassGradients(
            weights: lane.adapter == nil ? tensors(in: set) : nil,
            set: set
        )
        if let rows { gather(rows) }
        forEachClassifierChunk(rowCount: rows?.count) { rows, logits in
            ops.crossEntropyForwardBackward(
                losses: lane.losses[rows],
                logits: logits,
                targets: lane.targets[rows],
                dloss: dloss,
                vocabularySize: sizes.vocabularySize
            )
            ops.matmulBackwardInput(dinp: flow.dinner[rows], dout: logits, weight: classifier)
            guard let weights = gradients.weights else { return }
            ops.matmulBackwardWeight(
                dweight: classifierGradient(weights),
                dout: logits,
                inp: lane.normalized[rows],
                accumulate: accumulate || rows.lowerBound > 0
            )
        }
        if let rows { scatter(flow.dinner, to: rows) }
        ops.zero(flow.dresidual)
        backwardOutput(gradients)
        for layer in (0..<sizes.layerCount).reversed() {
            if lane.recomputation == .block { forwardBlockInside(layer) }
            backwardBlock(layer, gradients, accumulate: accumulate)
            didFinishLayer?(layer)
        }
        guard let weights = gradients.weights else { return }
        dropEmbeddings(flow.dresidual)
        backwardEmbedding(weights)
    }

    /// Moves rows of `lane.normalized`, and their targets, to the front.
    ///
    /// This works in place, because rows only move forward and the next pass rewrites all of them.
    private func gather(_ rows: [Int]) {
        for (place, row) in rows.enumerated() where place != row {
            ops.copy(lane.normalized[row], to: lane.normalized[place])
            ops.copy(lane.targets[row..<row + 1], to: lane.targets[place..<place + 1])
        }
    }

    /// Moves the first rows of a tensor back to where they belong, and zeroes all others.
    ///
    /// It starts with the last, because rows only move backward.
    private func scatter(_ tensor: Tensor, to rows: [Int]) {
        var end = lane.rowCount
        for (place, row) in rows.enumerated().reversed() {
            if place != row { ops.copy(tensor[place], to: tensor[row]) }
            if row + 1 < end { ops.zero(tensor[row + 1..<end]) }
            end = row
        }
        if end > 0 { ops.zero(tensor[0..<end]) }
    }

    /// Looks up the embeddings of the tokens, and adds those of their positions.
    func embed(_ tokenEmbedding: Tensor, positions: Tensor?) {
        let residual = lane.residual(0)
        let out = residual.reshaped([lane.batchSize, lane.sequenceLength, sizes.channels])
        if ElementType.floatTypes.contains(tokenEmbedding.elementType) {
            ops.encoderForward(
                out: out,
                tokens: lane.tokens,
                positions: lane.positions,
                wte: tokenEmbedding,
                wpe: positions
            )
            return
        }
        // Rows of other types are unpacked first.
        let rows = lane.tokens.reshaped([lane.rowCount])
        ops.lookUp(out: residual, weight: tokenEmbedding, rows: rows)
        guard let positions else { return }
        let places = lane.positions?.withUnsafeElements(as: Int32.self) { Array($0) }
        for row in 0..<lane.rowCount {
            let place = places.map { Int($0[row]) } ?? row % lane.sequenceLength
            ops.residualForward(out: residual[row], a: residual[row], b: positions[place])
        }
    }

    /// Zeroes the gradients that are only ever added to.
    ///
    /// Gradients of matrices, and so all of an adapter's, are overwritten by the first product that
    /// reaches them, which saves a pass over most of the memory.
    private func zeroSums(_ set: TensorSet) {
        let factors = sizes.factorNames
        for (specification, tensor) in zip(set.layout.specifications, set.tensors)
        where !factors.contains(specification.name) {
            ops.zero(tensor)
        }
    }
}
