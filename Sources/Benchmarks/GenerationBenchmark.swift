// The passes of generation, without sampling: over a prompt, and token by token after a short one,
// compared with the memory bandwidth that limits them.

import Inference
import LanguageModels
import RandomNumbers
import Tensors

/// The results for generation.
package struct GenerationResult: Sendable {
    /// Tokens of a prompt computed per second, the median of a few passes.
    package let promptTokensPerSecond: Double
    /// Tokens generated per second for all sequences together, by the median time of a pass.
    package let decodeTokensPerSecond: Double
    /// Bytes per second read from memory in the same run, the median.
    package let readBandwidth: Double
    /// Bytes of weights that a pass reads.
    package let weightBytes: Int
    /// The fraction of the bandwidth taken by reading the weights once per pass; the cache is not
    /// counted.
    ///
    /// The median over stretches of tokens, each compared with the bandwidth right before and after
    /// it. nil if the weights fit in a cache and came from there, faster than from memory.
    package let fractionOfBandwidth: Double?
    /// Bytes of keys and values.
    package let cacheBytes: Int
    /// The most memory the process held until the first generated tokens, before the bandwidth was
    /// measured, which takes a large block.
    package let peakMemoryBytes: Int
}

/// Times prompts and single tokens of a model.
package struct GenerationBenchmark {
    /// Tokens of the prompt.
    package var promptTokens: Int
    /// Tokens before the first generated one.
    package var decodeStart: Int
    /// Tokens generated and timed, after ``decodeStart`` others and an untimed one.
    package var decodeTokens: Int
    /// Sequences that are generated together.
    package var batchSize: Int
    /// Passes over the prompt.
    package var runs: Int

    /// Tokens generated between two measurements of the bandwidth, which changes within seconds.
    private static let decodeStretch = 16

    /// One token before the first generated one, one untimed and one timed.
    private static let smallestContext = 3

    /// Describes a benchmark with the usual 256 prompt tokens, and 64 generated ones after 16
    /// others, or as many as fit in the context.
    /// - Throws: ``BenchmarkError/contextTooShort(minimum:found:)``.
    package init(contextLength: Int, batchSize: Int, runs: Int) throws {
        guard contextLength >= Self.smallestContext else {
            throw BenchmarkError.contextTooShort(
                minimum: Self.smallestContext,
                found: contextLength
            )
        }
        promptTokens = min(256, contextLength)
        decodeStart = min(16, contextLength / 2)
        decodeTokens = min(64, contextLength - decodeStart - 1)
        self.batchSize = batchSize
        self.runs = runs
    }

    /// Runs the passes.
    /// - Parameters:
    ///   - model: What generates; its context must hold the prompt and the generated tokens.
    ///   - ops: What measures the bandwidth.
    /// - Returns: Both speeds, and the bandwidth.
    /// - Throws: ``ModelError`` or ``TensorError`` when the tokens do not fit.
    package func run(_ model: any LanguageModel, ops: Ops) throws -> GenerationResult {
        // Checked now, rather than after minutes.
        for length in [promptTokens, decodeStart + 1 + decodeTokens]
        where length > model.contextLength {
            throw ModelError.sequenceTooLong(length: length, maximum: model.contextLength)
        }
        var generator = MersenneTwister(seed: 1)
        func tokens(_ count: Int) -> [Int32] {
            (0..<count).map { _ in Int32(generator.next32() % UInt32(model.vocabularySize)) }
        }
        let session = try model.makeSession(sequenceCount: batchSize)
        let prompt = tokens(promptTokens)
        let promptTimes = try (0...runs).map { _ in
            session.truncate(0, to: 0)
            return try seconds { _ = try session.logits(appending: prompt) }
        }.dropFirst()

        var logits = [Float](repeating: 0, count: batchSize * model.vocabularySize)
        func append(_ count: Int) throws {
            let parts = (0..<batchSize).map {
                SequencePart(sequence: $0, tokens: tokens(count))
            }
            var span = logits.mutableSpan
            try session.append(parts, predicting: &span)
        }
        session.truncate(0, to: 0)
        try append(decodeStart)
        // A single token has working memory of a different shape, which counts too.
        try append(1)
        let peakMemoryBytes = Machine.peakMemoryBytes
        let (reader, memory) = (
            try MachineLimits.fastest(ops), try MachineLimits.readBlock(ops)
        )
        var bandwidths = [MachineLimits.readBandwidth(reader, memory)]
        var decodeTimes: [Double] = []
        var fractions: [Double] = []
        for first in stride(from: 0, to: decodeTokens, by: Self.decodeStretch) {
            let stretch = try (first..<min(first + Self.decodeStretch, decodeTokens)).map { _ in
                try seconds { try append(1) }
            }
            bandwidths.append(MachineLimits.readBandwidth(reader, memory))
            // Before and after: the limit that applied to these tokens.
            let bandwidth = bandwidths.suffix(2).reduce(0, +) / 2
            fractions.append(Double(model.weightBytesPerToken) / median(stretch) / bandwidth)
            decodeTimes += stretch
        }
        let (time, bandwidth) = (median(decodeTimes), median(bandwidths))
        let fraction = median(fractions)
        let isFromCache = fraction > 1 && KernelBenchmark.staysInCache(model.weightBytesPerToken)
        return GenerationResult(
            promptTokensPerSecond: Double(promptTokens) / median(Array(promptTimes)),
            decodeTokensPerSecond: Double(batchSize) / time,
            readBandwidth: bandwidth,
            weightBytes: model.weightBytesPerToken,
            fractionOfBandwidth: isFromCache ? nil : fraction,
            cacheBytes: session.cacheByteCount,
            peakMemoryBytes: peakMemoryBytes
        )
    }
}
