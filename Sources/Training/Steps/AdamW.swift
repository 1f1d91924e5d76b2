// The optimizer: two moments for each parameter, and the update that uses them. Muon, if chosen,
// takes over the matrices within blocks, and uses their first moments' memory.

import LanguageModels
import Tensors

/// Rates that stay the same over a run.
public struct OptimizerSettings: Sendable, Equatable, Codable {
    /// Decay rate for the first moment.
    public var beta1: Float = TrainingSettings.default(\.optimizer.beta1)
    /// Decay rate for the second moment.
    public var beta2: Float = TrainingSettings.default(\.optimizer.beta2)
    /// Added to the denominator.
    public var epsilon: Float = TrainingSettings.default(\.optimizer.epsilon)
    /// Applied to the tensors whose specification says so: the weight matrices.
    public var weightDecay: Float = TrainingSettings.default(\.optimizer.weightDecay)
    /// Gradients with a larger global norm are scaled down to this; 0 is no limit.
    public var gradientClip: Float = TrainingSettings.default(\.optimizer.gradientClip)

    /// The defaults of GPT-2's training.
    public init() {}
}

/// AdamW with decoupled weight decay (Loshchilov & Hutter 2019) for the parameters of a model, or
/// for those that Muon leaves to it.
package final class AdamW {
    /// Elements of a tensor, and the place of their moments among all moments.
    private struct Part {
        let tensor: Int
        let range: Range<Int>
        let momentStart: Int
    }

    private let model: TransformerModel
    private let muon: Muon?
    private let parts: [Part]
    /// The first moments: running means of the gradients.
    package let m: TensorSet
    /// The second moments: running means of the gradients' squares; 0 for what Muon updates.
    package let v: TensorSet

    /// Allocates the moments, all zero.
    /// - Parameters:
    ///   - model: Its parameters are changed by every update.
    ///   - kind: Whether Muon updates the matrices within blocks.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package init(_ model: TransformerModel, kind: OptimizerKind = .adamw) throws {
        self.model = model
        muon = kind == .muon ? try Muon(model) : nil
        m = try model.makeParameterSet()
        v = try model.makeParameterSet()
        let others = muon?.indices ?? []
        var start = 0
        var parts: [Part] = []
        for (index, specification) in m.layout.specifications.enumerated() {
            if !others.contains(index) {
                let range = 0..<specification.count
                parts.append(Part(tensor: index, range: range, momentStart: start))
            }
            start += specification.count
        }
        self.parts = parts
    }

    /// Allocates the moments of a share of the parameters, and updates only those.
    /// - Parameters:
    ///   - model: Its parameters are changed by every update.
    ///   - shares: How the parameters are divided.
    ///   - rank: The process that the share belongs to.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    init(_ model: TransformerModel, _ shares: ParameterShares, rank: Int) throws {
        self.model = model
        muon = nil
        let count = shares.elementCount(ofRank: rank)
        let layout = TensorLayout([TensorSpecification("share", [count])])
        m = try model.ops.allocate(layout)
        v = try model.ops.allocate(layout)
        let firstElements = Dictionary(
            shares.pieces.map { ($0.tensor, $0.range.lowerBound) },
            uniquingKeysWith: min
        )
        var start = 0
        parts = shares.pieces.map { piece in
            let all = shares.range(of: piece, rank: rank)
            let first = firstElements[piece.tensor] ?? 0
            defer { start += all.count }
            return Part(
                tensor: piece.tensor,
                range: all.lowerBound - first..<all.upperBound - first,
                momentStart: start
            )
        }.filter { !$0.range.isEmpty }
    }

    /// The global norm of all gradients, before clipping.
    package func norm(of gradients: TensorSet) -> Float {
        Float(model.ops.sumOfSquares(gradients.flat).squareRoot())
    }

    /// Updates the model's parameters, and their rounded copies, from the gradients.
    /// - Parameters:
    ///   - gradients: Those of the mean loss.
    ///   - norm: The norm of `gradients`, from ``norm(of:)``.
    ///   - learningRate: The rate of this update.
    ///   - step: The number of this update, from 1.
    ///   - settings: The other rates.
    package func update(
        gradients: TensorSet,
        norm: Float,
        learningRate: Float,
        step: Int,
        settings: OptimizerSettings
    ) {
        let clips = settings.gradientClip > 0 && norm > settings.gradientClip
        let gradientScale = clips ? settings.gradientClip / norm : 1
        muon?.update(
            gradients: gradients,
            means: m,
            learningRate: learningRate,
            weightDecay: settings.weightDecay,
            gradientScale: gradientScale
        )
        let parameters = model.parameters
        let (m, v) = (m.flat, v.flat)
        for part in parts {
            let specification = parameters.layout.specifications[part.tensor]
            let moments = part.momentStart..<part.momentStart + part.range.count
            func elements(_ tensor: Tensor) -> Tensor {
                tensor.reshaped([tensor.count])[part.range]
            }
            model.ops.adamW(
                params: elements(parameters.tensors[part.tensor]),
                grads: elements(gradients.tensors[part.tensor]),
                m: m[moments],
                v: v[moments],
                working: model.roundedCopy(of: specification.name).map(elements),
                step: AdamWStep(
                    learningRate: learningRate,
                    beta1: settings.beta1,
                    beta2: settings.beta2,
                    epsilon: settings.epsilon,
                    weightDecay: specification.decays ? settings.weightDecay : 0,
                    step: step,
                    gradientScale: gradientScale
                )
            )
        }
    }
}

// Its moments change with every update.
@available(*, unavailable) extension AdamW: Sendable {}
