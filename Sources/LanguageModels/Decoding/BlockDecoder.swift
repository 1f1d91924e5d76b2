// A model of any family that continues sequences: weights in any type, keys and values in a cache,
// and the steps of a pass over new tokens. The family defines what a block computes
// (DecoderBlocks.swift).

import Inference
import Tensors

/// A stack of transformer blocks for generation.
///
/// Its weights are read-only and, if the file stores them in the requested format, the file's own
/// pages: such a model opens at once, and processes running it share them.
package final class BlockDecoder<Blocks: DecoderBlocks>: InspectableModel {
    /// The model's sizes.
    package let configuration: Blocks.Configuration
    /// How keys and values are stored.
    package let cachePrecision: ElementType
    package let ops: Ops
    package let weightBytesPerToken: Int
    /// The files whose pages are weights, and which may lose some while the model is in use.
    let weightFiles: [any Storage]
    let blocks: Blocks

    /// Takes weights from files of any format, or from memory.
    ///
    /// Matrices of a model in training, in the requested type, are used in that model's own memory,
    /// and everything else is copied: make another decoder after a step of training.
    /// - Parameters:
    ///   - weights: The weights, whose files must not change while the model is in use.
    ///   - precision: How to store weight matrices, one of ``ElementType/weightTypes``; types other
    ///     than the file's are converted, as ``DecoderWeights`` says. nil keeps each matrix as in
    ///     its file. Norms, biases and positions are always float32.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - ops: What runs the arithmetic.
    /// - Throws: What reading the weights throws, or ``TensorError``.
    package init(
        _ weights: some ModelWeights<Blocks.Configuration>,
        precision: ElementType? = nil,
        cachePrecision: ElementType = .float32,
        ops: Ops
    ) throws {
        // Before any memory is allocated.
        if let precision {
            precondition(ElementType.weightTypes.contains(precision), "weights of \(precision)")
        }
        precondition(KVCache.precisions.contains(cachePrecision), "a cache of \(cachePrecision)")
        configuration = weights.configuration
        self.cachePrecision = cachePrecision
        self.ops = ops
        let weights = try DecoderWeights(weights, precision: precision, ops: ops)
        weightBytesPerToken = weights.bytesPerToken
        weightFiles = weights.files
        blocks = Blocks(configuration, weights: weights.tensors, ops: ops)
        try ops.reserve(channels: configuration.widestActivation)
    }

    package var vocabularySize: Int { configuration.vocabularySize }
    package var contextLength: Int { configuration.contextLength }
    package var layerCount: Int { configuration.layerCount }
    package var headCount: Int { configuration.headCount }
    package var headSize: Int { configuration.headSize }
    package var channels: Int { configuration.channels }
    package var hiddenChannels: Int { configuration.hiddenChannels }

    /// The sizes of what is kept of a token.
    var cacheShape: KVCacheShape {
        KVCacheShape(
            layerCount: layerCount,
            headCount: configuration.keyValueHeadCount,
            headSize: headSize
        )
    }

    package var cacheBytesPerToken: Int { cacheShape.bytesPerToken(cachePrecision) }

    package func makeSession(sequenceCount: Int, tokenCapacity: Int) -> any DecodingSession {
        CachedSession(self, sequenceCount: sequenceCount, tokenCapacity: tokenCapacity)
    }

    package func makeHookedSession(sequenceCount: Int, tokenCapacity: Int) -> any HookedSession {
        CachedSession(self, sequenceCount: sequenceCount, tokenCapacity: tokenCapacity)
    }
}

// Its operations own scratch memory.
@available(*, unavailable) extension BlockDecoder: Sendable {}

extension BlockDecoder {
    /// Memory for passes of one shape.
    struct Memory {
        let rows: PassRows
        let own: Blocks.Workspace
    }

