// The front door: which model a path leads to, and what belongs to it. The signs are checked in
// this order, and each step gives its reason.

import FileIO
import Inference
import LanguageModels
import TensorFiles
import Tensors
import TextGeneration
import Tokenization
import Training

/// A model at a path, of any format and family, of which only the metadata has been read.
package struct ModelSource {
    /// Where the model is: a file or a directory; for a run, one of its checkpoints.
    package let path: FilePath
    /// Its weights, without an adapter that may belong to it.
    package let weights: any ModelWeights
    /// What a run changes in the model it started from, if it trains an adapter.
    package let adapter: LowRankAdapter?
    /// The directory with everything that accompanies the model.
    let directory: FilePath

    /// Finds the model at `path`.
    /// - Parameters:
    ///   - path: A model's file or directory in any format, or the directory of a training run.
    ///   - checkpoint: Which checkpoint of a run to use (default: the latest).
    /// - Throws: ``UnexpectedFileError`` when it is something else, ``OpeningError``, or an error
    ///   about what is wrong with the files.
    package init(_ path: FilePath, checkpoint: CheckpointSelection? = nil) throws {
        let kind = try FileKind(of: path)
        // A run first: its directory may contain other things that look like a model.
        if kind == .runDirectory {
            self.path = try RunDirectory(path).modelPath(checkpoint ?? .latest)
            // Even if its checkpoints are directories.
            directory = path
            adapter = LowRankAdapter.isOne(self.path) ? try LowRankAdapter(self.path) : nil
        } else {
            guard checkpoint == nil else { throw OpeningError.noRun(path: path) }
            self.path =
                kind == .modelDirectory ? try ModelDirectory.ggufFile(in: path) ?? path : path
            directory = FileSystem.isDirectory(self.path) ? self.path : self.path.directory
            adapter = nil
        }
        try Self.requireModel(path, kind)
        weights = try adapter.map { try Self.base(of: $0).weights } ?? openWeights(at: self.path)
    }

    /// The sizes of the model.
    package var configuration: any ModelConfiguration { weights.configuration }

    /// Whether something of this kind is a model, or belongs to one next to it.
    package static func mayBeModel(_ path: FilePath, _ kind: FileKind) -> Bool {
        // JSON may be anything.
        kind == .json ? ModelDirectory.isDescription(path) : FileKind.models.contains(kind)
    }

    /// Refuses what is certainly not a model, by its kind.
    private static func requireModel(_ path: FilePath, _ kind: FileKind) throws {
        guard mayBeModel(path, kind) else {
            if LowRankAdapter.isOne(path) { throw LowRankAdapter.noModel(path) }
            throw UnexpectedFileError(path: path, expected: FileKind.models, found: kind)
        }
        if kind == .safetensors, !ModelDirectory.isOne(path.directory) {
            throw OpeningError.noConfiguration(path: path)
        }
    }

    /// The tokenizer of the model.
    /// - Parameter named: The tokenizer to use; nil for the one in the model's file or next to it.
    /// - Returns: A tokenizer with no more tokens than the model has. It may have fewer, because
    ///   vocabularies are rounded up.
    /// - Throws: ``OpeningError`` when there is none, or it is another model's; or
    ///   `TextTokenizerError`.
    package func tokenizer(at named: FilePath? = nil) throws -> any Tokenizer {
        try locatedTokenizer(at: named).tokenizer
    }

    /// The same, and the file it was read from.
    package func locatedTokenizer(
        at named: FilePath? = nil
    ) throws -> (tokenizer: any Tokenizer, path: FilePath) {
        let vocabularySize = configuration.vocabularySize
        if let named {
            let source = try TokenizerSource(named)
            return (try source.tokenizer(vocabularySize: vocabularySize), source.path)
        }
        // What is in the file itself cannot belong to another model.
        if adapter == nil, let file = weights as? any GGUFModel,
            let source = try TokenizerSource(path, file.metadata)
        {
            return (try source.tokenizer(), path)
        }
        do {
            let files = try TokenizerFiles(at: directory)
            return (try files.load(vocabularySize: vocabularySize), files.path)
        } catch TextTokenizerError.nothingInDirectory {
            guard let adapter else { throw OpeningError.noTokenizer(model: path) }
            return try Self.base(of: adapter).locatedTokenizer()
        } catch TextTokenizerError.wrongCount(let path, let expected, let found) {
            throw OpeningError.otherTokenizer(
                path: path,
                tokenCount: found,
                vocabularySize: expected
            )
        }
    }

    /// The form of conversations that the model knows.
    /// - Parameters:
    ///   - tokenizer: The model's.
    ///   - form: The form to use; nil for the one in the model's files.
    /// - Returns: The form, with the default system prompt from the model's files.
    /// - Throws: ``OpeningError`` when the files have none, or an unknown one.
    package func chatTemplate(
        _ tokenizer: any Tokenizer,
        form: ChatForm? = nil
    ) throws -> any ChatTemplate {
        if let form { return KnownChatTemplate(form) }
        let description = tokenizer.description
        if let jinja = try description.chatTemplate ?? writtenChatTemplate() {
            guard let template = KnownChatTemplate(jinja: jinja) else {
                throw OpeningError.unknownChatTemplate(model: path)
            }
            return template
        }
        // Meta's and llama2.c's files cannot store it, and Llamas of that time that were trained to
        // chat know one form.
        guard description.kind == .sentencePiece else {
            throw OpeningError.noChatTemplate(model: path)
        }
        return KnownChatTemplate(.llama2)
    }

    /// The form of conversations from a separate file next to the model, if the tokenizer's files
    /// cannot store one, as in the directory of a run.
    func writtenChatTemplate() throws -> String? {
        try TokenizerDescription.chatTemplate(in: directory)
    }

    /// Opens the model to continue sequences.
    /// - Parameters:
    ///   - precision: How to store matrices; nil keeps each as in its file.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - adapter: A low-rank adapter to merge into the weights.
    ///   - ops: What runs the arithmetic.
    /// - Returns: The model.
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    package func makeModel(
        precision: ElementType? = nil,
        cachePrecision: ElementType = .float32,
        adapter: LowRankAdapter? = nil,
        ops: Ops
    ) throws -> any InspectableModel {
        try mergedWeights(with: adapter, ops: ops).makeModel(
            precision: precision,
            cachePrecision: cachePrecision,
            ops: ops
        )
    }
}
