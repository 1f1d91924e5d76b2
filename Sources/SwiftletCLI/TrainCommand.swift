import ArgumentParser
import Swiftlet

/// `swiftlet train`: parses, builds the objects of a run, and draws its events.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a GPT-2 or a Llama, from scratch or from a model of any format.",
        discussion: """
            The same command again goes on with a run that was interrupted.

            Examples:
              swiftlet train --init layers=4,heads=4,channels=128,context=256 \\
                --train-data 'checkpoints/quickstart/data/*_train*.bin' \\
                --val-data 'checkpoints/quickstart/data/*_val*.bin' \\
                --tokenizer checkpoints/quickstart/tokenizer.bin \\
                --steps 500 --output runs/first
              swiftlet train --init checkpoints/gpt2 \\
                --text checkpoints/quickstart/stories.txt \\
                --sequence-length 256 --learning-rate 3e-5 --output runs/second
              swiftlet train --init runs/first --chat data/questions/train.jsonl \\
                --sequence-length 256 --steps 300 --learning-rate 1e-3 --output runs/chat
            """
    )

    @Option(
        name: .customLong("init"),
        help: """
            A size (\(sizes)), or a model in any format or the directory of a run, whose own \
            tokenizer is then the default. A size may say vocabulary=1024; else the vocabulary is \
            the tokenizer's, else that of the data's manifest, else GPT-2's 50,257 or Llama 2's \
            32,000.
            """
    )
    var initialization: ArgumentText

    @Option(help: CheckpointSelection.initHelp)
    var checkpoint: CheckpointSelection?

    @Option(help: "The run directory.")
    var output: FilePath

    @OptionGroup(title: "Data")
    var data: DataOptions

    @OptionGroup(title: "Batches and steps")
    var batch: BatchOptions

    @OptionGroup(title: "Adapters")
    var adapter: AdapterOptions

    @OptionGroup(title: "Optimiser")
    var optimizer: OptimizerOptions

    @OptionGroup(title: "Between steps")
    var intervals: IntervalOptions

    @OptionGroup(title: "Runs that exist")
    var resumption: ResumeOptions

    @Option(
        help: """
            Decides the random weights, dropout, the samples, and the order of the data where that \
            is not llm.c's.
            """,
        in: .from(0)
    )
    var seed: UInt64 = 42

    @OptionGroup
    var compute: ComputeOptions

    @Flag(help: "Print one JSON object for each step and other event, on standard output.")
    var json = false

    private static let sizes =
        GPT2Configuration.named.map(\.name).joined(separator: ", ")
        + ", layers=4,heads=4,channels=128,context=256, or for a Llama "
        + "llama2:layers=6,heads=6,channels=288,hidden=768,context=256"

    func validate() throws {
        if output.isEmpty { throw ValidationError("--output needs the name of a directory") }
        if adapter.areGiven && optimizer.optimizer != .adamw {
            throw ValidationError(
                "--optimizer muon is for the matrices of a model; train an adapter with adamw"
            )
        }
    }

    func run() throws {
        // Until the run begins there is nothing to save.
        Signals.exitWhenInterrupted()
        let directory = RunDirectory(output)
        let resumedStep = try directory.resumptionStep(
            resumption.resume,
            overwrite: resumption.overwrite
        )
        let replacesRun = try resumption.overwrite && directory.holdsRun()
        let first =
            try resumedStep.flatMap { step in
                // The checkpoints of an adapter are of the model that it was begun on.
                adapter.areGiven || LowRankAdapter.isOne(directory.modelPath(step: step))
                    ? nil : .model(try ModelSource(directory.path, checkpoint: .step(step)))
            } ?? Initialization(initialization, checkpoint: checkpoint)
        try first.requireOutside(directory, ofAdapter: adapter.areGiven)
        let tokens = try knownTokens(
            in: directory,
            isResumed: resumedStep != nil,
            initialization: first
        )
        let tokenizer = tokens.tokenizer
        let template = try chatTemplate(first, tokenizer?.value)
        let ops = try compute.makeOps()
        let start = try StartingModel(first, tokens, trainsAdapter: adapter.areGiven)
        let sequenceLength =
            batch.sequenceLength
            ?? min(GPT2Configuration.gpt2ContextLength, start.configuration.contextLength)
        try start.requireMemory(
            batch,
            adapter,
            optimizer.optimizer,
            sequenceLength: sequenceLength,
            threadCount: ops.threadCount
        )
        Signals.catchInterruption()
        let source = try TrainingSource(
            data,
            tokens,
            template: template,
            shape: TrainingSource.Shape(
                batchSize: batch.batchSize,
                sequenceLength: sequenceLength,
                vocabularySize: start.configuration.vocabularySize,
                seed: seed
            ),
            directory: directory,
            threads: compute.threadCount()
        )
        let settings = try settings(sequenceLength: sequenceLength, data: source.training)
        // Memory and checkpoints of large models take their time, and nothing is half-made then.
        Signals.exitWhenInterrupted()
        // Asked afterwards: a signal in between would be lost.
        if Signals.isInterrupted { throw ExitStatus.interrupted }
        let model = try start.make(
            adapter,
            precision: batch.precision.elementType,
            seed: seed,
            ops: ops
        )
        let trainer = try Trainer(
            model: model,
            settings: settings,
            loader: source.training
        )
        // A new run makes its files now; one that goes on reads its checkpoint first.
        if resumedStep == nil { Signals.catchInterruption() }
        let run = try TrainingRun(
            trainer,
            validation: source.validation,
            directory: directory,
            resume: resumption.resume,
            overwrite: resumption.overwrite,
            allowsChanges: resumption.allowChanges,
            description: RunDescription(
                trainer,
                validation: source.validation,
                initialization: initialization.string,
                flags: flags(settings)
            ),
            sample: try makeSampler(model, tokenizer?.value, template),
            hellaSwag: try makeHellaSwag(model, tokenizer?.value)
        )
        if resumedStep != nil { Signals.catchInterruption() }
        let hadTokenizer = directory.savedTokenizer != nil
        if tokenizer != nil || replacesRun {
            try directory.replaceTokenizer(
                with: tokenizer?.value,
                from: tokenizer?.path,
                chatTemplate: template?.jinja
            )
        }
        if let tokenizer, let source = tokens.tokenizerSource {
            Terminal.diagnose("tokenizer '\(tokenizer.path)', \(source)")
        }
        if let remark = start.remark { Terminal.diagnose(remark) }
        describe(model, settings, source.training)
        compute.note("\(trainer.activationByteCount.grouped) bytes for activations")
        if source.validation != nil && settings.validationInterval > 0
            && settings.checkpointInterval == 0
        {
            Terminal.diagnose("no checkpoints are written, not even of the best validation loss")
        }

        let board =
            intervals.tensorBoard
            ? try TensorBoardLog(directory, resumedStep: resumedStep) : nil
        try TrainingReporter(run, directory: directory, printsEvents: json)
            .follow(validationTokens: source.validation?.tokenCount) { try board?.append($0) }
        guard Signals.isInterrupted else { return }
        if trainer.stepCount == 0 && resumedStep == nil {
            // Beside the model of another run it would be the wrong one.
            if !hadTokenizer { try directory.replaceTokenizer(with: nil) }
            directory.removeIfEmpty()
            Terminal.diagnose("stopped before the first step: there is nothing to save")
        } else if trainer.stepCount == resumedStep {
            Terminal.diagnose("stopped: the checkpoint of step \(trainer.stepCount) is the newest")
        }
        throw ExitStatus.interrupted
    }

    /// The tokenizer that is named, the copy that the run took when it began, the model's own, or
    /// the one that the data were made with; and what says the latter.
    private func knownTokens(
        in directory: RunDirectory,
        isResumed: Bool,
        initialization: Initialization
    ) throws -> KnownTokens {
        let manifest = try data.manifest()
        let copy = isResumed ? directory.savedTokenizer : nil
        guard let path = data.tokenizer ?? copy else {
            let user = [
                ("text", data.text != nil), ("chat", data.chat != nil),
                ("sample-every", intervals.sampleEvery > 0),
            ].first { $0.1 }?.0
            // A run that goes on has its own, or began without one.
            let own = isResumed ? nil : try initialization.tokenizer(isNeeded: user != nil)
            if let own, let manifest, manifest.manifest.tokenizer.digest != own.value.digest {
                throw CommandError(
                    .wrongUsage,
                    "the data were made with another tokenizer, as '\(manifest.path)' says, than "
                        + "the model's own, '\(own.path)'; prepare them again with that one, or "
                        + "name theirs with --tokenizer"
                )
            }
            let tokenizer = own ?? manifest?.tokenizer(open: openTokenizer)
            if let user, tokenizer == nil {
                throw CommandError(
                    .wrongUsage,
                    "--\(user) needs --tokenizer, which turns text into tokens and back"
                )
            }
            return KnownTokens(
                tokenizer: tokenizer,
                tokenizerSource: own == nil ? "with which the data were made" : "the model's own",
                manifest: manifest
            )
        }
        let tokenizer = try openTokenizer(path)
        if isResumed && !resumption.allowChanges {
            try directory.requireSameTokenizer(tokenizer)
        }
        if let manifest, manifest.manifest.tokenizer.digest != tokenizer.digest {
            throw CommandError(
                .wrongUsage,
                "'\(path)' is not the tokenizer that the data were made with, as "
                    + "'\(manifest.path)' says; name that one, or prepare the data again"
            )
        }
        return KnownTokens(tokenizer: (tokenizer, path), manifest: manifest)
    }

    private func openTokenizer(_ path: FilePath) throws -> any Tokenizer {
        try TokenizerSource(path).tokenizer()
    }

    /// Measures the accuracy on HellaSwag of the model as it is at the time.
    private func makeHellaSwag(
        _ model: TransformerModel,
        _ tokenizer: (any Tokenizer)?
    ) throws -> TrainingRun.Probe<Double>? {
        guard let path = intervals.hellaSwag, intervals.hellaSwagEvery > 0 else { return nil }
        let examples = try HellaSwagFile.examples(
            path,
            vocabularySize: model.sizes.vocabularySize
        ) {
            guard let tokenizer else {
                throw CommandError(.wrongUsage, "--hellaswag with text needs --tokenizer")
            }
            return tokenizer
        }
        let evaluator = try Evaluator(model, batchSize: batch.batchSize)
        return { shouldStop in
            do {
                let score = try evaluator.score(examples) { _, _ in
                    if shouldStop() { throw ExitStatus.interrupted }
                }
                return score.accuracy
            } catch ExitStatus.interrupted {
                return nil
            }
        }
    }

    /// Says what is about to happen.
    private func describe(
        _ model: TransformerModel,
        _ settings: TrainingSettings,
        _ loader: any BatchSource
    ) {
        let configuration = model.sizes
        let family = type(of: configuration).familyTitle
        let parameters = configuration.parameterCount.grouped
        Terminal.diagnose(
            "\(family) of \(parameters) parameters: \(counted(configuration.layerCount, "layer")), "
                + "\(counted(configuration.headCount, "head")), "
                + counted(configuration.channels, "channel")
        )
        if let adapted = model as? AdaptedModel {
            Terminal.diagnose(
                "an adapter of \(adapted.parameters.layout.elementCount.grouped) parameters, in "
                    + counted(adapted.adapter.shape.layers.count, "linear layer")
            )
        }
        Terminal.diagnose(
            "\(counted(settings.schedule.totalSteps, "step")) of "
                + "\(counted(settings.totalBatchTokens, "token")), "
                + "from \(groupedTokens(loader.tokenCount)) in "
                + ((loader as? ConversationLoader)
                    .map { counted($0.conversationCount, "conversation") }
                    ?? counted(loader.shardPaths.count, "shard"))
        )
    }

    private func settings(sequenceLength: Int, data: any BatchSource) throws -> TrainingSettings {
        let accumulation = max(
            (batch.totalBatchTokens ?? 0) / (batch.batchSize * sequenceLength),
            1
        )
        let stepsPerEpoch = data.samplesPerEpoch / accumulation
        guard batch.steps != nil || stepsPerEpoch > 0 else {
            throw CommandError(
                .wrongUsage,
                "one epoch of \(counted(data.tokenCount, "token")) is shorter than a step; give "
                    + "the number of --steps, or smaller --total-batch-tokens"
            )
        }
        var settings = TrainingSettings(
            batchSize: batch.batchSize,
            sequenceLength: sequenceLength,
            totalBatchTokens: batch.totalBatchTokens,
            schedule: optimizer.schedule(steps: batch.steps ?? stepsPerEpoch)
        )
        settings.optimizerKind = optimizer.optimizer
        settings.optimizer = optimizer.settings
        settings.dropout = optimizer.dropout
        settings.skipLossZScore = optimizer.skipLossZScore
        settings.skipNormZScore = optimizer.skipNormZScore
        settings.recomputation = batch.recompute
        settings.precision = batch.precision.elementType
        settings.overfitsSingleBatch = self.data.overfitSingleBatch
        settings.validationInterval = intervals.valEvery
        settings.validationBatches = intervals.valBatches
        settings.checkpointInterval = intervals.checkpointEvery
        settings.keepLast = intervals.keepLast
        settings.keepEvery = intervals.keepEvery
        settings.sampleInterval = intervals.sampleEvery
        settings.hellaSwagInterval = intervals.hellaSwagEvery
        settings.seed = seed
        return settings
    }
}
