// Conversion of a model to another format, in one call.

import FileIO
import Inference
import LanguageModels
import Tensors
import TextGeneration
import Tokenization

/// A format that models are written in.
public enum ModelFileFormat: String, Sendable, CaseIterable, Codable {
    /// llm.c's model file.
    case llmc
    /// Hugging Face's directory of `config.json` and safetensors.
    case safetensors
    /// llama.cpp's file.
    case gguf
    /// llama2.c's checkpoint.
    case llama2c
}

extension TextModel {
    /// Writes a model in another format, with its tokenizer where the format has a place for it.
    ///
    /// Only one tensor is in memory at a time.
    /// - Parameters:
    ///   - path: A model's file or directory in any format, or the directory of a run.
    ///   - format: The format to write.
    ///   - output: The file to write; for safetensors, the directory.
    ///   - precision: The precision of matrices; nil keeps that of the model where the format can.
    ///   - checkpoint: Which checkpoint of a run to convert; nil is the latest.
    ///   - adapter: The directory of a low-rank adapter in PEFT's format, which is merged into the
    ///     weights.
    ///   - overwrite: Whether an existing output is replaced.
    /// - Throws: ``InferenceError`` for a precision that weights cannot have,
    ///   ``ModelError/cannotWrite(path:reason:hint:)`` when the format has no place for
    ///   something in the model, ``TextTokenizerError`` when it has none for its tokenizer,
    ///   ``FileIOError``, or the error of a damaged model; `CancellationError`. A conversion that
    ///   fails leaves nothing behind.
    public static func convert(
        _ path: FilePath,
        to format: ModelFileFormat,
        at output: FilePath,
        precision: ElementType? = nil,
        checkpoint: CheckpointSelection? = nil,
        adapter: FilePath? = nil,
        overwrite: Bool = false
    ) async throws {
        try precision?.check("the precision of weights", isOneOf: ElementType.weightTypes)
        try await GenerationThread().run {
            let source = try ModelSource(path, checkpoint: checkpoint)
            let ops = try Ops()
            let conversion = try source.conversion(
                to: ModelConversion.Target(format),
                at: output,
                elementType: precision,
                tokenizer: source.tokenizerIfAny(),
                adapter: adapter.map { try LowRankAdapter($0) },
                ops: ops
            )
            try conversion.write(overwrite: overwrite, ops: ops) { _, _ in
                try Task.checkCancellation()
            }
        }
    }
}

extension ElementType {
    /// Checks that a precision is one of those that are possible.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    func check(_ name: String, isOneOf possible: [ElementType]) throws {
        guard !possible.contains(self) else { return }
        throw InferenceError.invalidOption(
            name: name,
            requirement: "one of " + possible.map { "\($0)" }.joined(separator: ", "),
            found: "\(self)"
        )
    }
}

extension ModelConversion.Target {
    /// The target of a format, in the version that fits the precision.
    package init(_ format: ModelFileFormat) {
        self =
            switch format {
            case .llmc: .llmc
            case .safetensors: .safetensors
            case .gguf: .gguf
            case .llama2c: .llama2c(nil)
            }
    }
}

extension ModelSource {
    /// The model's tokenizer; nil when none was named and none is found.
    /// - Parameter named: The one to take; nil is the one in the model's file or beside it.
    /// - Returns: The tokenizer, or nil.
    /// - Throws: What ``tokenizer(at:)`` throws of one that is found but cannot be read.
    package func tokenizerIfAny(at named: FilePath? = nil) throws -> (any Tokenizer)? {
        do { return try tokenizer(at: named) } catch OpeningError.noTokenizer { return nil }
    }
}
