// Which linear layers a low-rank adapter changes, at which rank and with which alpha: everything
// that is known of it before it has numbers.

import TensorFiles
import Tensors

/// The layers of an adapter in training.
package struct LowRankShape: Sendable, Equatable {
    /// One linear layer that is adapted.
    package struct Layer: Sendable, Equatable {
        /// The weight that the product is added to.
        package let weight: ModelWeight
        /// r: rows of A, columns of B.
        package let rank: Int
        /// How much the product counts, before division by the rank or its root.
        package let alpha: Float

        /// The name of A, `(r, in)`, among the parameters.
        var nameOfA: String { "\(weight).lora_A" }
        /// The name of B, `(out, r)`, among the parameters.
        var nameOfB: String { "\(weight).lora_B" }
    }

    /// The layers, block by block.
    package let layers: [Layer]
    /// Whether products are divided by the root of their rank, not by the rank (rsLoRA).
    package let usesRootOfRank: Bool

    init(_ layers: [Layer], usesRootOfRank: Bool) {
        self.layers = layers
        self.usesRootOfRank = usesRootOfRank
    }

    /// Adapts all linear layers in some parts of a model in the same way.
    /// - Parameters:
    ///   - configuration: The model's sizes.
    ///   - parts: Which of attention and MLP to adapt.
    ///   - rank: r, at least 1.
    ///   - alpha: The product is multiplied by alpha / r.
    package init(
        _ configuration: some ModelConfiguration,
        parts: Set<ModelWeight.Part>,
        rank: Int,
        alpha: Float
    ) {
        precondition(rank >= 1, "an adapter of rank \(rank)")
        self.init(
            configuration.adaptableWeights
                .filter { parts.contains($0.part) }
                .map { Layer(weight: $0, rank: rank, alpha: alpha) },
            usesRootOfRank: false
        )
    }

    /// The layers of an adapter that was read, which must be linear layers within blocks.
    /// - Throws: `TensorFileError` when it changes something else, or belongs to another model.
    package init(_ adapter: LowRankAdapter, of configuration: some ModelConfiguration) throws {
        if let name = adapter.replacements.keys.min() {
            throw Self.unsupported(adapter, "it replaces '\(name)' as a whole")
        }
        let naming = configuration.huggingFaceNaming
        var changes = adapter.changes
        var layers: [LowRankShape.Layer] = []
        for weight in configuration.adaptableWeights {
            guard let path = naming.linearLayer(weight)?.path,
                let change = changes.removeValue(forKey: path)
            else { continue }
            try adapter.check(change, weight)
            layers.append(
                LowRankShape.Layer(
                    weight: weight,
                    rank: change.a.shape[0],
                    alpha: change.alpha
                )
            )
        }
        if let name = changes.keys.min() {
            throw Self.unsupported(
                adapter,
                "it changes '\(name)', which is not a linear layer within the model's blocks"
            )
        }
        guard !layers.isEmpty else { throw Self.unsupported(adapter, "it changes no layer") }
        self.init(layers, usesRootOfRank: adapter.usesRootOfRank)
    }

    private static func unsupported(
        _ adapter: LowRankAdapter,
        _ reason: String
    ) -> TensorFileError {
        .unsupported(
            path: adapter.path,
            reason: reason,
            hint: "train an adapter of linear layers in the blocks of this model alone"
        )
    }

    /// What the product of a layer's matrices is multiplied by.
    package func scale(of layer: Layer) -> Float {
        LowRankAdapter.scale(
            alpha: layer.alpha,
            rank: layer.rank,
            usesRootOfRank: usesRootOfRank
        )
    }

    /// The index of each weight among the layers.
    var indices: [ModelWeight: Int] {
        Dictionary(uniqueKeysWithValues: layers.enumerated().map { ($1.weight, $0) })
    }

    /// The matrices as training keeps them: A and B of each layer, float32, without weight decay.
    package var parameterLayout: TensorLayout {
        TensorLayout(
            layers.flatMap { layer in
                [
                    TensorSpecification(layer.nameOfA, [layer.rank, layer.weight.shape[1]]),
                    TensorSpecification(layer.nameOfB, [layer.weight.shape[0], layer.rank]),
                ]
            }
        )
    }
}

extension ModelConfiguration {
    /// The weights of linear layers within blocks, block by block.
    var adaptableWeights: [ModelWeight] {
        weightsLayerByLayer.filter { $0.role == .matrix && $0.layer != nil }
    }
}
