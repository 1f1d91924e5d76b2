// Checks that come before every question about a model's pass, so that a wrong question gets one
// clear sentence rather than an error from far below.

import Inference

extension InspectableModel {
    /// Checks a sequence that the model is to read.
    /// - Parameters:
    ///   - tokens: The sequence.
    ///   - unseen: How many of its last tokens are only predicted.
    /// - Throws: ``InterpretabilityError``.
    func check(_ tokens: [Int32], unseen: Int = 0) throws {
        guard !tokens.isEmpty else { throw InterpretabilityError.noTokens }
        guard tokens.count - unseen <= contextLength else {
            throw InterpretabilityError.tooManyTokens(
                count: tokens.count,
                maximum: contextLength + unseen
            )
        }
        for token in tokens where token < 0 || token >= vocabularySize {
            throw InterpretabilityError.tokenOutsideVocabulary(
                token: token,
                vocabularySize: vocabularySize
            )
        }
    }

    /// Sequences, at least one of which has something to predict.
    /// - Parameters:
    ///   - sequences: The sequences, each of at least one token.
    ///   - unseen: How many of the last tokens of each are only predicted.
    /// - Returns: Those of two tokens or more.
    /// - Throws: ``InterpretabilityError``.
    func checkedPairs(_ sequences: [[Int32]], unseen: Int = 0) throws -> [[Int32]] {
        for sequence in sequences { try check(sequence, unseen: unseen) }
        let pairs = sequences.filter { $0.count >= 2 }
        guard !pairs.isEmpty else { throw InterpretabilityError.noPairs }
        return pairs
    }

    /// Layers in ascending order, each once.
    /// - Parameter layers: Some; nil for all.
    /// - Returns: The layers.
    /// - Throws: ``InterpretabilityError/layerOutOfRange(layer:count:)``.
    func checkedLayers(_ layers: [Int]?) throws -> [Int] {
        try Self.checked(layers, below: layerCount) {
            InterpretabilityError.layerOutOfRange(layer: $0, count: layerCount)
        }
    }

    /// Heads in ascending order, each once.
    /// - Parameter heads: Some; nil for all.
    /// - Returns: The heads.
    /// - Throws: ``InterpretabilityError/headOutOfRange(head:count:)``.
    func checkedHeads(_ heads: [Int]?) throws -> [Int] {
        try Self.checked(heads, below: headCount) {
            InterpretabilityError.headOutOfRange(head: $0, count: headCount)
        }
    }

    /// Neurons in ascending order, each once.
    /// - Parameter neurons: Some; nil for all.
    /// - Returns: The neurons.
    /// - Throws: ``InterpretabilityError/neuronOutOfRange(neuron:count:)``.
    func checkedNeurons(_ neurons: [Int]?) throws -> [Int] {
        try Self.checked(neurons, below: hiddenChannels) {
            InterpretabilityError.neuronOutOfRange(neuron: $0, count: hiddenChannels)
        }
    }

    private static func checked(
        _ indices: [Int]?,
        below count: Int,
        _ error: (Int) -> InterpretabilityError
    ) throws -> [Int] {
        guard let indices else { return Array(0..<count) }
        for index in indices where !(0..<count ~= index) { throw error(index) }
        return Set(indices).sorted()
    }
}
