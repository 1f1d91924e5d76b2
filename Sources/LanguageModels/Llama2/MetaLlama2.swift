// Llama 2 as Meta distributes it: tensors in one or several consolidated.NN.pth, each with a slice
// of every matrix, and params.json, which gives the width of the feed-forward network by a rule,
// and leaves the vocabulary size to the tokenizer.

import FileIO
import TensorFiles
import Tensors

/// A directory from Meta.
struct MetaLlama2: ModelWeights {
    let configuration: Llama2Configuration
    /// The slices, in order.
    private let archives: [TensorArchive]

    static let configurationName = "params.json"

    /// Opens the files of a directory.
    /// - Throws: ``ModelError``, `TensorFileError` or `FileIOError`.
    init(_ directory: FilePath) throws {
        archives = try Self.paths(in: directory).map { try TensorArchive(contentsOf: $0) }
        let embedding = Llama2Weight.tokenEmbedding.metaName(layer: 0)
        guard let stored = archives[0][embedding] else {
            throw TensorFileError.missingTensor(path: archives[0].path, name: embedding)
        }
        configuration = try Llama2Configuration(
            paramsFile: directory.appending(Self.configurationName),
            vocabularySize: stored.shape.first ?? 0
        )
        try Self.checkCount(archives.count, embedding: stored, configuration, directory)
        // All shapes are checked now, so that nothing fails later.
        for weight in configuration.weights {
            _ = try slices(of: Llama2Weight(of: weight), layer: weight.layerIndex)
        }
    }

    /// The files of the slices in a directory, numbered from 0 without gaps.
    private static func paths(in directory: FilePath) throws -> [FilePath] {
        let paths = (0..<100).map { directory.appending(fileName($0)) }
        let found = paths.prefix(while: FileSystem.exists)
        guard !found.isEmpty else {
            throw TensorFileError.nothingInDirectory(path: directory, expected: [fileName(0)])
        }
        if let later = paths.indices[found.count...].first(where: { FileSystem.exists(paths[$0]) })
        {
            throw TensorFileError.missingPart(
                path: directory,
                name: fileName(found.count),
                reason: "there is a \(fileName(later))"
            )
        }
        return Array(found)
    }

    private static func fileName(_ number: Int) -> String {
        "consolidated.\(number < 10 ? "0" : "")\(number).pth"
    }

    /// Checks that there are as many files as a matrix was cut into, judging by the first one.
    private static func checkCount(
        _ count: Int,
        embedding: StoredTensor,
        _ configuration: Llama2Configuration,
        _ directory: FilePath
    ) throws {
        let (whole, part) = (configuration.channels, embedding.shape.last ?? 0)
        // Anything but a slice has a wrong shape, which is reported elsewhere.
        guard embedding.shape.count == 2, part > 0, whole % part == 0 else { return }
        let needed = whole / part
        if count < needed {
            throw TensorFileError.missingPart(
                path: directory,
                name: fileName(count),
                reason: "\(fileName(0)) is one of \(needed) files"
            )
        }
        if count > needed {
            throw TensorFileError.unsupported(
                path: directory,
                reason: "\(fileName(0)) is one of \(needed) files, but there are \(count)",
                hint: "put all files of one model, and no others, in the directory"
            )
        }
    }

    var format: ModelFormat { .meta }

    /// The type of all slices of a weight; float32 if they differ.
    func elementType(of weight: ModelWeight) throws -> ElementType {
        let slices = try slices(of: Llama2Weight(of: weight), layer: weight.layerIndex)
        let types = Set(slices.map { $0.storedType.weightType ?? .float32 })
        return types.count == 1 ? types.first ?? .float32 : .float32
    }

    func tensor(_ weight: ModelWeight) throws -> Tensor {
        let kind = Llama2Weight(of: weight)
        let slices = try slices(of: kind, layer: weight.layerIndex)
        if slices.count == 1 { return try slices[0].tensor() }
        let type = try elementType(of: weight)
        let whole = try Tensor(zeros: weight.shape, elementType: type)
        var end = 0
        for slice in slices {
            let part = try type == .float32 ? slice.floats() : slice.tensor()
            if kind.isSlicedByColumns {
                let columns = slice.shape[1]
                for row in 0..<slice.shape[0] {
                    whole[row].reshaped([whole.shape[1], 1])[end..<end + columns]
                        .copy(from: part[row].reshaped([columns, 1]))
                }
                end += columns
            } else {
                whole[end..<end + slice.shape[0]].copy(from: part)
                end += slice.shape[0]
            }
            try part.requireIntact()
        }
        return whole
    }

    var tensors: [StoredTensor] { archives.flatMap(\.tensors) }

