// The files of a Llama 2, whoever wrote them: recognised here, read in Llama2CFile.swift,
// MetaLlama2.swift and HuggingFaceLlama2.swift.

import FileIO
import TensorFiles

/// The weights of a Llama 2 in files, of which little has been read yet.
public struct Llama2Checkpoint {
    /// What files of Llama 2 there are.
    public enum Format: Sendable, Equatable {
        /// llama2.c's checkpoint.
        case llama2c(Llama2CFile.Version)
        /// Meta's `params.json` and `consolidated.NN.pth`.
        case meta
        /// Hugging Face's `config.json` and tensors.
        case huggingFace
        /// No files: weights that were made here.
        case memory
    }

    /// Who writes such files.
    public let format: Format
    let source: any Llama2WeightSource

    /// The model's sizes.
    public var configuration: Llama2Configuration { source.configuration }

    /// What the files hold, under the names it has there; int8 without its scales.
    public var tensors: [StoredTensor] { source.tensors }
    /// Elements that share a scale, in llama2.c's version 2.
    public var groupSize: Int? { (source as? Llama2CFile)?.groupSize }

    init(_ source: some Llama2WeightSource, format: Format) {
        self.source = source
        self.format = format
    }

    /// Opens a model, recognised by content.
    ///
    /// - Parameter path: llama2.c's checkpoint; a directory of Meta's (`params.json` with
    ///   `consolidated.00.pth` and so on) or Hugging Face's (`config.json` with safetensors or
    ///   `pytorch_model.bin`); or one of the files in such a directory.
    /// - Throws: ``ModelError`` or `TensorFileError` when the content is something else, damaged or
    ///   another model's; `FileIOError` when a file is missing or ends early.
    public init(contentsOf path: FilePath) throws {
        guard let directory = try Self.directory(of: path) else {
            let file = try Llama2CFile(path)
            self.init(file, format: .llama2c(file.version))
            return
        }
        if FileSystem.exists(directory.appending(HuggingFaceLlama2.configurationName)) {
            self.init(try HuggingFaceLlama2(directory), format: .huggingFace)
        } else if FileSystem.exists(directory.appending(MetaLlama2.configurationName)) {
            self.init(try MetaLlama2(directory), format: .meta)
        } else {
            throw TensorFileError.nothingInDirectory(
                path: directory,
                expected: [HuggingFaceLlama2.configurationName, MetaLlama2.configurationName]
            )
        }
    }

    /// Whether a directory has the configuration of a model in it, which may be another one's.
    public static func isDirectory(_ path: FilePath) -> Bool {
        [HuggingFaceLlama2.configurationName, MetaLlama2.configurationName].contains {
            FileSystem.exists(path.appending($0))
        }
    }

    /// The directory that a model's files are in; nil for a file that may be all of a model.
    private static func directory(of path: FilePath) throws -> FilePath? {
        if FileSystem.isDirectory(path) { return path }
        return try TensorFileStart(MappedFile(path)) == nil ? nil : path.directory
    }
}
