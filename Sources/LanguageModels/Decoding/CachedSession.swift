// Sequences over a cache: checks, division into chunks, the bookkeeping that all transformers
// share, and losses of tokens with the arithmetic of generation. Passes with hooks are in
// CachedSession+Hooks.swift.

import Inference
import Tensors

/// Sequences that a transformer continues without computing anything twice.
final class CachedSession<Blocks: DecoderBlocks>: DecodingSession {
    let model: BlockDecoder<Blocks>
    private let cache: KVCache
    private var workspace: Workspace?

    /// Memory for passes of one shape.
    private struct Workspace {
        let rowCount: Int
        let predictedCount: Int
        let memory: BlockDecoder<Blocks>.Memory
    }

    /// The most tokens computed in one pass: enough for matrix products to run at full speed, few
    /// enough that working memory stays small compared with the weights.
    private static var chunkLength: Int { 256 }

    /// Empty sequences.
    /// - Parameters:
    ///   - model: What predicts.
    ///   - sequenceCount: At least one.
    ///   - tokenCapacity: How long each sequence may become, at most the model's context.
    init(_ model: BlockDecoder<Blocks>, sequenceCount: Int, tokenCapacity: Int) {
        precondition(
            1...model.contextLength ~= tokenCapacity,
            "sequences of \(tokenCapacity) tokens for a context of \(model.contextLength)"
        )
        self.model = model
        cache = KVCache(
            model.cacheShape,
            precision: model.cachePrecision,
            tokenCapacity: tokenCapacity,
            sequenceCount: sequenceCount,
            ops: model.ops
        )
    }

    var vocabularySize: Int { model.vocabularySize }
    var sequenceCount: Int { cache.sequenceCount }
    var tokenCapacity: Int { cache.tokenCapacity }
    /// Bytes that keys and values take.
    var cacheByteCount: Int { cache.byteCount }

    func tokenCount(of sequence: Int) -> Int { cache.tokenCount(of: sequence) }

    func append(
        _ parts: [SequencePart],
        predicting logits: inout MutableSpan<Float>
    ) throws {
        let V = vocabularySize
        precondition(
            !parts.isEmpty && logits.count == parts.count * V,
            "\(logits.count) logits for \(parts.count) parts and a vocabulary of \(V)"
        )
        var row = 0
        try append(parts, predictedCounts: parts.map { _ in 1 }) { predicted in
            model.ops.read(predicted, into: &logits, at: row * V)
            row += predicted.shape[0]
        }
    }

    /// Appends parts, and predicts the next token for some of their last tokens.
    /// - Parameters:
    ///   - parts: At least one; no two of the same sequence.
    ///   - predictedCounts: How many tokens of each part, up to its last one.
    ///   - hooks: Called during the pass; with hooks, all tokens are predicted or none.
    ///   - body: Called with `(n, V)` logits at a time, in order; the memory is reused when it
    ///     returns.
    /// - Throws: ``ModelError`` or ``TensorError``, what a hook or `body` throws, or an error about
    ///   a file that has lost some weights; all sequences are then unchanged.
    func append(
        _ parts: [SequencePart],
        predictedCounts: [Int],
        hooks: PassHooks? = nil,
        _ body: (_ predicted: Tensor) throws -> Void
    ) throws {
        precondition(
            Set(parts.map(\.sequence)).count == parts.count
                && parts.allSatisfy { 0..<sequenceCount ~= $0.sequence },
            "parts of sequences \(parts.map(\.sequence)), of \(sequenceCount)"
        )
        for (index, part) in parts.enumerated() {
            precondition(!part.tokens.isEmpty, "part \(index) has no tokens")
            try check(part)
            try cache.reserve(
                part.sequence,
                tokenCount: tokenCount(of: part.sequence) + part.tokens.count
            )
        }
        // Sequences grow only after all chunks are computed: what an error leaves behind does not
        // count.
        for chunk in chunks(of: parts, predictedCounts: predictedCounts) {
            let memory = try memory(for: chunk)
            let predicted = try model.decode(
                chunk,
                cache: cache,
                memory: memory,
                hooks: hooks
            )
            for file in model.weightFiles { try file.requireIntact() }
            if let predicted { try body(predicted) }
        }
        for part in parts {
            cache.setTokenCount(
                tokenCount(of: part.sequence) + part.tokens.count,
                of: part.sequence
            )
        }
    }

