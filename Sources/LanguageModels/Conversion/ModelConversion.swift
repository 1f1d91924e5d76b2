// The conversion of a model to another format. What the new format cannot hold is reported before a
// byte is written; then the weights are written one after the other. The files next to this one
// write the formats.

import FileIO
import TensorFiles
import Tensors

/// The conversion of a model to another format.
package struct ModelConversion {
    /// The formats that can be written.
    package enum Target: Sendable, Equatable {
        /// llm.c's model file: float32 in version 3, bfloat16 in version 5.
        case llmc
        /// llama2.c's checkpoint; nil is version 2 for q8_0, and else version 0.
        case llama2c(Llama2CFile.Version?)
        /// Hugging Face's directory of `config.json` and safetensors.
        case safetensors
        /// llama.cpp's file.
        case gguf
    }

    /// Called as weights are written, with the amount written and the total.
    ///
    /// If it throws, the conversion ends and nothing is left of it.
    package typealias Progress = (_ done: Int, _ total: Int) throws -> Void

    /// The format to write.
    package let target: Target
    /// The destination.
    package let path: FilePath
    /// How matrices will be stored; nil if they have several types.
    package let elementType: ElementType?

    /// What the format cannot express although it makes next to no difference; nil if there is
    /// nothing of the kind.
    package let remark: String?

    private let write: (_ overwrite: Bool, _ ops: Ops, _ progress: Progress) throws -> Void

    /// Plans a conversion.
    /// - Parameters:
    ///   - weights: The model.
    ///   - target: The format to write.
    ///   - path: The file to write, or for ``Target/safetensors`` the directory.
    ///   - elementType: How to store weights; nil keeps each as it is where the format has its
    ///     type, and otherwise chooses one of the format's types that loses nothing.
    ///   - tokens: The special tokens that a Hugging Face directory names.
    ///   - name: What a GGUF file says the model is called.
    ///   - metadata: Further metadata for a GGUF file, such as the keys of a tokenizer.
    ///   - companions: Writes the files that accompany the model, such as a tokenizer's, into the
    ///     given directory, which becomes `path` when all is written. Not called for single files.
    /// - Throws: ``ModelError/cannotWrite(path:reason:hint:)`` when the format cannot store
    ///   something in the model, or the type; what reading the weights throws.
    package init(
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
    ///   - overwrite: Whether existing files may be replaced.
    ///   - ops: What converts weights.
    ///   - progress: Called after each weight.
    /// - Throws: `FileIOError`, also when something exists and must not be replaced; what reading
    ///   the weights, `progress` and the companions throw.
    package func write(
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
        return "the format implies GELU's tanh form, but the model has the exact one: what it "
            + "predicts will differ a little"
    }

    /// The weights of the only family that a format supports.
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

/// The token ids that Hugging Face's configuration names.
package struct ModelTokens: Sendable, Equatable {
    /// The token that begins a text.
    package var beginOfText: Int?
    /// The tokens that end a text: several ids for some models.
    package var endOfText: [Int]
    /// The token that pads a batch.
    package var padding: Int?

    /// Names tokens; by default none.
    package init(beginOfText: Int? = nil, endOfText: [Int] = [], padding: Int? = nil) {
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
            reason: "\(format) cannot store \(type)",
            hint: "it stores \(types.map(\.rawValue).joined(separator: ", "))"
        )
    }

    /// Refuses to write a model with features that a format has no place for.
    /// - Parameters:
    ///   - features: The features, in words; empty if there are none.
    ///   - reason: What the list of them continues, such as "llama2.c cannot store".
    ///   - path: Where the model was to be written.
    /// - Throws: ``cannotWrite(path:reason:hint:)`` if there are any.
    static func refuse(_ features: [String], _ reason: String, _ path: FilePath) throws {
        guard !features.isEmpty else { return }
        throw ModelError.cannotWrite(
            path: path,
            reason: "\(reason) \(features.joined(separator: ", "))",
            hint: "write a format that stores it"
        )
    }
}
