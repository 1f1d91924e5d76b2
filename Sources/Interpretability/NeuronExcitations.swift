// Where a neuron of a feed-forward network is most active.

import Inference
import Tensors

/// The places in some texts that activate a neuron most.
public struct NeuronExcitations: Sendable, Equatable, Codable {
    /// A place in a text.
    public struct Place: Sendable, Equatable, Codable {
        /// The neuron's activation there.
        public let activation: Float
        /// Index of the sequence.
        public let sequence: Int
        /// Index of the token in it.
        public let position: Int

        /// Names a place.
        package init(activation: Float, sequence: Int, position: Int) {
            self.activation = activation
            self.sequence = sequence
            self.position = position
        }
    }

    /// The block.
    public let layer: Int
    /// The neuron in it.
    public let neuron: Int
    /// The places, strongest activation first.
    public let top: [Place]

    /// Names the places.
    package init(layer: Int, neuron: Int, top: [Place]) {
        self.layer = layer
        self.neuron = neuron
        self.top = top
    }
}

extension InspectableModel {
    /// Where in some texts neurons of a layer's feed-forward network are most active
    /// (TransformerLens's `blocks.l.mlp.hook_post`: the output of the activation function, in a
    /// Llama times the value that it gates).
    /// - Parameters:
    ///   - layer: The layer; layers above it are not computed.
    ///   - neurons: The neurons; nil for all.
    ///   - sequences: The texts, each of 1 to ``LanguageModel/contextLength`` tokens.
    ///   - top: How many places to keep of each neuron, at least 1.
    ///   - progress: Called with the number of finished sequences and the total.
    /// - Returns: The places of each neuron in ascending order; the first of equal activations.
    /// - Throws: ``InterpretabilityError`` for what the model does not have, or weights that are
    ///   not numbers; what the model's pass throws, or `progress`.
    package func excitations(
        layer: Int,
        neurons: [Int]? = nil,
        of sequences: [[Int32]],
        top: Int = 10,
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> [NeuronExcitations] {
        precondition(top >= 1, "the \(top) most exciting places")
        _ = try checkedLayers([layer])
        let neurons = try checkedNeurons(neurons)
        guard !sequences.isEmpty else { throw InterpretabilityError.noTokens }
        for sequence in sequences { try check(sequence) }
        var places = neurons.map { _ in MostExciting(count: top) }
        let session = try makeHookedSession(
            sequenceCount: 1,
            tokenCapacity: sequences.reduce(1) { max($0, $1.count) }
        )
        for (index, sequence) in sequences.enumerated() {
            let hooks = PassHooks([.mlpPost(layer: layer)], lastLayer: layer) { value in
                let past = value.parts[0].past
                for row in 0..<value.tensor.shape[0] {
                    let activations = ops.floats(value.tensor[row])
                    for (place, neuron) in neurons.enumerated() {
                        guard activations[neuron].isFinite else {
                            throw InterpretabilityError.notFinite("activations")
                        }
                        places[place].consider(activations[neuron], index, past + row)
                    }
                }
            }
            try session.append([SequencePart(sequence: 0, tokens: sequence)], hooks: hooks)
            session.truncate(0, to: 0)
            try progress(index + 1, sequences.count)
        }
        return zip(neurons, places).map {
            NeuronExcitations(layer: layer, neuron: $0, top: $1.places)
        }
    }
}

/// The places of the largest activations so far.
private struct MostExciting {
    private(set) var places: [NeuronExcitations.Place] = []
    private let count: Int
    /// The activation that a place must exceed.
    private var threshold = -Float.infinity

    init(count: Int) { self.count = count }

    mutating func consider(_ activation: Float, _ sequence: Int, _ position: Int) {
        guard activation > threshold else { return }
        let place = NeuronExcitations.Place(
            activation: activation,
            sequence: sequence,
            position: position
        )
        let rank = places.firstIndex { $0.activation < activation } ?? places.count
        places.insert(place, at: rank)
        if places.count > count { places.removeLast() }
        if places.count == count { threshold = places[count - 1].activation }
    }
}
