// The options that name a model and what belongs to it. ModelSource looks at what is at a path.

import ArgumentParser
import Swiftlet

/// Which model, and which tokenizer belongs to it.
struct ModelOptions: ParsableArguments {
    @Option(
        help: """
            A model file or directory (llm.c, llama2.c, Hugging Face, Meta, nanoGPT or GGUF), or \
            the directory of a training run.
            """
    )
    var model: FilePath

    @Option(help: CheckpointSelection.help)
    var checkpoint: CheckpointSelection?

    @Option(
        help: """
            The tokenizer: \(ArgumentHelp.tokenizerForms) (default: the one in the model's file \
            or next to it).
            """
    )
    var tokenizer: FilePath?

    @Option(help: .adapter)
    var adapter: FilePath?

    /// The model that these options name.
    func source() throws -> ModelSource {
        try ModelSource(model, checkpoint: checkpoint)
    }

    /// The tokenizer that belongs to a model, which is required.
    func tokenizer(of source: ModelSource) throws -> any Tokenizer {
        let (tokenizer, path) = try source.locatedTokenizer(at: self.tokenizer)
        remarkOnMissingTokens(
            tokenizer.vocabularySize,
            path,
            vocabularySize: source.configuration.vocabularySize
        )
        return tokenizer
    }

    /// The same, or nil if none was named and there is none.
    func tokenizerIfAny(of source: ModelSource) throws -> (any Tokenizer)? {
        do { return try tokenizer(of: source) } catch OpeningError.noTokenizer { return nil }
    }

    /// Opens a model to continue sequences.
    func open(
        _ source: ModelSource,
        _ precision: PrecisionOptions,
        _ compute: ComputeOptions
    ) throws -> any InspectableModel {
        let adapter = try adapter.map { try LowRankAdapter($0) }
        let model = try source.makeModel(
            precision: precision.weights,
            cachePrecision: precision.cache,
            adapter: adapter,
            ops: compute.makeOps()
        )
        compute.note("model '\(source.path)', \(source.configuration.parameterCount) weights")
        return model
    }
}

/// Remarks that the tokenizer at `path` has so many fewer tokens than a model that it is hardly
/// the model's.
func remarkOnMissingTokens(_ count: Int, _ path: FilePath, vocabularySize: Int) {
    // Sizes are rounded up to a multiple of 128 at most.
    guard vocabularySize - count >= 128 else { return }
    Terminal.diagnose(
        "'\(path)' has \(count.grouped) tokens, but the model has \(vocabularySize.grouped): is "
            + "it the model's? Ids that it lacks are never generated"
    )
}

extension CheckpointSelection: ExpressibleByArgument {
    /// The option's help everywhere else.
    static let help = help(of: "a run")
    /// The same in `train`, which also writes a run.
    static let initHelp = help(of: "the run that --init names")

    private static func help(of run: String) -> ArgumentHelp {
        ArgumentHelp(
            "The checkpoint of \(run): latest, best or the number of a step (default: latest).",
            valueName: "latest|best|step"
        )
    }

    /// The form on the command line.
    var argument: String {
        switch self {
        case .latest: "latest"
        case .best: "best"
        case .step(let step): "\(step)"
        }
    }

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
