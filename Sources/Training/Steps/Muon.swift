// The optimizer of the matrices within blocks: which those are, and how threads share them. The
// arithmetic for one matrix is in Ops+Muon.swift.

import LanguageModels
import Tensors

/// What updates the parameters of a model.
public enum OptimizerKind: String, Sendable, Codable, CaseIterable {
    /// AdamW for all parameters.
    case adamw
    /// Muon for the matrices within blocks, AdamW for the rest.
    case muon
}

/// Muon for the matrices within the blocks of a model: neither embeddings, classifier nor vectors.
///
/// Each layer's matrix is updated by itself, and so are the matrices of queries, keys and values if
/// one tensor holds all three.
final class Muon {
    /// Decay rate for the running mean of the gradients.
    private static let momentum: Float = 0.95

    /// Matrices of one shape, stored one after another in a tensor.
    private struct Stack {
        /// The tensor's place among the parameters.
        let index: Int
        let name: String
        let count: Int
        let rows: Int
        let columns: Int

        init?(_ specification: TensorSpecification, at index: Int, parts: Int) {
            // Only tensors of blocks have a first axis for the layers, and only matrices two more.
            guard specification.shape.count == 3 else { return nil }
            self.index = index
            name = specification.name
            count = specification.shape[0] * parts
            rows = specification.shape[1] / parts
            columns = specification.shape[2]
        }

        /// The matrices of a tensor that has the stack's elements.
        func matrices(of tensor: Tensor) -> Tensor { tensor.reshaped([count, rows, columns]) }
    }

    /// The matrices of a model, and the workspace that they need.
    private struct Stacks {
        let all: [Stack]
        let largestCount: Int
        let largestSide: Int

        init(_ configuration: any ModelConfiguration) {
            let parts = configuration.stackedMatrices
            all = configuration.parameterLayout.specifications.enumerated().compactMap {
                Stack($1, at: $0, parts: parts[$1.name] ?? 1)
            }
            largestCount = all.map { $0.rows * $0.columns }.max() ?? 0
            largestSide = all.map { min($0.rows, $0.columns) }.max() ?? 0
        }
    }

    private let model: TransformerModel
    private let stacks: [Stack]
    private let lanes: [(ops: Ops, workspace: MuonWorkspace)]

    /// Allocates working memory for each thread.
    /// - Parameter model: Its matrices are changed by every update.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    init(_ model: TransformerModel) throws {
        self.model = model
        let found = Stacks(model.sizes)
        stacks = found.all
        lanes = try (0..<model.ops.threadCount).map { _ in
            let workspace = try MuonWorkspace(
                largestCount: found.largestCount,
                largestSide: found.largestSide
            )
            return (try model.ops.forLane(), workspace)
        }
    }

    /// Bytes of working memory for a model of these sizes.
    static func byteCount(_ configuration: any ModelConfiguration, threadCount: Int) -> Int {
        let stacks = Stacks(configuration)
        return threadCount
            * MuonWorkspace.byteCount(
                largestCount: stacks.largestCount,
                largestSide: stacks.largestSide
            )
    }

    /// The places of its tensors among the parameters, which no other optimizer may update.
    var indices: Set<Int> { Set(stacks.map(\.index)) }

    /// Updates the matrices, and their rounded copies, from the gradients.
    ///
    /// Each thread handles whole matrices, so the number of threads does not change any bits.
    /// - Parameters:
    ///   - gradients: Those of the mean loss.
    ///   - means: The running means of the gradients, updated in place.
    ///   - learningRate: The rate of this update.
    ///   - weightDecay: Decoupled.
    ///   - gradientScale: Multiplies every gradient.
    func update(
        gradients: TensorSet,
        means: TensorSet,
        learningRate: Float,
        weightDecay: Float,
        gradientScale: Float
    ) {
        let step = MuonStep(
            learningRate: learningRate,
            momentum: Self.momentum,
            weightDecay: weightDecay,
            gradientScale: gradientScale
        )
        for stack in stacks {
            let (parameters, gradients, means) = (
                stack.matrices(of: model.parameters.tensors[stack.index]),
                stack.matrices(of: gradients.tensors[stack.index]),
                stack.matrices(of: means.tensors[stack.index])
            )
            let working = model.roundedCopy(of: stack.name).map(stack.matrices)
            let (lanes, count) = (lanes, min(lanes.count, stack.count))
            model.ops.runLanes(count) { lane in
                for matrix in stride(from: lane, to: stack.count, by: count) {
                    lanes[lane].ops.muon(
                        params: parameters[matrix],
                        grads: gradients[matrix],
                        m: means[matrix],
                        working: working?[matrix],
                        workspace: lanes[lane].workspace,
                        step: step
                    )
                }
            }
        }
    }
}

// Its workspaces change with every update.
@available(*, unavailable) extension Muon: Sendable {}
