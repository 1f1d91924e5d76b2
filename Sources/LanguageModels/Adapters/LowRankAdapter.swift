// Low-rank adapters in the format of PEFT: a directory with a configuration and two thin matrices
// for each linear layer they change. What the configuration says is read in
// LowRankAdapter+Configuration.swift; AdaptedWeights knows what the names mean for a model.

import FileIO
import TensorFiles

/// The changes that fine-tuning made to some linear layers.
///
/// Each is the product of two thin matrices: `W + scale * B A` (Hu et al. 2021, "LoRA").
package struct LowRankAdapter: Sendable {
    /// The change of one linear layer.
    struct Change: Sendable {
        /// `(r, in)`.
        let a: StoredTensor
        /// `(out, r)`.
        let b: StoredTensor
        /// The alpha that the configuration gives for the product.
        let alpha: Float
        /// What the product is multiplied by.
        let scale: Float
    }

    /// The directory.
    package let path: FilePath
    /// Where the model is that it was trained on: a path, or a name on Hugging Face's hub; nil if
    /// its configuration does not say.
    package let baseModel: String?
    /// The changes, by the name that Hugging Face gives the linear layer, without `.weight`.
    let changes: [String: Change]
    /// Weights that replace the model's own, by the same names: PEFT saves the embedding and the
    /// head along with an adapter that changes one of them.
    let replacements: [String: StoredTensor]
    /// Whether products are divided by the root of their rank, not by the rank (rsLoRA).
    let usesRootOfRank: Bool

    static let configurationName = "adapter_config.json"
    static let tensorsName = "adapter_model.safetensors"
    /// The prefix of the names of all its tensors.
    static let prefix = "base_model.model."
    /// The suffixes of the names of a layer's two matrices.
    static let (endA, endB) = (".lora_A.weight", ".lora_B.weight")

    /// The names of A and B of a layer.
    static func names(of layer: String) -> [String] { [endA, endB].map { prefix + layer + $0 } }

    /// Opens an adapter.
    /// - Parameter path: The directory, with `adapter_config.json` and `adapter_model.safetensors`.
    /// - Throws: `TensorFileError` when it is not such a directory, damaged, or an unsupported kind
    ///   of adapter; `FileIOError` when nothing is there or a file cannot be read.
    package init(_ path: FilePath) throws {
        self.path = path
        let names = [Self.configurationName, Self.tensorsName]
        guard names.allSatisfy({ FileSystem.exists(path.appending($0)) }) else {
            guard FileSystem.exists(path) else { throw FileIOError.missing(path: path) }
            let adapter = path.appending("adapter")
            if Self.isOne(adapter) {
                throw TensorFileError.unsupported(
                    path: path,
                    reason: "it is a run that trains an adapter",
                    hint: "name the adapter in it, '\(adapter)'"
                )
            }
            throw TensorFileError.nothingInDirectory(path: path, expected: names)
        }
        let configuration = try Configuration(path.appending(Self.configurationName))
        baseModel = configuration.baseModel
        usesRootOfRank = configuration.usesRootOfRank
        let archive = try TensorArchive(contentsOf: path.appending(Self.tensorsName))
        (changes, replacements) = try Self.parts(of: archive, configuration)
    }

    /// The ranks of its layers, sorted.
    package var ranks: [Int] { Set(changes.values.map { $0.a.shape[0] }).sorted() }
    /// How many linear layers it changes.
    package var layerCount: Int { changes.count }
    /// The numbers in its matrices.
    package var parameterCount: Int {
        changes.values.flatMap { [$0.a, $0.b] }.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// Whether a directory says that it is an adapter.
    package static func isOne(_ path: FilePath) -> Bool {
        FileSystem.exists(path.appending(configurationName))
    }

    /// The error for an adapter that is given as a model.
    package static func noModel(_ path: FilePath) -> TensorFileError {
        .unsupported(
            path: path,
            reason: "it is an adapter (LoRA), not a model",
            hint: "name the model it was trained on, and this with --adapter"
        )
    }

    /// What the product of two matrices is multiplied by.
    static func scale(alpha: Float, rank: Int, usesRootOfRank: Bool) -> Float {
        alpha / (usesRootOfRank ? Float(rank).squareRoot() : Float(rank))
    }

    /// Pairs the two matrices of each layer.
    private static func parts(
        of archive: TensorArchive,
        _ configuration: Configuration
    ) throws -> (changes: [String: Change], replacements: [String: StoredTensor]) {
        // One matrix of a layer that the adapter changes, and one of another layer.
        let ends = [".base_layer.weight", ".weight"]
        var changes: [String: Change] = [:]
        var replacements: [String: StoredTensor] = [:]
        for tensor in archive.tensors {
            func layerName(before end: String) -> String? {
                guard tensor.name.hasPrefix(Self.prefix), tensor.name.hasSuffix(end) else {
                    return nil
                }
                return String(tensor.name.dropFirst(Self.prefix.count).dropLast(end.count))
            }
            if layerName(before: Self.endB) != nil { continue }
            guard let layer = layerName(before: Self.endA) else {
                guard let layer = ends.lazy.compactMap(layerName).first else {
                    throw TensorFileError.unsupported(
                        path: archive.path,
                        reason: "'\(tensor.name)' is not part of a linear layer's LoRA",
                        hint: "train an adapter of linear layers, and save it alone, with PEFT's "
                            + "save_pretrained"
                    )
                }
                replacements[layer] = tensor
                continue
            }
            let rank = tensor.shape.first ?? 0
            guard tensor.shape.count == 2, rank > 0 else {
                throw TensorFileError.malformed(
                    path: archive.path,
                    what: "the shape of '\(tensor.name)'",
                    expected: "(r, in)",
                    found: "\(tensor.shape)"
                )
            }
            guard let b = archive[Self.prefix + layer + Self.endB] else {
                throw TensorFileError.missingTensor(
                    path: archive.path,
                    name: Self.prefix + layer + Self.endB
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
            let alpha = try configuration.alpha(of: layer)
            changes[layer] = Change(
                a: tensor,
                b: b,
                alpha: alpha,
                scale: Self.scale(
                    alpha: alpha,
                    rank: rank,
                    usesRootOfRank: configuration.usesRootOfRank
                )
            )
        }
        for tensor in archive.tensors where tensor.name.hasSuffix(Self.endB) {
            let layer = tensor.name.dropFirst(Self.prefix.count).dropLast(Self.endB.count)
            guard changes[String(layer)] != nil else {
                throw TensorFileError.missingTensor(
                    path: archive.path,
                    name: Self.prefix + layer + Self.endA
                )
            }
        }
        return (changes, replacements)
    }
}
