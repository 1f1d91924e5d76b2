import ArgumentParser
import Swiftlet

extension ModelFileFormat: ExpressibleByArgument {}

/// `swiftlet convert`: a model in another format.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Convert a model to another format, with its tokenizer.",
        discussion: """
            safetensors is a directory for Hugging Face's libraries, and gguf a file for \
            llama.cpp; both include the tokenizer and the chat template. llmc and llama2c are a \
            single file, with the tokenizer next to it as tokenizer.bin in that project's own \
            format. Anything that a format cannot hold is reported before anything is written. \
            Only one tensor is in memory at a time.

            Examples:
              swiftlet convert gpt2 gpt2.bin --to llmc
              swiftlet convert checkpoints/quickstart/run my-gpt2 --to safetensors
              swiftlet convert SmolLM2-135M-Instruct smollm2.gguf --to gguf --dtype q8_0
            """
    )

    @Argument(help: "A model file or directory in any format, or the directory of a run.")
    var input: FilePath

    @Argument(help: "The file to write, or the directory for safetensors.")
    var output: FilePath

    @Option(name: .customLong("to"), help: "The format to write.")
    var format: ModelFileFormat

    @Option(
        help: """
            How to store the matrices (default: as they are, if the format can). llmc can hold \
            float32 and bfloat16; safetensors also float16; llama2c float32 and q8_0; and gguf all \
            of them.
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

    @Option(help: "The tokenizer (default: the one in the model's file or next to it).")
    var tokenizer: FilePath?

    @Option(help: .template("The chat template to store (default: the model's own)."))
    var template: ChatForm?

    @Option(help: .adapter)
    var adapter: FilePath?

    @Flag(help: "Replace the output if it exists.")
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
        // An interrupted conversion leaves nothing behind.
        Signals.catchInterruption()
        let source = try ModelSource(input, checkpoint: checkpoint)
        let tokenizer = try source.tokenizerIfAny(at: tokenizer)
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
        // First, because the format may be unable to hold it.
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
                "there is no tokenizer next to '\(source.path)', so none was written; name one "
                    + "with --tokenizer"
            )
        }
    }

    private var target: ModelConversion.Target {
        guard let version = llama2cVersion else { return ModelConversion.Target(format) }
        return .llama2c(Llama2CFile.Version(rawValue: Int32(version)))
    }

    /// The tokenizer in its own file next to the model, which appears when it is committed; nil for
    /// formats that include their tokenizer, and if that file is already there.
    private func tokenizerFile(_ tokenizer: any Tokenizer) throws -> AtomicFile? {
        // Nothing can be put next to a pipe or a device.
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
                "'\(path)' is a different tokenizer; write to another directory, or replace it "
                    + "with --overwrite"
            )
        }
        return try tokenizer.nativeFile(at: path, overwrite: overwrite)
    }
}

/// The share that is done, in whole percent.
private func percentage(_ done: Int, of total: Int) -> String {
    total == 0 ? "100%" : "\(decimal(Double(done) / Double(total) * 100, 0))%"
}
