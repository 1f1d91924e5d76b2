// The weights of a model in a container of named tensors: an archive knows names, a configuration
// knows shapes, and a naming table brings the two together.

import TensorFiles
import Tensors

/// Weights in a container of named tensors.
public struct ArchivedWeights<Configuration: ModelConfiguration>: ModelWeights {
    public let configuration: Configuration
    public let format: ModelFormat
    private let archive: TensorArchive
    private let naming: WeightNaming
    /// Where blocks become planes: together, so that their memory is in huge pages.
    private let arena = WeightArena()

    /// Takes the tensors of a model, and checks that all of them are there, in the right shape, and
    /// that there are no others that would have a part in what the model computes.
    /// - Throws: `TensorFileError`.
    public init(
        _ configuration: Configuration,
        in archive: TensorArchive,
        naming: WeightNaming,
        format: ModelFormat
    ) throws {
        self.configuration = configuration
        self.archive = archive
        self.naming = naming
        self.format = format
        var known: Set<String> = []
        for weight in configuration.weights {
            guard case .tensor(let name, let arrangement) = naming[weight] else { continue }
            _ = try archive.tensor(name, shape: arrangement.storedShape(weight.shape))
            known.insert(name)
        }
        // One left out without a word would make it another model.
        let other = archive.tensors.map(\.name).first { name in
            !known.contains(name) && !naming.buffers.contains(where: name.hasSuffix)
                && (name.hasPrefix(naming.blockPrefix) || name.hasSuffix(".bias"))
        }
        guard let other else { return }
        throw TensorFileError.unsupported(
            path: archive.path,
            reason:
                "it has a tensor '\(other)', which no \(Configuration.familyName) of these sizes "
                + "has",
            hint: "use a model of this architecture, with the configuration that belongs to it"
        )
    }

    public var tensors: [StoredTensor] { archive.tensors }

    public func elementType(of weight: ModelWeight) throws -> ElementType {
        guard case .tensor(let name, let arrangement) = naming[weight] else { return .float32 }
        let stored = try archive.tensor(name, shape: arrangement.storedShape(weight.shape))
        return stored.storedType.weightType ?? .float32
    }

    public func tensor(_ weight: ModelWeight) throws -> Tensor {
        guard case .tensor(let name, let arrangement) = naming[weight] else {
            return try Tensor(zeros: weight.shape)
        }
        let stored = try archive.tensor(name, shape: arrangement.storedShape(weight.shape))
        return try arrangement.arranged(stored.tensor(in: arena))
    }
}
