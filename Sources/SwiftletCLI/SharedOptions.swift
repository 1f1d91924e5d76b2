// Options that several subcommands have.

import ArgumentParser
import Swiftlet

/// How much of the machine is used, and how much is said about it.
struct ComputeOptions: ParsableArguments {
    @Option(
        help: "Threads to compute with (default: the physical cores this process may use).",
        in: .from(1, to: 1024)
    )
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

/// A tokenizer as an argument: a file or a directory.
enum TokenizerFile {
    /// The help of an argument that may be of any kind.
    static let anyKindHelp: ArgumentHelp = """
        A tokenizer: tokenizer.json, tokenizer.model, llm.c's or llama2.c's file, vocab.json beside \
        merges.txt, or a directory with any of them.
        """

    /// Opens a tokenizer of any kind.
    /// - Throws: ``UnexpectedFileError`` when it is certainly none, or ``TokenizerError``.
    static func open(_ path: FilePath) throws -> any Tokenizer {
        try requireAnyKind(path)
        return try loadTokenizer(at: path)
    }

    /// Opens what decoding needs; unlike encoding, that does not need the merges of llm.c's file.
    static func decoder(_ path: FilePath) throws -> any TokenDecoder {
        if try FileKind(of: path) == .tokenizer { return try Vocabulary(llmcFile: path) }
        return try open(path)
    }

    private static func requireAnyKind(_ path: FilePath) throws {
        let kind = try FileKind(of: path)
        switch kind {
        case .tokenizer, .sentencePiece, .json, .text, .directory, .modelDirectory, .runDirectory:
            return
        default: throw UnexpectedFileError(path: path, expected: [.tokenizer], found: kind)
        }
    }

    /// The path, when what lies there may be a byte-level BPE tokenizer; its reader looks closer.
    /// - Throws: ``CommandError`` when it is a Llama's, and ``UnexpectedFileError`` when it is
    ///   certainly something else.
    static func checked(_ path: FilePath) throws -> FilePath {
        let kind = try FileKind(of: path)
        switch kind {
        case .tokenizer, .json, .text: return path
        case .directory, .modelDirectory, .runDirectory:
            // llama2.c's tokenizer.bin is called as llm.c's may be.
            switch try? TokenizerFiles(at: path) {
            case .llmc(let file)?, .sentencePiece(let file)?: return try checked(file)
            default: return path
            }
        case .sentencePiece:
            throw CommandError(
                .wrongContent,
                "'\(path)' is a Llama 2's tokenizer, and here a GPT-2's is needed: llm.c's file, or "
                    + "vocab.json beside merges.txt; name that with --tokenizer"
            )
        default: throw UnexpectedFileError(path: path, expected: [.tokenizer], found: kind)
        }
    }

    /// Checks that what lies at `path` may be a Llama's tokenizer.
    /// - Throws: ``CommandError`` or ``FileIOError``.
    static func requireSentencePiece(_ path: FilePath) throws {
        let kind = try FileKind(of: path)
        if [.sentencePiece, .modelDirectory, .directory].contains(kind) { return }
        throw CommandError(
            .wrongContent,
            "'\(path)' is \(kind), and the model is a Llama 2, whose tokenizer is tokenizer.model or "
                + "llama2.c's tokenizer.bin; name that with --tokenizer"
        )
    }

    /// Reads what decoding needs; unlike encoding, that does not need merges.
    static func vocabulary(_ path: FilePath) throws -> Vocabulary {
        if try FileKind(of: path) == .tokenizer { return try Vocabulary(llmcFile: path) }
        return try BytePairTokenizer(contentsOf: path).vocabulary
    }
}
