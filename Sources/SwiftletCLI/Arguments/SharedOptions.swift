// Options that several subcommands have, the names of element types among them, and how a model
// that generates is kept in memory.

import ArgumentParser
import Swiftlet

/// How much of the machine to use, and how much to print about it.
struct ComputeOptions: ParsableArguments {
    @Option(
        help: "The number of threads (default: the physical cores this process may use).",
        in: .from(1, to: 1024)
    )
    var threads: Int?

    @Flag(help: "Print more to stderr about what is being done.")
    var verbose = false

    /// Makes what runs the arithmetic.
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
    /// The help for a tokenizer of any kind.
    static let anyTokenizer: ArgumentHelp = "A tokenizer: \(tokenizerForms)."

    /// What may hold a tokenizer.
    static let tokenizerForms = """
        tokenizer.json, tokenizer.model, llm.c's or llama2.c's tokenizer.bin, vocab.json next to \
        merges.txt, a GGUF file, or a directory or model with any of these
        """

    /// The help for an adapter that a command only uses.
    static let adapter = ArgumentHelp(
        "A low-rank adapter (LoRA) in PEFT's format, merged into the weights.",
        valueName: "directory"
    )

    /// The help for a chat template: a sentence, and the names of the templates as its value.
    static func template(
        _ sentence: String = "The chat template (default: the one in the model's files)."
    ) -> Self {
        ArgumentHelp(
            sentence,
            valueName: ChatForm.allCases.map(\.rawValue).joined(separator: "|")
        )
    }
}

/// Checks that an output can be created and replaces nothing that must stay, before time is spent
/// on it.
/// - Throws: ``FileIOError``.
func requireWritable(_ path: FilePath, overwrite: Bool) throws {
    guard path != "-" else { return }
    // An unfinished file leaves nothing behind.
    _ = try AtomicFile(path, overwrite: overwrite)
}

/// One of the element types that an option offers; short forms and any letter case are accepted.
protocol ElementTypeArgument: ExpressibleByArgument {
    /// What the option offers.
    static var choices: [ElementType] { get }

    var elementType: ElementType { get }

    init(elementType: ElementType)
}

extension ElementTypeArgument {
    init?(argument: String) {
        let name = argument.lowercased()
        let fullNames = [
            "f32": "float32", "fp32": "float32", "bf16": "bfloat16",
            "f16": "float16", "fp16": "float16",
            "q8": "q8_0", "int8": "q8_0", "q4": "q4_0", "int4": "q4_0",
        ]
        guard let type = ElementType(rawValue: fullNames[name] ?? name),
            Self.choices.contains(type)
        else { return nil }
        self.init(elementType: type)
    }

    static var allValueStrings: [String] { choices.map(\.rawValue) }
    var defaultValueDescription: String { elementType.rawValue }
}

/// The precision of weights.
struct WeightPrecision: ElementTypeArgument {
    static let choices: [ElementType] = [
        .float32, .bfloat16, .float16, .q8_0, .q4_0, .q4_1,
    ]
    let elementType: ElementType
}

/// The precision of keys and values.
struct CachePrecision: ElementTypeArgument {
    static let choices = KVCache.precisions
    let elementType: ElementType
}

/// `--precision` and `--cache-precision`.
struct PrecisionOptions: ParsableArguments {
    @Option(
        help: """
            How to keep the weights in memory: fewer bits are faster but less exact (default: as \
            in the model's file).
            """
    )
    var precision: WeightPrecision?

    @Option(help: "How to keep keys and values in the cache.")
    var cachePrecision = CachePrecision(elementType: .float32)

    /// Nil if each weight stays as its file has it.
    var weights: ElementType? { precision?.elementType }
    var cache: ElementType { cachePrecision.elementType }
}
