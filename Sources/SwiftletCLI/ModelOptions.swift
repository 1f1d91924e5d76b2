// The options that name a model, with what each command takes for one, and which tokenizer belongs
// to it. What is in a model's file is ModelFile's affair.

import ArgumentParser
import Swiftlet

/// Which model, and which tokenizer belongs to it.
protocol ModelArguments {
    /// The file or directory of the model.
    var model: FilePath { get }
    /// The checkpoint to take of a run; nil for the newest, and of what is no run.
    var checkpoint: CheckpointSelection? { get }
    /// The tokenizer, if one was named.
    var tokenizer: FilePath? { get }
}

/// The model of `sample` and `evaluate`, of any kind.
struct ModelOptions: ParsableArguments, ModelArguments {
    @Option(
        help: """
            A GPT-2: llm.c's model file, or the directory of a training run. Or a Llama 2, as \
            llama2.c, Meta or Hugging Face store it.
            """
    )
    var model: FilePath

    @Option(help: CheckpointSelection.help)
    var checkpoint: CheckpointSelection?

    @Option(
        help: """
            A GPT-2's tokenizer: llm.c's file, vocab.json beside merges.txt, or a directory with \
            either. A Llama 2's: tokenizer.model, or llama2.c's tokenizer.bin (default: the one \
            beside the model).
            """
    )
    var tokenizer: FilePath?
}

/// The model of `chat`: a Llama 2, of which there are no runs.
struct ChatModelOptions: ParsableArguments, ModelArguments {
    @Option(
        help: """
            A Llama 2 that was trained for conversations: the directory that Meta or Hugging Face \
            publish, or llama2.c's file.
            """
    )
    var model: FilePath

    @Option(
        help: """
            Its tokenizer: tokenizer.model, or llama2.c's tokenizer.bin (default: the one beside \
            the model).
            """
    )
    var tokenizer: FilePath?

    var checkpoint: CheckpointSelection? { nil }
}

extension CheckpointSelection: ExpressibleByArgument {
    /// What is said of the option everywhere.
    static let help = ArgumentHelp(
        "The checkpoint of a run: latest, best or the number of a step (default: latest).",
        valueName: "latest|best|step"
    )

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
}

extension ModelArguments {
    /// The model file these options name.
    func modelPath() throws -> FilePath {
        try CheckpointSelection.modelFile(model, checkpoint)
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
