// What a model does inside, and how well it predicts. How it is found out is in Interpretability
// and Training.

import FileIO
import Inference
import Interpretability
import TextGeneration
import TokenData
import Tokenization
import Training

extension TextModel {
    /// Measures the loss on a text, with context for every token, in a window that slides over it.
    /// - Parameters:
    ///   - path: A text file.
    ///   - sequenceLength: Tokens of the window; nil is the model's context, at most 1024.
    ///   - stride: Tokens by which it moves; nil is half of it.
    /// - Returns: The loss of all tokens, with perplexity and bits per byte.
    /// - Throws: ``PreparationError`` for an empty file, ``FileIOError`` for one that cannot be
    ///   read, ``TrainingError`` or ``ModelError`` for sizes the model cannot take;
    ///   `CancellationError`.
    public func loss(
        ofText path: FilePath,
        sequenceLength: Int? = nil,
        stride: Int? = nil
    ) async throws -> LossMeasurement {
        try await generator.run { [tokenizer] generator in
            let text = try EncodedText(contentsOf: path, tokenizer: tokenizer.base)
            return try Evaluator(generator.model, sequenceLength: sequenceLength)
                .loss(of: text, stride: stride) { _, _ in try Task.checkCancellation() }
        }
    }

    /// Measures the loss on token shards, all batches in order, each sequence by itself.
    /// - Parameters:
    ///   - pattern: The path of one file, or a pattern such as `data/*_val*.bin`.
    ///   - batchSize: Sequences that are computed at once.
    ///   - sequenceLength: Tokens of a sequence; nil is the model's context, at most 1024.
    /// - Returns: The loss of all tokens, with perplexity and bits per byte.
    /// - Throws: ``TokenDataError`` for bad or too little data, ``FileIOError`` for files that
    ///   cannot be read, ``ModelError`` for sizes the model cannot take; `CancellationError`.
    public func loss(
        ofShards pattern: FilePath,
        batchSize: Int = 4,
        sequenceLength: Int? = nil
    ) async throws -> LossMeasurement {
        try await generator.run { [tokenizer] generator in
            try Evaluator(
                generator.model,
                batchSize: batchSize,
                sequenceLength: sequenceLength
            )
            .loss(ofShards: pattern, vocabulary: tokenizer.base) { _, _ in
                try Task.checkCancellation()
            }
        }
    }

    /// What each token of a sequence but the first cost to predict, while values of the pass are
    /// read or changed.
    ///
    /// ```swift
    /// let losses = try await model.losses(of: tokens, at: [.mlpPost(layer: 0)]) { value in
    ///     value.write(value.floats().map { $0 / 2 })
    /// }
    /// ```
    /// - Parameters:
    ///   - tokens: Two at least, and no more than the context holds.
    ///   - points: Where `visit` is called; nowhere unless said.
    ///   - visit: Reads or replaces a value, on the model's thread and in the order of the pass.
    ///     Long sequences are computed in pieces, so it may be called several times for one place.
    /// - Returns: The cross-entropy of every token but the first, in nats.
    /// - Throws: ``InterpretabilityError`` for tokens the model cannot take; what `visit` throws.
    public func losses(
        of tokens: [TokenID],
        at points: Set<HookPoint> = [],
        _ visit: @escaping @Sendable (HookedValue) throws -> Void = { _ in }
    ) async throws -> [Float] {
        try await inspect { try $0.losses(of: tokens, hooks: PassHooks(points, visit)) }
    }

    /// What every head looks at: the attention of each token to those up to it.
    /// - Parameters:
    ///   - tokens: One at least, and no more than the context holds.
    ///   - layers: The layers to keep, from 0; nil is all.
    /// - Returns: The patterns.
    /// - Throws: ``InterpretabilityError`` for tokens or layers the model has not,
    ///   ``TensorError`` when the patterns take more memory than there is.
    public func attentionPatterns(
        of tokens: [TokenID],
        layers: [Int]? = nil
    ) async throws -> AttentionPatterns {
        try await inspect { try $0.attentionPatterns(of: tokens, layers: layers) }
    }

