import ArgumentParser
import Swiftlet

/// `swiftlet convert`: a model in another format.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a model in another format, with its tokenizer.",
        discussion: """
            safetensors makes a directory that Hugging Face's programs load, and gguf a file that \
            llama.cpp runs, both with the tokenizer and the form of conversations in them. llmc \
            and llama2c make a file, and the tokenizer in the format's own form beside it as \
            tokenizer.bin. What a format has no place for is said before anything is written. One \
            tensor at a time is in memory.

            Examples:
              swiftlet convert gpt2 gpt2.bin --to llmc
              swiftlet convert checkpoints/quickstart/run my-gpt2 --to safetensors
              swiftlet convert SmolLM2-135M-Instruct smollm2.gguf --to gguf --dtype q8_0
            """
    )

    /// The formats that are written.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case llmc, safetensors, gguf, llama2c
    }

    @Argument(help: "A model's file or directory in any format, or the directory of a run.")
    var input: FilePath

    @Argument(help: "The file to write; for safetensors, the directory.")
    var output: FilePath

    @Option(name: .customLong("to"), help: "The format to write.")
    var format: Format

    @Option(
        help: """
            How to store matrices (default: as they are, where the format can). llmc has float32 \
            and bfloat16; safetensors also float16; llama2c float32 and q8_0; gguf all.
            """
    )
    var dtype: WeightPrecision?

    @Option(
        name: .customLong("llama2c-version"),
        help: "The version of llama2.c's format: 0, 1 or 2 (default: 0, and 2 for q8_0)."
    )
    var llama2cVersion: Int?

    @Option(help: CheckpointSelection.help)
    var checkpoint: CheckpointSelection?

    @Option(help: "Its tokenizer (default: the one in the model's file or beside it).")
    var tokenizer: FilePath?

    @Option(
        help: ArgumentHelp(
            "The form of conversations to write down (default: the model's own).",
            valueName: ChatForm.allCases.map(\.rawValue).joined(separator: "|")
        )
    )
    var template: ChatForm?

    @Option(
        help: ArgumentHelp(
            "A low-rank adapter (LoRA) in PEFT's format, merged into the weights.",
            valueName: "directory"
        )
    )
    var adapter: FilePath?

    @Flag(help: "Replace what is there.")
    var overwrite = false

    @OptionGroup
    var compute: ComputeOptions

    func validate() throws {
        if llama2cVersion != nil && format != .llama2c {
            throw ValidationError("--llama2c-version is for --to llama2c")
        }
        if let llama2cVersion, !(0...2).contains(llama2cVersion) {
            throw ValidationError("--llama2c-version is 0, 1 or 2, not \(llama2cVersion)")
        }
    }

    func run() throws {
        // Nothing is left of a conversion that is interrupted.
        Signals.catchInterruption()
        let source = try ModelSource(input, checkpoint: checkpoint)
        let tokenizer = try findTokenizer(of: source)
        let ops = try compute.makeOps()
        let conversion = try source.conversion(
            to: target,
            at: output,
            elementType: dtype?.elementType,
            tokenizer: tokenizer,
            template: template,
            adapter: adapter.map { try LowRankAdapter($0) },
            ops: ops
        )
        // First, as it may have no place in the format.
        let tokenizerFile = try tokenizer.flatMap(tokenizerFile)
        let progress = ProgressLine()
        defer { progress.finish() }
        try conversion.write(overwrite: overwrite, ops: ops) { done, total in
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            progress.show("converting: \(percentage(done, of: total))")
        }
        progress.finish()
        let type = conversion.elementType.map { ", \($0.rawValue)" } ?? ""
        Terminal.diagnose("wrote '\(output)'\(type)")
        if let tokenizerFile {
            try tokenizerFile.commit()
            Terminal.diagnose("wrote '\(tokenizerFile.path)'")
        }
        if let remark = conversion.remark { Terminal.diagnose(remark) }
        if tokenizer == nil {
            Terminal.diagnose(
                "no tokenizer lies beside '\(source.path)', so none was written; name one with "
                    + "--tokenizer"
            )
        }
    }

    private var target: ModelConversion.Target {
        switch format {
        case .llmc: .llmc
        case .safetensors: .safetensors
        case .gguf: .gguf
        case .llama2c:
            .llama2c(llama2cVersion.flatMap { Llama2CFile.Version(rawValue: Int32($0)) })
        }
    }

    /// The tokenizer of the model; a model without one is converted alone.
    private func findTokenizer(of source: ModelSource) throws -> (any Tokenizer)? {
        do { return try source.tokenizer(at: tokenizer) } catch OpeningError.noTokenizer {
            return nil
        }
    }

    /// The tokenizer in a file of its own beside the model, which is not there before it is
    /// committed; nil for formats that hold their tokenizer, and where that file is there.
    private func tokenizerFile(_ tokenizer: any Tokenizer) throws -> AtomicFile? {
        // Nothing lies beside what is written into a pipe or a device.
        guard [.llmc, .llama2c].contains(format), !FileSystem.isStream(output) else { return nil }
        let path = output.directory.appending("tokenizer.bin")
        guard output.lastComponent != path.lastComponent else {
            throw CommandError(
                .cannotCreate,
                "'\(output)' is where the model's tokenizer belongs; give the model another name"
            )
        }
        if !overwrite, FileSystem.exists(path) {
            let found = try? loadTokenizer(at: path).description.tokens
            if found == tokenizer.description.tokens { return nil }
            throw CommandError(
                .cannotCreate,
                "'\(path)' is another tokenizer; write into another directory, or replace it "
                    + "with --overwrite"
            )
        }
        return try tokenizer.nativeFile(at: path, overwrite: overwrite)
    }
}

/// How much of a number is done, in whole percent.
private func percentage(_ done: Int, of total: Int) -> String {
    total == 0 ? "100%" : "\(decimal(Double(done) / Double(total) * 100, 0))%"
}