    /// What each file has of a weight; a norm is complete in every file, and the first one's is
    /// used.
    private func slices(of weight: Llama2Weight, layer: Int) throws -> [StoredTensor] {
        let name = weight.metaName(layer: layer)
        let whole = weight.shape(in: configuration)
        if weight.isNorm { return [try archives[0].tensor(name, shape: whole)] }
        let axis = weight.isSlicedByColumns ? 1 : 0
        var shape = whole
        shape[axis] /= archives.count
        guard shape[axis] * archives.count == whole[axis] else {
            throw ModelError.mismatch(
                path: archives[0].path,
                expected: "a number of files that divides \(whole[axis])",
                found: "a slice of '\(name)' and \(archives.count - 1) others",
                hint: "put all files of one model, and no others, in the directory"
            )
        }
        return try archives.map { try $0.tensor(name, shape: shape) }
    }
}

extension Llama2Weight {
    /// Whether Meta cuts the matrix along its columns instead of its rows.
    fileprivate var isSlicedByColumns: Bool {
        [.tokenEmbedding, .wo, .w2].contains(self)
    }
}

extension Llama2Configuration {
    /// Llama 2's own context length.
    package static let llama2ContextLength = 4096

    /// Reads Meta's `params.json`.
    /// - Parameters:
    ///   - path: The file.
    ///   - vocabularySize: V, which Llama 2's own files do not give (-1): the rows of the token
    ///     embedding, or the pieces of the tokenizer.
    ///   - contextLength: maxT, if the file does not say.
    /// - Throws: ``ModelError`` when the sizes are not a Llama's or the vocabulary size differs;
    ///   `TensorFileError` when the file is damaged; `FileIOError` when it is missing.
    package init(
        paramsFile path: FilePath,
        vocabularySize: Int,
        contextLength: Int = llama2ContextLength
    ) throws {
        let params = try JSONContent.decode(Params.self, from: path)
        if params.use_scaled_rope == true {
            throw TensorFileError.unsupported(
                path: path,
                reason: "its rotary positions are scaled ('use_scaled_rope'), with parameters "
                    + "that only Meta's program has",
                hint: "use the model's Hugging Face directory, which has them"
            )
        }
        if let found = params.vocab_size, found >= 0, found != vocabularySize {
            throw ModelError.mismatch(
                path: path,
                expected: "one of \(vocabularySize)",
                found: "a vocabulary of \(found)",
                hint: "use the files of one model together"
            )
        }
        self = try ModelError.naming(path) {
            try Llama2Configuration(
                contextLength: params.max_seq_len ?? contextLength,
                vocabularySize: vocabularySize,
                layerCount: params.n_layers,
                headCount: params.n_heads,
                keyValueHeadCount: params.n_kv_heads ?? params.n_heads,
                channels: params.dim,
                hiddenChannels: Self.hiddenChannels(
                    channels: params.dim,
                    multiplier: params.ffn_dim_multiplier,
                    multiple: params.multiple_of ?? 256
                ),
                hasSeparateClassifier: true,
                ropeTheta: params.rope_theta ?? Self.llama2Theta,
                normEpsilon: params.norm_eps ?? Self.llama2Epsilon
            )
        }
    }

    /// The width of Llama's feed-forward network: two thirds of four times the channels, because
    /// SwiGLU has three matrices instead of two; times a factor in some models; and rounded up to a
    /// multiple.
    /// - Throws: ``ModelError/invalidConfiguration(reason:)`` when the result is not a width.
    static func hiddenChannels(channels: Int, multiplier: Double?, multiple: Int) throws -> Int {
        let limit = 1 << 30
        for (name, value) in [
            ("the number of channels", channels), ("the multiple of hidden channels", multiple),
        ] where value < 1 || value > limit {
            throw ModelError.invalidConfiguration(
                reason: "\(name) is \(value) and must be between 1 and \(limit)"
            )
        }
        var width = 2 * 4 * channels / 3
        if let multiplier {
            // Rounded down between the steps, like Meta's program.
            guard let scaled = Int(exactly: (multiplier * Double(width)).rounded(.towardZero)),
                (1...limit).contains(scaled)
            else {
                throw ModelError.invalidConfiguration(
                    reason: "the factor of the hidden channels is \(multiplier)"
                )
            }
            width = scaled
        }
        return (width + multiple - 1) / multiple * multiple
    }
}

/// The file's content; other keys do not matter.
private struct Params: Decodable {
    let dim: Int
    let n_layers: Int
    let n_heads: Int
    let n_kv_heads: Int?
    let vocab_size: Int?
    let multiple_of: Int?
    let ffn_dim_multiplier: Double?
    let norm_eps: Float?
    let rope_theta: Float?
    let use_scaled_rope: Bool?
    let max_seq_len: Int?
}
