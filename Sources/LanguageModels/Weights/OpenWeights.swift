// Finds out which model is at a path and in which format, and opens it. A path may show several
// signs: they are checked in the order of the steps below, the strongest first, and each step gives
// the reason for its place.

import FileIO
import TensorFiles

/// What a model's weights are stored in.
package enum ModelFormat: Sendable, Equatable {
    /// llm.c's model file.
    case llmc(version: Int)
    /// llama2.c's checkpoint; of version 2 with the number of elements that share a scale.
    case llama2c(version: Int, groupSize: Int?)
    /// Hugging Face's `config.json` with tensors in a container.
    case huggingFace(TensorArchive.Container)
    /// Meta's `params.json` and `consolidated.NN.pth`.
    case meta
    /// nanoGPT's `ckpt.pt`.
    case nanoGPT
    /// llama.cpp's GGUF.
    case gguf
    /// No file.
    case memory

    /// The name that `info` prints.
    package var name: String {
        switch self {
        case .llmc: "llm.c"
        case .llama2c: "llama2c"
        case .huggingFace(let container): container.name
        case .meta: "meta"
        case .nanoGPT: "nanogpt"
        case .gguf: "gguf"
        case .memory: "memory"
        }
    }

    /// The version, if the format has several.
    package var version: Int? {
        switch self {
        case .llmc(let version), .llama2c(let version, _): version
        default: nil
        }
    }

    /// Elements that share a scale, if a file has groups of its own size.
    package var groupSize: Int? {
        if case .llama2c(_, let size) = self { size } else { nil }
    }
}

/// Opens the weights of a model, recognized by content and not by names.
///
/// - Parameter path: llm.c's model file; llama2.c's checkpoint; a GGUF file; nanoGPT's `ckpt.pt`; a
///   directory of Hugging Face's (`config.json` with safetensors or `pytorch_model.bin`, single or
///   in several files) or Meta's (`params.json` with `consolidated.00.pth` and so on), or one of
///   the files in such a directory; or a directory with one GGUF file.
/// - Returns: The weights, of which little has been read yet.
/// - Throws: ``ModelError`` or `TensorFileError` when the content is something else, damaged or an
///   unknown model; `FileIOError` when a file is missing or ends early.
package func openWeights(at path: FilePath) throws -> any ModelWeights {
    // A directory is a model because of a file that says which, or of its only file that is a
    // model.
    if FileSystem.isDirectory(path) {
        if let file = try ModelDirectory.ggufFile(in: path) { return try openWeights(at: file) }
        return try ModelDirectory(path).weights()
    }
    let file = try MappedFile(path)
    // A number that nothing else starts with.
    if GPT2CheckpointHeader.mayBegin(file) { return try LLMCFile(path) }
    let start = TensorFileStart(file)
    // The sizes are in the file, and its keys cannot mean anything else.
    if start == .gguf { return try openWeights(in: GGUFFile(file)) }
    // It contains the sizes of its model, unlike any other PyTorch file.
    if start == .zip, case let file = try PyTorchFile(file), file.isNanoGPT {
        return try ArchivedWeights(nanoGPT: file)
    }
    // Tensors do not contain a model's sizes; a file next to them does.
    if start != nil { return try ModelDirectory(path.directory).weights(named: path) }
    // Seven small numbers: many files begin like that, but few are as long as the numbers imply.
    return try Llama2CFile(path)
}

/// Opens the weights of a model of one family, as ``openWeights(at:)`` does.
/// - Throws: Also ``ModelError/mismatch(path:expected:found:hint:)`` when it is of another family.
package func openWeights<Configuration: ModelConfiguration>(
    at path: FilePath,
    as family: Configuration.Type
) throws -> any ModelWeights<Configuration> {
    let weights = try openWeights(at: path)
    guard let weights = weights as? any ModelWeights<Configuration> else {
        throw ModelError.mismatch(
            path: path,
            expected: "a \(family.familyName)",
            found: "a \(type(of: weights.configuration).familyName)",
            hint: "check the path"
        )
    }
    return weights
}

