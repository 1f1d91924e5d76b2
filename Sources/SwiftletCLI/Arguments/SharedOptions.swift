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

extension ArgumentHelp {
    /// Of a tokenizer that may be of any kind.
    static let anyTokenizer: ArgumentHelp = """
        A tokenizer: tokenizer.json, tokenizer.model, llm.c's or llama2.c's file, vocab.json \
        beside merges.txt, a GGUF file, or a directory or model with any of them.
        """
}

/// Checks that an output can be made and takes the place of nothing that is to stay, before time is
/// spent on it.
/// - Throws: ``FileIOError``.
func requireWritable(_ path: FilePath, overwrite: Bool) throws {
    guard path != "-" else { return }
    // A file that is not finished leaves nothing behind.
    _ = try AtomicFile(path, overwrite: overwrite)
}