    func truncate(_ sequence: Int, to tokenCount: Int) {
        let found = self.tokenCount(of: sequence)
        precondition(
            0...found ~= tokenCount,
            "truncating a sequence of \(found) tokens to \(tokenCount)"
        )
        cache.setTokenCount(tokenCount, of: sequence)
    }

    func copy(_ source: Int, to destination: Int, tokenCount: Int) throws {
        try cache.copy(source, to: destination, tokenCount: tokenCount)
    }

    func reserve() throws {
        for sequence in 0..<sequenceCount {
            try cache.reserve(sequence, tokenCount: tokenCapacity)
        }
    }

    private func check(_ part: SequencePart) throws {
        let past = tokenCount(of: part.sequence)
        let length = past + part.tokens.count
        guard length <= tokenCapacity else {
            throw ModelError.sequenceTooLong(length: length, maximum: tokenCapacity)
        }
        try ModelError.checkTokens(part.tokens, first: past, vocabularySize: vocabularySize)
    }

    /// Cuts parts into chunks of at most ``chunkLength`` tokens, in order.
    private func chunks(of parts: [SequencePart], predictedCounts: [Int]) -> [TokenChunk] {
        var chunks: [TokenChunk] = []
        var tokens: [Int32] = []
        var pieces: [TokenChunk.Part] = []
        func finish() {
            if !tokens.isEmpty { chunks.append(TokenChunk(tokens: tokens, parts: pieces)) }
            (tokens, pieces) = ([], [])
        }
        for (part, predictedCount) in zip(parts, predictedCounts) {
            let firstPredicted = part.tokens.count - predictedCount
            var done = 0
            while done < part.tokens.count {
                if tokens.count == Self.chunkLength { finish() }
                let count = min(part.tokens.count - done, Self.chunkLength - tokens.count)
                pieces.append(
                    TokenChunk.Part(
                        sequence: part.sequence,
                        past: tokenCount(of: part.sequence) + done,
                        rows: tokens.count..<tokens.count + count,
                        predictedCount: min(count, max(0, done + count - firstPredicted))
                    )
                )
                tokens += part.tokens[done..<done + count]
                done += count
            }
        }
        finish()
        return chunks
    }

    private func memory(for chunk: TokenChunk) throws -> BlockDecoder<Blocks>.Memory {
        try memory(
            rowCount: chunk.tokens.count,
            predictedCount: chunk.parts.reduce(0) { $0 + $1.predictedCount }
        )
    }

    /// Working memory for the shape of a chunk.
    ///
    /// The latest is kept, because decoding asks for the same again and again.
    func memory(rowCount: Int, predictedCount: Int) throws -> BlockDecoder<Blocks>.Memory {
        if let workspace, workspace.rowCount == rowCount,
            workspace.predictedCount == predictedCount
        {
            return workspace.memory
        }
        workspace = nil
        let memory = try model.makeMemory(rowCount: rowCount, predictedCount: predictedCount)
        workspace = Workspace(rowCount: rowCount, predictedCount: predictedCount, memory: memory)
        return memory
    }
}

// Its cache and working memory are written without synchronization.
@available(*, unavailable) extension CachedSession: Sendable {}

extension CachedSession {
    func losses(appending parts: [ScoredPart]) throws -> [[Float]] {
        try losses(appending: parts, hooks: nil)
    }

    /// The losses of targets, with hooks in the pass or without.
    func losses(appending parts: [ScoredPart], hooks: PassHooks?) throws -> [[Float]] {
        precondition(!parts.isEmpty, "losses of no parts")
        for part in parts {
            let first = tokenCount(of: part.sequence) + part.tokens.count - part.targets.count + 1
            try ModelError.checkTokens(part.targets, first: first, vocabularySize: vocabularySize)
        }
        let targets = parts.flatMap(\.targets)
        var losses: [Float] = []
        losses.reserveCapacity(targets.count)
        try append(
            parts.map { SequencePart(sequence: $0.sequence, tokens: $0.tokens) },
            predictedCounts: parts.map(\.targets.count),
            hooks: hooks
        ) { logits in
            let rows = losses.count..<losses.count + logits.shape[0]
            let rowLosses = try model.ops.tensor([rows.count])
            model.ops.crossEntropyForward(
                losses: rowLosses,
                logits: logits,
                targets: try model.ops.tensor(Array(targets[rows]), shape: [rows.count]),
                vocabularySize: vocabularySize
            )
            losses += model.ops.floats(rowLosses)
        }
        var rest = losses[...]
        return parts.map { part in
            defer { rest = rest.dropFirst(part.targets.count) }
            return Array(rest.prefix(part.targets.count))
        }
    }
}