/// A directory that holds a model in several files, one of which says what it is.
package struct ModelDirectory {
    private let path: FilePath
    private let kind: Kind

    private enum Kind: String, CaseIterable {
        /// Checked first: a converted Meta directory may have both.
        case huggingFace = "config.json"
        case meta = "params.json"
        /// Last: it may be next to what it was made from.
        case nanoGPT = "ckpt.pt"
    }

    /// Finds the file that says what the model is.
    /// - Throws: `TensorFileError` when there is none.
    init(_ path: FilePath) throws {
        self.path = path
        guard let kind = Self.kind(of: path) else {
            if LowRankAdapter.isOne(path) {
                throw LowRankAdapter.noModel(path)
            }
            throw TensorFileError.nothingInDirectory(
                path: path,
                expected: Kind.allCases.map(\.rawValue)
            )
        }
        self.kind = kind
    }

    /// Whether a directory has a file that says which model is in it, even an unknown one.
    package static func isOne(_ path: FilePath) -> Bool { kind(of: path) != nil }

    /// Whether a directory has files that are each a model.
    package static func holdsGGUF(_ path: FilePath) -> Bool {
        ((try? ggufNames(in: path)) ?? []).isEmpty == false
    }

    /// The only GGUF file of a directory, unless its other files are a model.
    /// - Returns: The file; nil if there is none, or if the other files are a model.
    /// - Throws: ``ModelError/severalModels(path:names:)``; `FileIOError` when the directory cannot
    ///   be listed.
    package static func ggufFile(in path: FilePath) throws -> FilePath? {
        switch kind(of: path) {
        case .meta, .nanoGPT: return nil
        // The configuration alone may have come along with a GGUF file.
        case .huggingFace where TensorArchive.file(in: path) != nil: return nil
        case .huggingFace, nil: break
        }
        let names = try ggufNames(in: path)
        guard names.count < 2 else {
            throw ModelError.severalModels(path: path, names: names.map(\.string))
        }
        return names.first.map { path.appending($0) }
    }

    private static func ggufNames(in path: FilePath) throws -> [FilePath.Component] {
        try FileSystem.names(in: path).filter {
            $0.extension?.lowercased() == "gguf" && !$0.isHidden
        }
    }

    /// Whether a JSON file in such a directory says what the model is, or where its tensors are;
    /// other JSON files belong to a tokenizer, or hold settings.
    package static func isDescription(_ file: FilePath) -> Bool {
        let name = file.lastComponent?.string ?? ""
        let describes = Kind(rawValue: name) != nil || name.hasSuffix(".index.json")
        return describes && isOne(file.directory)
    }

    private static func kind(of path: FilePath) -> Kind? {
        Kind.allCases.first { FileSystem.exists(path.appending($0.rawValue)) }
    }

    /// Opens the model.
    /// - Parameter file: The file that was named instead of the directory, if any.
    /// - Returns: Its weights.
    /// - Throws: As ``openWeights(at:)``.
    func weights(named file: FilePath? = nil) throws -> any ModelWeights {
        let description = path.appending(kind.rawValue)
        switch kind {
        case .meta: return try MetaLlama2(path)
        case .nanoGPT: return try ArchivedWeights(nanoGPT: PyTorchFile(MappedFile(description)))
        case .huggingFace:
            let tensors = file.flatMap(Self.wholeModel) ?? path
            if try HuggingFaceFamily(description) == .gpt2 {
                return try ArchivedWeights(gpt2: description, tensors: tensors)
            }
            return try ArchivedWeights(llama: description, tensors: tensors)
        }
    }

    /// A file of tensors that may hold all of a model, or say where they are; nil for one of
    /// several, and for the configuration.
    private static func wholeModel(_ file: FilePath) -> FilePath? {
        let name = file.lastComponent?.string ?? ""
        return name == Kind.huggingFace.rawValue || name.contains("-of-") ? nil : file
    }
}

/// The families that Hugging Face's `config.json` can describe.
private enum HuggingFaceFamily {
    case gpt2
    /// The reader of this family refuses all other types.
    case llama

    init(_ path: FilePath) throws {
        struct Config: Decodable {
            let model_type: String?
        }
        let config = try JSONContent.decode(Config.self, from: path)
        self = config.model_type == "gpt2" ? .gpt2 : .llama
    }
}
