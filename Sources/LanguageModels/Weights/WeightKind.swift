// What a family declares about its kinds of weight, and what follows from it in every family: the
// weights of a model, the parameters that training keeps, and which of them enter products.

import Tensors

/// A kind of weight of a family; the raw value is its name in the family's own files.
package protocol WeightKind: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// The sizes of the family.
    associatedtype Configuration: ModelConfiguration

    /// Whether every layer has one.
    var isLayered: Bool { get }
    /// What it is for.
    var role: ModelWeight.Role { get }
    /// The part of the model it belongs to.
    var part: ModelWeight.Part { get }
    /// The shape of one weight: matrices as (out, in), an embedding without padding.
    func shape(in configuration: Configuration) -> [Int]
}

extension ModelConfiguration {
    package var weightKinds: [Kind] { Array(Kind.allCases) }

    /// The layers that have a weight of this kind; one without layers counts as layer 0.
    func layers(of kind: Kind) -> Range<Int> { 0..<(kind.isLayered ? layerCount : 1) }

    /// The weight of this kind in a layer; `layer` is ignored for weights that the model has only
    /// once.
    package func weight(_ kind: Kind, layer: Int = 0) -> ModelWeight {
        ModelWeight(
            kind.rawValue,
            layer: kind.isLayered ? layer : nil,
            shape: kind.shape(in: self),
            role: kind.role,
            part: kind.part
        )
    }

    /// All weights, kind by kind and, within a kind, layer by layer.
    package var weights: [ModelWeight] {
        weightKinds.flatMap { kind in layers(of: kind).map { weight(kind, layer: $0) } }
    }

    /// All weights, grouped: those before the blocks, each block, and those after them.
    package var weightsLayerByLayer: [ModelWeight] {
        func place(_ weight: ModelWeight) -> Int {
            if let layer = weight.layer { return layer }
            return [.embedding, .positions].contains(weight.role) ? -1 : layerCount
        }
        // Sorting keeps the order within a group.
        return weights.enumerated()
            .sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }
            .map(\.element)
    }

    /// The parameters as training keeps them: name, shape and whether weight decay applies, which
    /// it does for matrices.
    ///
    /// A tensor holds all its layers, and an embedding the rows that pad the vocabulary. Passes at
    /// bfloat16 read rounded matrices.
    package var parameterLayout: TensorLayout {
        TensorLayout(
            weightKinds.map { kind in
                var shape = kind.shape(in: self)
                if kind.role == .embedding { shape[0] = logitCount }
                if kind.isLayered { shape.insert(layerCount, at: 0) }
                return TensorSpecification(
                    kind.rawValue,
                    shape,
                    decays: kind.role.isMatrix || kind.role == .positions
                )
            }
        )
    }

    /// The matrix parameters that activations are multiplied by.
    ///
    /// Their gradients are products too, and written as a whole; other gradients are added to. An
    /// embedding that is not the classifier does not multiply anything: tokens look up its rows.
    package var factorNames: Set<String> {
        let kinds = weightKinds
        let isTied = !kinds.contains { $0.part == .classifier }
        return Set(
            kinds.filter { $0.role == .matrix || ($0.role == .embedding && isTied) }
                .map(\.rawValue)
        )
    }
}

extension WeightKind {
    /// The kind of a weight.
    /// - Precondition: The weight is one of the family's.
    init(of weight: ModelWeight) {
        guard let kind = Self(rawValue: weight.name) else {
            preconditionFailure("\(weight) is no \(Self.self)")
        }
        self = kind
    }
}