    /// Memory for passes over `rowCount` tokens that predict the next token for `predictedCount` of
    /// them.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    func makeMemory(rowCount: Int, predictedCount: Int) throws -> Memory {
        let (rows, all) = try PassRows.allocate(
            configuration,
            rowCount: rowCount,
            predictedCount: predictedCount,
            beside: blocks.workspaceLayout(rowCount: rowCount),
            ops: ops
        )
        return Memory(rows: rows, own: blocks.makeWorkspace(all))
    }

    /// Appends a chunk's tokens to the cache, which has room for them.
    ///
    /// For rows whose next token is not needed, the last block computes only keys and values,
    /// unless there are hooks.
    /// - Parameters:
    ///   - chunk: At least one token; all in the vocabulary. With hooks, it predicts the
    ///     next token for every row or for none.
    ///   - cache: Keys and values of earlier tokens are read, and those of the chunk stored.
    ///   - memory: Memory for this shape.
    ///   - hooks: Called during the pass.
    /// - Returns: `(predictedCount, V)` logits, which are overwritten by the next pass; nil when
    ///   the chunk predicts nothing.
    /// - Throws: What `hooks` throw.
    func decode(
        _ chunk: TokenChunk,
        cache: KVCache,
        memory: Memory,
        hooks: PassHooks? = nil
    ) throws -> Tensor? {
        let rows = memory.rows
        ops.write(chunk.tokens, to: rows.tokens)
        ops.write(chunk.positions, to: rows.positions)
        blocks.embed(rows, memory.own)
        let chunkHooks = hooks.map { ChunkHooks($0, chunk, ops: ops) }
        let last = layerCount - 1
        let isPartial = hooks != nil && rows.predicted == nil
        let whole = (hooks?.resumedLayer ?? 0)..<(isPartial ? (hooks?.lastLayer ?? last) + 1 : last)
        for block in whole {
            let parts = cache.parts(layer: block, of: chunk)
            try attend(block: block, parts, memory, hooks: chunkHooks)
            try transform(
                block: block,
                atty: rows.atty,
                residual: rows.residual,
                memory,
                hooks: chunkHooks
            )
        }
        if isPartial { return nil }
        let parts = cache.parts(layer: last, of: chunk, onlyPredicted: true)
        try attend(block: last, parts, memory, hooks: chunkHooks)
        guard let predicted = rows.predicted else { return nil }
        ops.write(chunk.predictedRows, to: predicted.rows)
        ops.lookUp(out: predicted.residual, weight: rows.residual, rows: predicted.rows)
        ops.lookUp(out: predicted.atty, weight: rows.atty, rows: predicted.rows)
        try transform(
            block: last,
            atty: predicted.atty,
            residual: predicted.residual,
            memory,
            hooks: chunkHooks
        )
        classify(logits: predicted.logits, residual: predicted.residual, memory)
        return predicted.logits
    }

    /// The logits for the rows of `residual`.
    func classify(logits: Tensor, residual: Tensor, _ memory: Memory) {
        blocks.classify(logits: logits, residual: residual, memory.rows, memory.own)
    }

    /// The first half of a block: stores keys and values, and leaves attention's output in `atty`,
    /// or the replacement that hooks give.
    private func attend(
        block: Int,
        _ parts: [CachePart],
        _ memory: Memory,
        hooks: ChunkHooks?
    ) throws {
        let rows = memory.rows
        try hooks?.visit(.residualPre(layer: block), rows.residual)
        if hooks == nil || hooks?.resumedLayer != block {
            let inputs = blocks.attentionInputs(block: block, rows, memory.own)
            ops.cachedAttention(
                out: rows.atty,
                q: inputs.q,
                k: inputs.k,
                v: inputs.v,
                parts: parts,
                headCount: headCount
            )
            try hooks?.visitPatterns(layer: block, q: inputs.q, parts: parts, headCount: headCount)
        }
        try hooks?.visit(.z(layer: block), rows.atty)
    }

    /// The rest of a block for the rows of `atty` and `residual`, which it adds to.
    private func transform(
        block: Int,
        atty: Tensor,
        residual: Tensor,
        _ memory: Memory,
        hooks: ChunkHooks?
    ) throws {
        let residual2 = memory.rows.residual2[0..<residual.shape[0]]
        blocks.addAttention(block: block, out: residual2, atty: atty, residual: residual)
        try hooks?.visit(.residualMid(layer: block), residual2)
        let neurons = blocks.neurons(block: block, residual: residual2, memory.rows, memory.own)
        try hooks?.visit(.mlpPost(layer: block), neurons)
        blocks.addNeurons(block: block, out: residual, neurons: neurons, residual: residual2)
        try hooks?.visit(.residualPost(layer: block), residual)
    }
}
