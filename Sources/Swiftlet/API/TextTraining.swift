// A training run that a program describes and follows. The loop itself is in Training;
// TextTraining+Parts.swift makes its parts from the description.

import FileIO
import TextGeneration
import Training

/// A description of a training run: what it trains, on which data, how, and in which directory.
///
/// ```swift
/// let tokenizer = try await TextTokenizer.train(on: ["stories.txt"], vocabularySize: 512)
/// try tokenizer.save(in: "tokenizer")
/// let training = TextTraining(
///     of: .size("layers=4,heads=4,channels=128,context=256"),
///     on: .text("stories.txt"),
///     tokenizer: "tokenizer",
///     settings: TrainingSettings(steps: 500, sequenceLength: 256, learningRate: 1e-3),
///     in: "runs/first"
/// )
/// for try await event in training.events() {
///     if case .step(let step) = event { print(step.step, step.loss) }
/// }
/// let model = try await TextModel("runs/first")
/// ```
///
/// Running the same description again resumes a run that was interrupted.
public struct TextTraining: Sendable, Equatable, Codable {
    /// What a run starts from.
    public enum Start: Sendable, Equatable, Codable {
        /// Random weights of a model of this size: `d12`, `layers=4,heads=4,channels=128`, or for
        /// a Llama `llama2:layers=6,heads=6,channels=288,hidden=768`.
        case size(String)
        /// A model of any format, or another run; its tokenizer is then the default.
        case model(FilePath)
    }

    /// What a run learns from.
    public enum Data: Sendable, Equatable, Codable {
        /// A text file or a directory of them. The run's directory keeps the tokens; the first ones
        /// are held out for validation if there are enough.
        case text(FilePath)
        /// Token shards; patterns such as `data/*_train*.bin`.
        case shards(FilePath, validation: FilePath?)
        /// Files with one conversation a line; only the assistant's words are learned.
        case conversations(FilePath, validation: FilePath?)
    }

    /// A low-rank adapter (LoRA), trained instead of the weights.
    public struct Adapter: Sendable, Equatable, Codable {
        /// The rank of its matrices, at least 1.
        public var rank: Int
        /// Its product is multiplied by alpha / rank.
        public var alpha: Float
        /// Whether it adapts the feed-forward networks as well as attention.
        public var changesMLPs: Bool

        /// Describes an adapter.
        /// - Parameters:
        ///   - rank: The rank of its matrices.
        ///   - alpha: Its product is multiplied by alpha / rank; nil is twice the rank.
        ///   - changesMLPs: Whether it adapts the feed-forward networks as well as attention.
        public init(rank: Int = 8, alpha: Float? = nil, changesMLPs: Bool = false) {
            self.rank = rank
            self.alpha = alpha ?? Float(2 * rank)
            self.changesMLPs = changesMLPs
        }
    }

    /// What the run starts from.
    public var start: Start
    /// The data it learns from.
    public var data: Data
    /// The tokenizer's file or directory; nil is the model's, or that of the run being resumed.
    public var tokenizer: FilePath?
    /// Batches, steps, the optimizer and everything else that decides the result.
    public var settings: TrainingSettings
    /// The adapter to train; nil trains the weights.
    public var adapter: Adapter?
    /// The run's directory.
    public var directory: FilePath
    /// What to do with a run that is already in the directory.
    public var resume: ResumePolicy
    /// Whether a run in the directory is replaced.
    public var overwrite: Bool

    /// Describes a run; nothing is read or written yet.
    /// - Parameters:
    ///   - start: What it starts from.
    ///   - data: The data it learns from.
    ///   - tokenizer: The tokenizer's file or directory; nil is the model's own.
    ///   - settings: Batches, steps, the optimizer and everything else that decides the result.
    ///   - adapter: The adapter to train; nil trains the weights.
    ///   - directory: The run's directory.
    ///   - resume: What to do with a run that is already there.
    ///   - overwrite: Whether a run that is there is replaced.
    public init(
        of start: Start,
        on data: Data,
        tokenizer: FilePath? = nil,
        settings: TrainingSettings,
        adapter: Adapter? = nil,
        in directory: FilePath,
        resume: ResumePolicy = .auto,
        overwrite: Bool = false
    ) {
        self.start = start
        self.data = data
        self.tokenizer = tokenizer
        self.settings = settings
        self.adapter = adapter
        self.directory = directory
        self.resume = resume
        self.overwrite = overwrite
    }

    /// Trains to the end.
    ///
    /// When the task is canceled, the run stops within a batch, writes a checkpoint and returns;
    /// another call resumes from there. A run that is stopped before its first step leaves nothing.
    /// - Parameter report: Called with every event, in order, on the run's thread.
    /// - Throws: ``TrainingError`` when the run is refused, differs from the one in the directory,
    ///   or diverges; ``OpeningError``, ``ModelError``, ``TextTokenizerError``, ``TokenDataError``,
    ///   ``PreparationError`` or ``TextGenerationError`` for its model, tokenizer or data;
    ///   ``FileIOError``; `CancellationError` when the task is canceled while its data is prepared;
    ///   and what `report` throws, after which complete checkpoints stay.
    public func run(
        report: @Sendable (TrainingEvent) throws -> Void = { _ in }
    ) async throws {
        try await GenerationThread().run {
            let directory = RunDirectory(directory)
            let hadTokenizer = directory.savedTokenizer != nil
            try makeRun().run(until: { Task.isCancelled }, report: report)
            // Stopped before the first step: next to another model this tokenizer would be wrong.
            if !hadTokenizer, try !directory.holdsRun() {
                try directory.replaceTokenizer(with: nil)
                directory.removeIfEmpty()
            }
        }
    }

    /// Trains to the end, and returns the events as a sequence.
    ///
    /// The run begins at once and does not wait for its events to be read. When the loop over it is
    /// left or its task is canceled, the run stops as ``run(report:)`` does, but nothing waits for
    /// its checkpoint: call ``run(report:)`` where the program then ends or opens the model.
    /// - Returns: The events. Iterating throws what ``run(report:)`` throws.
    public func events() -> AsyncThrowingStream<TrainingEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await run { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
