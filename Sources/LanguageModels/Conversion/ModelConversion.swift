// A model on its way from one format to another: what the new one cannot hold is said before a byte
// is written, and then one weight after the other goes there. How each format is written is in the
// files beside this one.

import FileIO
import TensorFiles
import Tensors

/// The conversion of a model to another format.
public struct ModelConversion {
    /// The formats that are written here.
    public enum Target: Sendable, Equatable {
        /// llm.c's model file: float32 in version 3, bfloat16 in version 5.
        case llmc
        /// llama2.c's checkpoint; nil is version 2 for q8_0, and else version 0.
        case llama2c(Llama2CFile.Version?)
        /// Hugging Face's directory of `config.json` and safetensors.
        case safetensors
        /// llama.cpp's file.
        case gguf
    }

    /// Called as weights are written, with how much of the model is, and of all of it; what it
    /// throws ends the conversion, and nothing is left of it.
    public typealias Progress = (_ done: Int, _ total: Int) throws -> Void

    /// The format to be written.
    public let target: Target
    /// Where to.
    public let path: FilePath
    /// How matrices will be stored; nil where they are of several types.
    public let elementType: ElementType?

    /// What the format has no place for, although it makes next to no difference; nil where there
    /// is no such thing.
    public let remark: String?

    private let write: (_ overwrite: Bool, _ ops: Ops, _ progress: Progress) throws -> Void

    /// Plans a conversion.
    /// - Parameters:
    ///   - weights: The model.
    ///   - target: The format to write.
    ///   - path: The file to write, or for ``Target/safetensors`` the directory.
    ///   - elementType: How to store weights; nil keeps each as it is where the format has its
    ///     type, and otherwise takes one of the format's that loses nothing.
    ///   - tokens: The ids that a Hugging Face directory names beside the model.
    ///   - name: What a GGUF file says the model is called.
    ///   - metadata: What else a GGUF file says, such as the keys of a tokenizer.
    ///   - companions: Writes files that belong into the directory beside the model, such as a
    ///     tokenizer's, into the one that is given: it becomes `path` when all is written. Not
    ///     called where a single file is written.
    /// - Throws: ``ModelError/cannotWrite(path:reason:hint:)`` when the format has no place for
    ///   something in the model, or none for the type; what reading the weights throws.
    public init(
        _ weights: any ModelWeights,
        to target: Target,
        at path: FilePath,
        elementType: ElementType? = nil,
        tokens: ModelTokens = ModelTokens(),
        name: String = "",
        metadata: GGUFMetadata = GGUFMetadata(),
        companions: @escaping (_ directory: FilePath) throws -> Void = { _ in }
    ) throws {
        self.target = target
        self.path = path
        remark = Self.remark(weights.configuration, target)
        switch target {
        case .llmc:
            let writer = try LLMCWriter(Self.family(weights, "llm.c", path), path, elementType)
            self.elementType = writer.elementType
            write = writer.write
        case .llama2c(let version):
            let writer = try Llama2CWriter(
                Self.family(weights, "llama2.c", path),
                path,
                version: version,
                elementType
            )
            self.elementType = writer.elementType
            write = writer.write
        case .safetensors:
            let writer = try HuggingFaceWriter(weights, path, elementType, tokens, companions)
            self.elementType = writer.elementType
            write = writer.write
        case .gguf:
            let type = try StoredType(forGGUF: elementType ?? weights.mainElementType())
            self.elementType = type.weightType
            write = { overwrite, ops, progress in
                try weights.writeGGUF(
                    to: AtomicFile(path, overwrite: overwrite),
                    storing: elementType.map { StoredType(forGGUF: $0) },
                    name: name,
                    metadata: metadata,
                    ops: ops,
                    progress: progress
                )
            }
        }
    }

    /// Writes the model, which appears complete or not at all.
    /// - Parameters:
    ///   - overwrite: Whether what exists may be replaced.
    ///   - ops: What converts weights.
    ///   - progress: Called after each weight.
    /// - Throws: `FileIOError`, also when something exists and is not to be replaced; what reading
    ///   the weights, `progress` and the companions throw.
    public func write(
        overwrite: Bool = false,
        ops: Ops,
        progress: Progress = { _, _ in }
    ) throws {
        try write(overwrite, ops, progress)
    }

    private static func remark(
        _ configuration: any ModelConfiguration,
        _ target: Target
    ) -> String? {
        guard let gpt2 = configuration as? GPT2Configuration, gpt2.activation == .exact,
            target != .safetensors
        else { return nil }
        return "the format is for GELU's tanh form, and the model has the exact one: what it "
            + "predicts will differ a little"
    }

    /// The weights of the one family that a format is for.
    private static func family<Configuration: ModelConfiguration>(
        _ weights: any ModelWeights,
        _ format: String,
        _ path: FilePath
    ) throws -> any ModelWeights<Configuration> {
        guard let weights = weights as? any ModelWeights<Configuration> else {
            throw ModelError.cannotWrite(
                path: path,
                reason: "\(format)'s files hold a \(Configuration.familyName), and the model is a "
                    + type(of: weights.configuration).familyName,
                hint: "write safetensors or GGUF, which hold both"
            )
        }
        return weights
    }
}

/// Token ids that Hugging Face's configuration names.
public struct ModelTokens: Sendable, Equatable {
    /// What begins a text.
    public var beginOfText: Int?
    /// What ends one: several ids where a model has them.
    public var endOfText: [Int]
    /// What fills a batch up.
    public var padding: Int?

    /// Names tokens; by default none.
    public init(beginOfText: Int? = nil, endOfText: [Int] = [], padding: Int? = nil) {
        self.beginOfText = beginOfText
        self.endOfText = endOfText
        self.padding = padding
    }
}

extension ModelError {
    /// The error for a type that a format does not have.
    static func noType(
        _ type: ElementType,
        in format: String,
        _ path: FilePath,
        has types: [ElementType]
    ) -> ModelError {
        .cannotWrite(
            path: path,
            reason: "\(format) has no place for \(type)",
            hint: "it stores \(types.map(\.rawValue).joined(separator: ", "))"
        )
    }
}
