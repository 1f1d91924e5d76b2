// Low-rank adapters in the format of PEFT: a directory with a configuration and two thin matrices
// for each linear layer they change. What their names mean for a model is AdaptedWeights' affair.

import FileIO
import TensorFiles

/// The changes that fine-tuning made to some linear layers.
///
/// Each is the product of two thin matrices: `W + scale * B A` (Hu et al. 2021, "LoRA").
public struct LowRankAdapter: Sendable {
    /// The change of one linear layer.
    struct Change: Sendable {
        /// `(r, in)`.
        let a: StoredTensor
        /// `(out, r)`.
        let b: StoredTensor
        /// What the product is multiplied by.
        let scale: Float
    }

    /// The directory.
    public let path: FilePath
    /// The changes, by the name that Hugging Face gives the linear layer, without `.weight`.
    let changes: [String: Change]

    static let configurationName = "adapter_config.json"
    static let tensorsName = "adapter_model.safetensors"

    /// Opens an adapter.
    /// - Parameter path: The directory, with `adapter_config.json` and `adapter_model.safetensors`.
    /// - Throws: `TensorFileError` when it is no such directory, damaged, or an adapter of a kind
    ///   that is not known; `FileIOError` when a file cannot be read.
    public init(_ path: FilePath) throws {
        self.path = path
        let names = [Self.configurationName, Self.tensorsName]
        guard names.allSatisfy({ FileSystem.exists(path.appending($0)) }) else {
            throw TensorFileError.nothingInDirectory(path: path, expected: names)
        }
        let configurationPath = path.appending(Self.configurationName)
        let configuration = try MappedFile(configurationPath).withIntactBytes {
            try JSONContent.decode(Configuration.self, from: $0, of: configurationPath)
        }
        if let reason = configuration.unknownKind {
            throw TensorFileError.unsupported(
                path: configurationPath,
                reason: reason,
                hint: "train the adapter as plain LoRA"
            )
        }
        let archive = try TensorArchive(contentsOf: path.appending(Self.tensorsName))
        changes = try Self.changes(in: archive, configuration)
    }

    /// Brings the two matrices of each layer together.
    private static func changes(
        in archive: TensorArchive,
        _ configuration: Configuration
    ) throws -> [String: Change] {
        let prefix = "base_model.model."
        let (endA, endB) = (".lora_A.weight", ".lora_B.weight")
        var changes: [String: Change] = [:]
        for tensor in archive.tensors {
            guard tensor.name.hasPrefix(prefix),
                tensor.name.hasSuffix(endA) || tensor.name.hasSuffix(endB)
            else {
                throw TensorFileError.unsupported(
                    path: archive.path,
                    reason: "'\(tensor.name)' is no part of a LoRA",
                    hint: "save the adapter alone, with PEFT's save_pretrained"
                )
            }
            guard tensor.name.hasSuffix(endA) else { continue }
            let layer = String(tensor.name.dropFirst(prefix.count).dropLast(endA.count))
            let rank = tensor.shape.first ?? 0
            guard tensor.shape.count == 2, rank > 0 else {
                throw TensorFileError.malformed(
                    path: archive.path,
                    what: "the shape of '\(tensor.name)'",
                    expected: "(r, in)",
                    found: "\(tensor.shape)"
                )
            }
            guard let b = archive[prefix + layer + endB] else {
                throw TensorFileError.missingTensor(
                    path: archive.path,
                    name: prefix + layer + endB
                )
            }
            guard b.shape.count == 2, b.shape[1] == rank else {
                throw TensorFileError.malformed(
                    path: archive.path,
                    what: "the shape of '\(b.name)'",
                    expected: "(out, \(rank))",
                    found: "\(b.shape)"
                )
            }
            changes[layer] = Change(
                a: tensor,
                b: b,
                scale: configuration.scale(of: layer, rank: rank)
            )
        }
        guard changes.count * 2 == archive.tensors.count else {
            throw TensorFileError.malformed(
                path: archive.path,
                what: "the number of tensors",
                expected: "\(changes.count * 2)",
                found: "\(archive.tensors.count)"
            )
        }
        return changes
    }
}

/// What `adapter_config.json` says; what only training needs is passed over.
private struct Configuration: Decodable {
    let peft_type: String
    let lora_alpha: Float
    let use_rslora: Bool?
    let alpha_pattern: [String: Float]?
    let use_dora: Bool?
    let bias: String?
    let modules_to_save: [String]?

    /// What makes it another kind of adapter than is known; nil for a LoRA.
    var unknownKind: String? {
        if peft_type != "LORA" { return "it is an adapter of type '\(peft_type)', not LORA" }
        if use_dora == true { return "it is a DoRA" }
        if let bias, bias != "none" { return "it was trained with bias '\(bias)'" }
        if modules_to_save?.isEmpty == false {
            return "it replaces whole modules (modules_to_save)"
        }
        return nil
    }

    /// What the product of a layer's matrices is multiplied by.
    func scale(of layer: String, rank: Int) -> Float {
        // A key stands for the layers whose names end with it; of several, the one that says most.
        let own = alpha_pattern?.filter { layer == $0.key || layer.hasSuffix("." + $0.key) }
            .max { $0.key.utf8.count < $1.key.utf8.count }
        let alpha = own?.value ?? lora_alpha
        return alpha / (use_rslora == true ? Float(rank).squareRoot() : Float(rank))
    }
}
