// Telling which model a path is, and opening it. A path may carry several signs: they are looked at
// in the order of the steps below, the strongest first, and each step says why it stands where it
// does.

import FileIO
import TensorFiles

/// Opens the weights of a model, recognised by what is there and not by names.
///
/// - Parameter path: llm.c's model file; llama2.c's checkpoint; a directory of Hugging Face's
///   (`config.json` with safetensors or `pytorch_model.bin`) or Meta's (`params.json` with
///   `consolidated.00.pth` and so on), or one of the files in such a directory.
/// - Returns: The weights, of which little has been read yet.
/// - Throws: ``ModelError`` or `TensorFileError` when the content is something else, damaged or of
///   a model that is not known; `FileIOError` when a file is missing or ends early.
public func openWeights(at path: FilePath) throws -> any ModelWeights {
    // A directory is a model only by the file that says which.
    if FileSystem.isDirectory(path) { return try ModelDirectory(path).weights() }
    let file = try MappedFile(path)
    // A number that nothing else starts with.
    if GPT2CheckpointHeader.mayBegin(file) { return try LLMCFile(path) }
    // Tensors have no sizes of a model among them, and what has is beside them.
    if TensorFileStart(file) != nil { return try ModelDirectory(path.directory).weights() }
    // Seven small numbers: many files begin so, but few are as long as the numbers ask for.
    return try Llama2CFile(path)
}

/// Opens the weights of a model of one family, as ``openWeights(at:)`` does.
/// - Throws: Also ``ModelError/mismatch(path:expected:found:hint:)`` when it is of another family.
public func openWeights<Configuration: ModelConfiguration>(
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
public struct ModelDirectory {
    private let path: FilePath
    private let kind: Kind

    private enum Kind: String, CaseIterable {
        /// Looked for first: a directory of Meta's that was converted may have both.
        case huggingFace = "config.json"
        case meta = "params.json"
    }

    /// Looks for the file that says what the model is.
    /// - Throws: `TensorFileError` when there is none.
    init(_ path: FilePath) throws {
        self.path = path
        guard let kind = Self.kind(of: path) else {
            throw TensorFileError.nothingInDirectory(
                path: path,
                expected: Kind.allCases.map(\.rawValue)
            )
        }
        self.kind = kind
    }

    /// Whether a directory has a file that says what model is in it, which may be one that is not
    /// known.
    public static func isOne(_ path: FilePath) -> Bool { kind(of: path) != nil }

    private static func kind(of path: FilePath) -> Kind? {
        Kind.allCases.first { FileSystem.exists(path.appending($0.rawValue)) }
    }

    func weights() throws -> any ModelWeights {
        let description = path.appending(kind.rawValue)
        switch kind {
        case .meta: return try MetaLlama2(path)
        case .huggingFace:
            let configuration = try Llama2Configuration(huggingFaceFile: description)
            let archive = try TensorArchive(contentsOf: path)
            return try ArchivedWeights(
                configuration,
                in: archive,
                naming: configuration.huggingFaceNaming,
                format: .huggingFace(archive.container)
            )
        }
    }
}
