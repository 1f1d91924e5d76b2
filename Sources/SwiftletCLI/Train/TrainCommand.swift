import ArgumentParser
import Swiftlet

/// `swiftlet train`: parses, builds the objects of a run, and shows its events.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a GPT-2 or a Llama, from scratch or from a model of any format.",
        discussion: """
            To resume a run that was interrupted, run the same command again. With mpirun, as in \
            'mpirun -n 4 swiftlet train ...', several processes train one model together, and the \
            first one prints for all.

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
            tokenizer is then the default. A size may include vocabulary=1024; otherwise the \
            vocabulary is that of the tokenizer, else that of the data's manifest, else GPT-2's \
            50,257 or Llama 2's 32,000.
            """
    )
    var initialization: ArgumentText

    @Option(help: CheckpointSelection.initHelp)
    var checkpoint: CheckpointSelection?

    @Option(help: "The directory of the run.")
    var output: FilePath

    @OptionGroup(title: TrainingSettings.Section.data.rawValue)
    var data: DataOptions

    @OptionGroup(title: TrainingSettings.Section.batches.rawValue)
    var batch: BatchOptions

    @OptionGroup(title: "Several processes")
    var processes: ProcessOptions

    @OptionGroup(title: "Adapters")
    var adapter: AdapterOptions

    @OptionGroup(title: TrainingSettings.Section.optimizer.rawValue)
    var optimizer: OptimizerOptions

    @OptionGroup(title: TrainingSettings.Section.intervals.rawValue)
    var intervals: IntervalOptions

    @OptionGroup(title: "Existing runs")
    var resumption: ResumeOptions

    @Option(\.seed) var seed

    @OptionGroup
    var compute: ComputeOptions

    @Flag(help: "Print each step and every other event as a JSON object, on standard output.")
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
        if processes.zeroStage > 0 && optimizer.optimizer != .adamw {
            throw ValidationError(
                "--zero-stage 1 splits AdamW's moments, but Muon needs whole matrices; leave "
                    + "one of them out"
            )
        }
    }

    func run() throws {
        try LaunchedProcesses.run(train)
    }

    /// Trains, together with the other processes.
    ///
    /// Whatever may fail in only one of them is done together, so that all end.
    private func train(_ group: ProcessGroup) throws {
        // Until the run begins, there is nothing to save.
        Signals.exitWhenInterrupted()
        try LaunchedProcesses.requireSameArguments(group)
        let directory = RunDirectory(output)
        let resumedStep = try group.share {
            try directory.resumptionStep(resumption.resume, overwrite: resumption.overwrite)
        }
        let replacesRun = try group.share { try resumption.overwrite && directory.holdsRun() }
        let beginning = try group.together { try Beginning(self, directory, resumedStep, group) }
        let (tokens, start) = (beginning.tokens, beginning.start)
        let tokenizer = tokens.tokenizer
        Signals.catchInterruption()
        let source = try TrainingSource(
            data,
            tokens,
            template: beginning.template,
            shape: TrainingSource.Shape(
                batchSize: batch.batchSize,
                sequenceLength: beginning.sequenceLength,
                vocabularySize: start.configuration.vocabularySize,
                seed: seed,
                processCount: group.processCount,
                rank: group.rank
            ),
            directory: directory,
            threads: compute.threadCount(),
            group: group
        )
        // Allocating memory and reading checkpoints takes time, and nothing is unfinished then.
        Signals.exitWhenInterrupted()
        let (trainer, sample, hellaSwag) = try group.together {
            // Checked afterwards: a signal in between would be lost.
            if Signals.isInterrupted { throw ExitStatus.interrupted }
            let settings = try settings(
                sequenceLength: beginning.sequenceLength,
                data: source.training,
                formerStep: resumedStep.map { try directory.settings(step: $0).totalBatchTokens },
                group
            )
            let model = try start.make(
                adapter,
                precision: batch.precision.elementType,
                seed: seed,
                ops: beginning.ops
            )
            return (
                try Trainer(
                    model: model,
                    settings: settings,
                    loader: source.training,
                    group: group,
                    parallel: processes.parallel
                ),
                try makeSampler(model, tokenizer?.value, beginning.template),
                try makeHellaSwag(model, tokenizer?.value, group)
            )
        }
        // A new run creates its files now; a resumed run reads its checkpoint first.
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
                flags: flags(trainer.settings)
            ),
            sample: sample,
            hellaSwag: hellaSwag
        )
        if resumedStep != nil { Signals.catchInterruption() }
        let hadTokenizer = directory.savedTokenizer != nil
        let board = try group.together {
            guard group.isFirst else { return nil as TensorBoardLog? }
            if tokenizer != nil || replacesRun {
                try directory.replaceTokenizer(
                    with: tokenizer?.value,
                    from: tokenizer?.path,
                    chatTemplate: beginning.template?.jinja
                )
            }
            return intervals.tensorBoard
                ? try TensorBoardLog(directory, resumedStep: resumedStep) : nil
        }
        describe(beginning, trainer, source, group)
        try follow(run, directory, source.validation?.tokenCount, board, group)
        guard try group.isAnyInterrupted() else { return }
        try group.together {
            if group.isFirst && trainer.stepCount == 0 && resumedStep == nil {
                // Next to the model of another run it would be the wrong one.
                if !hadTokenizer { try directory.replaceTokenizer(with: nil) }
                directory.removeIfEmpty()
                Terminal.diagnose("stopped before the first step: there is nothing to save")
            } else if trainer.stepCount == resumedStep {
                let step = trainer.stepCount
                Terminal.diagnose("stopped: the newest checkpoint is that of step \(step)")
            }
            throw ExitStatus.interrupted
        }
    }

    /// Trains to the end or until told to stop; the first process reports.
    private func follow(
        _ run: TrainingRun,
        _ directory: RunDirectory,
        _ validationTokens: Int?,
        _ board: TensorBoardLog?,
        _ group: ProcessGroup
    ) throws {
        guard group.isFirst else {
            try run.run(until: { Signals.isInterrupted }, report: { _ in })
            return try group.together {}
        }
        let reporter = TrainingReporter(run, directory: directory, printsEvents: json)
        try reporter.follow(validationTokens: validationTokens) { try board?.append($0) }
        try group.together {
            if let failure = reporter.failure { throw failure }
        }
    }

    /// Measures the HellaSwag accuracy of the model in its current state.
    private func makeHellaSwag(
        _ model: TransformerModel,
        _ tokenizer: (any Tokenizer)?,
        _ group: ProcessGroup
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
        let evaluator = try Evaluator(model, batchSize: batch.batchSize, group: group)
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

    /// Prints what is about to happen.
    private func describe(
        _ beginning: Beginning,
        _ trainer: Trainer,
        _ source: TrainingSource,
        _ group: ProcessGroup
    ) {
        let tokens = beginning.tokens
        if let tokenizer = tokens.tokenizer, let source = tokens.tokenizerSource {
            Terminal.diagnose("tokenizer '\(tokenizer.path)', \(source)")
        }
        if let remark = beginning.start.remark { Terminal.diagnose(remark) }
        if let connection = group.connection {
            Terminal.diagnose("\(group.processCount) processes, MPI: \(connection)")
        }
        let (model, settings, loader) = (trainer.model, trainer.settings, source.training)
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
        compute.note("\(trainer.activationByteCount.grouped) bytes for activations")
        if source.validation != nil && settings.validationInterval > 0
            && settings.checkpointInterval == 0
        {
            Terminal.diagnose("no checkpoints are written, not even of the best validation loss")
        }
    }

    /// The settings that the flags make.
    /// - Parameters:
    ///   - sequenceLength: T.
    ///   - data: The data to learn from.
    ///   - formerStep: The tokens of a step of the run that goes on. They are the default if they
    ///     divide into batches: another number of processes continues with the same steps.
    ///   - group: The processes.
    /// - Returns: The settings.
    /// - Throws: ``CommandError``.
    private func settings(
        sequenceLength: Int,
        data: any BatchSource,
        formerStep: Int?,
        _ group: ProcessGroup
    ) throws -> TrainingSettings {
        let batchTokens = batch.batchSize * sequenceLength * group.processCount
        let former = formerStep.flatMap { $0.isMultiple(of: batchTokens) ? $0 : nil }
        let totalBatchTokens = batch.totalBatchTokens ?? former ?? batchTokens
        let accumulation = max(totalBatchTokens / batchTokens, 1)
        let stepsPerEpoch = data.samplesPerEpoch / accumulation
        guard batch.steps != nil || stepsPerEpoch > 0 else {
            throw CommandError(
                .wrongUsage,
                "one epoch of \(counted(data.tokenCount, "token")) is shorter than a step; give "
                    + "--steps, or a smaller --total-batch-tokens"
            )
        }
        var settings = TrainingSettings(
            sequenceLength: sequenceLength,
            totalBatchTokens: totalBatchTokens,
            schedule: LearningRateSchedule(totalSteps: batch.steps ?? stepsPerEpoch)
        )
        apply(to: &settings)
        if group.hasOthers && settings.totalBatchTokens % batchTokens != 0 {
            throw CommandError(
                .wrongUsage,
                "--total-batch-tokens must be a multiple of \(batchTokens.grouped), the tokens of "
                    + "a batch (--batch-size x --sequence-length) in each of "
                    + "\(group.processCount) processes, but is "
                    + settings.totalBatchTokens.grouped
            )
        }
        return settings
    }
}