    /// What the model would predict if it ended after each layer.
    /// - Parameters:
    ///   - tokens: One at least, and no more than the context holds.
    ///   - top: How many of the likeliest tokens are named.
    /// - Returns: The predictions, layer by layer.
    /// - Throws: ``InterpretabilityError`` for tokens the model cannot take.
    public func logitLens(of tokens: [TokenID], top: Int = 5) async throws -> LogitLens {
        try await inspect { try $0.logitLens(of: tokens, top: top) }
    }

    /// What each token cost to predict, and what the model expects after the last.
    /// - Parameters:
    ///   - tokens: One at least, and no more than the context holds.
    ///   - top: How many of the likeliest next tokens are named.
    /// - Returns: The losses and the predictions.
    /// - Throws: ``InterpretabilityError`` for tokens the model cannot take.
    public func predictions(of tokens: [TokenID], top: Int = 10) async throws -> TokenPredictions {
        try await inspect { try $0.predictions(of: tokens, top: top) }
    }

    /// How much each head does what heads are known to do, such as induction.
    /// - Parameters:
    ///   - sequences: Texts for the scores that need real text; without any they are taken on the
    ///     random tokens too.
    ///   - seed: What the random tokens are drawn with.
    /// - Returns: The scores of all heads, layer by layer.
    /// - Throws: ``InterpretabilityError`` for tokens the model cannot take; `CancellationError`.
    public func headScores(
        on sequences: [[TokenID]] = [],
        seed: UInt64 = 0
    ) async throws -> [HeadScores] {
        try await inspect {
            try $0.headScores(on: sequences, seed: seed) { _, _ in try Task.checkCancellation() }
        }
    }

    /// How much worse the model predicts without each of its heads, one left out at a time.
    /// - Parameters:
    ///   - sequences: What is predicted, each of two tokens or more.
    ///   - layers: Whose heads; nil is all.
    ///   - heads: Which heads of them; nil is all.
    ///   - mlps: Whether the layers' feed-forward networks are left out in turn too.
    /// - Returns: The loss, and its change without each part.
    /// - Throws: ``InterpretabilityError`` for tokens, layers or heads the model has not;
    ///   `CancellationError`.
    public func ablate(
        _ sequences: [[TokenID]],
        layers: [Int]? = nil,
        heads: [Int]? = nil,
        mlps: Bool = false
    ) async throws -> Ablation {
        try await inspect {
            try $0.ablate(sequences, layers: layers, heads: heads, mlps: mlps) { _, _ in
                try Task.checkCancellation()
            }
        }
    }

    /// Where the neurons of a layer are most active.
    /// - Parameters:
    ///   - layer: The layer, from 0.
    ///   - neurons: Which of its neurons; nil is all.
    ///   - sequences: The texts to look through.
    ///   - top: How many places are kept for each neuron.
    /// - Returns: The places, neuron by neuron.
    /// - Throws: ``InterpretabilityError`` for what the model has not; `CancellationError`.
    public func excitations(
        layer: Int,
        neurons: [Int]? = nil,
        of sequences: [[TokenID]],
        top: Int = 10
    ) async throws -> [NeuronExcitations] {
        try await inspect {
            try $0.excitations(layer: layer, neurons: neurons, of: sequences, top: top) { _, _ in
                try Task.checkCancellation()
            }
        }
    }

    /// Looks into the model, on its thread.
    private func inspect<Value: Sendable>(
        _ body: @Sendable (any InspectableModel) throws -> Value
    ) async throws -> Value {
        try await generator.run { generator in
            guard let model = generator.model as? any InspectableModel else {
                preconditionFailure("models are opened so that they can be looked into")
            }
            return try body(model)
        }
    }
}
