// Options that several subcommands have.

import ArgumentParser
import Swiftlet

/// How much of the machine is used, and how much is said about it.
struct ComputeOptions: ParsableArguments {
    @Option(help: "Threads to compute with (default: the physical cores this process may use).")
    var threads: Int?

    @Flag(help: "Say more about what is done, on stderr.")
    var verbose = false

    /// What runs the arithmetic.
    func makeOps() throws -> Ops {
        let ops = try Ops(threadCount: threads)
        note("\(counted(ops.threadCount, "thread")), \(ops.instructionSet.rawValue) kernels")
        return ops
    }

    /// A line on stderr, with `--verbose` only.
    func note(_ message: @autoclosure () -> String) {
        if verbose { Terminal.diagnose(message()) }
    }
}

extension CheckpointSelection: ExpressibleByArgument {
    /// `latest`, `best` or the number of a step.
    public init?(argument: String) {
        if argument == "latest" {
            self = .latest
        } else if argument == "best" {
            self = .best
        } else if let step = Int(argument), step >= 0 {
            self = .step(step)
        } else {
            return nil
        }
    }
}

/// Which model, and which tokenizer belongs to it.
struct ModelOptions: ParsableArguments {
    @Option(
        help: """
            An llm.c model file, or the directory of a training run; to generate also a Llama 2, \
            as llama2.c, Meta or Hugging Face store it.
            """
    )
    var model: FilePath

    @Option(
        help: ArgumentHelp(
            "The checkpoint of a run: latest, best or the number of a step (default: latest).",
            valueName: "latest|best|step"
        )
    )
    var checkpoint: CheckpointSelection?

    @Option(
        help: """
            A tokenizer: llm.c's file, vocab.json beside merges.txt, or a directory with either; \
            for a Llama 2 tokenizer.model or llama2.c's tokenizer.bin (default: the one beside \
            the model).
            """
    )
    var tokenizer: FilePath?

    /// The model file these options name.
    func modelPath() throws -> FilePath {
        try Self.modelFile(model, checkpoint)
    }

    /// The model file at `path`, or that of a checkpoint of the run there.
    static func modelFile(
        _ path: FilePath,
        _ checkpoint: CheckpointSelection? = nil
    ) throws -> FilePath {
        if try FileKind.require(.model, .runDirectory, at: path) == .runDirectory {
            return try RunDirectory(path).modelPath(checkpoint ?? .latest)
        }
        try refuse(checkpoint, of: path)
        return path
    }

    /// Checks that no checkpoint is chosen of what is not a run.
    static func refuse(_ checkpoint: CheckpointSelection?, of path: FilePath) throws {
        guard checkpoint == nil else {
            throw CommandError(
                .wrongUsage,
                "--checkpoint is for the directory of a run, but '\(path)' is one model; "
                    + "leave it out"
            )
        }
    }

    /// The tokenizer these options name, or else the one that lies beside `modelPath`.
    func tokenizerPath(besideModel modelPath: FilePath) throws -> FilePath {
        guard let path = try optionalTokenizerPath(besideModel: modelPath) else {
            throw noTokenizer(beside: modelPath)
        }
        return path
    }

    /// The error where a tokenizer is needed and none is there.
    func noTokenizer(beside modelPath: FilePath) -> CommandError {
        CommandError(
            .wrongUsage,
            "no tokenizer lies beside the model '\(modelPath)'; name one with --tokenizer"
        )
    }

    /// The same where there need be none.
    func optionalTokenizerPath(besideModel modelPath: FilePath) throws -> FilePath? {
        if let tokenizer { return try TokenizerFile.checked(tokenizer) }
        let directory = RunDirectory(modelPath.removingLastComponent())
        return try directory.savedTokenizer.map(TokenizerFile.checked)
    }
}

/// A tokenizer as an argument: a file or a directory.
enum TokenizerFile {
    /// Byte-level BPE: a file, or a directory, at which its reader looks closer.
    case bytePair(FilePath)
    /// The file of a tokenizer of Llama's.
    case sentencePiece(FilePath)

    /// The help of an argument that may be of any kind.
    static let anyKindHelp: ArgumentHelp = """
        A tokenizer: llm.c's file, vocab.json beside merges.txt, tokenizer.model or tokenizer.bin \
        of a Llama 2, or a directory with any of them.
        """

    /// Finds out of which kind the tokenizer at `path` is; of a directory that holds both, it is the
    /// Llama's.
    /// - Throws: ``UnexpectedFileError`` when it is certainly no tokenizer, or ``TokenizerError`` for a
    ///   directory that holds none.
    init(at path: FilePath) throws {
        guard FileSystem.isDirectory(path) else {
            let isSentencePiece = try FileKind(of: path) == .sentencePiece
            self = isSentencePiece ? .sentencePiece(path) : .bytePair(try Self.checked(path))
            return
        }
        // By content: tokenizer.bin may also be llm.c's.
        let candidates = SentencePieceTokenizer.fileNames.map { path.appending($0) }
        if let file = try candidates.first(where: {
            try FileSystem.exists($0) && FileKind(of: $0) == .sentencePiece
        }) {
            self = .sentencePiece(file)
            return
        }
        do {
            _ = try TokenizerFiles(at: path)
        } catch TokenizerError.nothingInDirectory(_, let names) {
            let others = SentencePieceTokenizer.fileNames.filter { !names.contains($0) }
            throw TokenizerError.nothingInDirectory(path: path, expected: others + names)
        }
        self = .bytePair(path)
    }

    /// The path, when what lies there may be a byte-level BPE tokenizer; its reader looks closer.
    /// - Throws: ``UnexpectedFileError`` when it is certainly something else.
    static func checked(_ path: FilePath) throws -> FilePath {
        let kind = try FileKind(of: path)
        switch kind {
        case .tokenizer, .json, .text, .directory, .modelDirectory, .runDirectory: return path
        default: throw UnexpectedFileError(path: path, expected: [.tokenizer], found: kind)
        }
    }

    /// Reads what decoding needs; unlike encoding, that does not need merges.
    static func vocabulary(_ path: FilePath) throws -> Vocabulary {
        if try FileKind(of: path) == .tokenizer { return try Vocabulary(llmcFile: path) }
        return try BytePairTokenizer(contentsOf: path).vocabulary
    }
}
