// How well a model predicts, and what happens inside it. The methods are in Interpretability and
// Training.

import FileIO
import Inference
import Interpretability
import TextGeneration
import TokenData
import Tokenization
import Training

extension TextModel {
    /// Measures the loss on a text in a sliding window, so that every token has context.
    /// - Parameters:
    ///   - path: A text file.
    ///   - sequenceLength: The window's length in tokens; nil is the model's context, at most 1024.
    ///   - stride: How many tokens the window moves at a time; nil is half its length.
    /// - Returns: The loss over all tokens, with perplexity and bits per byte.
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

    /// Measures the loss on token shards, one sequence after the other, none seeing another.
    /// - Parameters:
    ///   - pattern: The path of one file, or a pattern such as `data/*_val*.bin`.
    ///   - batchSize: Sequences computed at once.
    ///   - sequenceLength: Tokens in a sequence; nil is the model's context, at most 1024.
    /// - Returns: The loss over all tokens, with perplexity and bits per byte.
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

    /// Measures the loss of every token of a sequence but the first, while `visit` reads or changes
    /// values of the pass.
    ///
    /// ```swift
    /// let losses = try await model.losses(of: tokens, at: [.mlpPost(layer: 0)]) { value in
    ///     value.write(value.floats().map { $0 / 2 })
    /// }
    /// ```
    /// - Parameters:
    ///   - tokens: At least two, and no more than fit the context.
    ///   - points: Where to call `visit`; nowhere by default.
    ///   - visit: Reads or replaces a value, on the model's thread and in the order of the pass. A
    ///     long sequence is computed in pieces, so `visit` may be called several times for a point.
    /// - Returns: The cross-entropy of every token but the first, in nats.
    /// - Throws: ``InterpretabilityError`` for tokens the model cannot take and points of layers it
    ///   does not have, and what `visit` throws.
    public func losses(
        of tokens: [TokenID],
        at points: Set<HookPoint> = [],
        _ visit: @escaping @Sendable (HookedValue) throws -> Void = { _ in }
    ) async throws -> [Float] {
        try await inspect { try $0.losses(of: tokens, hooks: PassHooks(points, visit)) }
    }

    /// The attention pattern of every head: how much each token attends to itself and those before.
    /// - Parameters:
    ///   - tokens: At least one, and no more than fit the context.
    ///   - layers: Which layers to keep, from 0; nil is all.
    /// - Returns: The patterns.
    /// - Throws: ``InterpretabilityError`` for tokens or layers that the model does not have,
    ///   ``TensorError`` when there is too little memory for the patterns.
    public func attentionPatterns(
        of tokens: [TokenID],
        layers: [Int]? = nil
    ) async throws -> AttentionPatterns {
        try await inspect { try $0.attentionPatterns(of: tokens, layers: layers) }
    }

    /// What the model would predict if it ended after each layer: the logit lens.
    /// - Parameters:
    ///   - tokens: At least one, and no more than fit the context.
    ///   - top: How many of the likeliest tokens to list, at least 1.
    /// - Returns: The predictions, layer by layer.
    /// - Throws: ``InterpretabilityError`` for tokens the model cannot take.
    public func logitLens(of tokens: [TokenID], top: Int = 5) async throws -> LogitLens {
        try await inspect { try $0.logitLens(of: tokens, top: top) }
    }

    /// The loss of each token, and what the model predicts after the last.
    /// - Parameters:
    ///   - tokens: At least one, and no more than fit the context.
    ///   - top: How many of the likeliest next tokens to list, at least 1.
    /// - Returns: The losses and the predictions.
    /// - Throws: ``InterpretabilityError`` for tokens the model cannot take.
    public func predictions(of tokens: [TokenID], top: Int = 10) async throws -> TokenPredictions {
        try await inspect { try $0.predictions(of: tokens, top: top) }
    }

    /// How strongly each head shows known behaviors, such as induction.
    /// - Parameters:
    ///   - sequences: Texts for the scores that need real text; without any, random tokens serve
    ///     for these too.
    ///   - seed: The seed of the random tokens.
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

    /// How much the loss changes without each head, one left out at a time.
    /// - Parameters:
    ///   - sequences: The tokens to predict; each sequence has at least two.
    ///   - layers: The layers whose heads are left out; nil is all.
    ///   - heads: Which heads of these layers; nil is all.
    ///   - mlps: Whether to leave out the layers' feed-forward networks in turn as well.
    /// - Returns: The loss, and its change without each part.
    /// - Throws: ``InterpretabilityError`` for tokens, layers or heads that the model does not
    ///   have; `CancellationError`.
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
    ///   - sequences: The texts to search.
    ///   - top: How many places to keep for each neuron, at least 1.
    /// - Returns: The places, neuron by neuron.
    /// - Throws: ``InterpretabilityError`` for layers, neurons or tokens that the model does not
    ///   have; `CancellationError`.
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

    /// Runs an inspection on the model's thread.
    private func inspect<Value: Sendable>(
        _ body: @Sendable (any InspectableModel) throws -> Value
    ) async throws -> Value {
        try await generator.run { generator in
            guard let model = generator.model as? any InspectableModel else {
                preconditionFailure("every family can be inspected")
            }
            return try body(model)
        }
    }
}
