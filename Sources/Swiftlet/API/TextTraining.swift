// A training run as a program describes and follows it. What it does when is in Training; how the
// parts are made of the description is in TextTraining+Parts.swift.

import FileIO
import Synchronization
import TextGeneration
import Training

/// A training run: what is trained, on what, how, and where it is kept.
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
/// The same description again goes on with a run that was interrupted.
public struct TextTraining: Sendable, Equatable, Codable {
    /// What a run starts from.
    public enum Start: Sendable, Equatable, Codable {
        /// Random weights of a model of this size: `d12`, `layers=4,heads=4,channels=128`, or for
        /// a Llama `llama2:layers=6,heads=6,channels=288,hidden=768`.
        case size(String)
        /// A model of any format, or that of another run, whose tokenizer is then the default.
        case model(FilePath)
    }

    /// What a run learns from.
    public enum Data: Sendable, Equatable, Codable {
        /// A text file or a directory of them. Its tokens are kept in the run's directory, and the
        /// first of them are held out where it is long enough.
        case text(FilePath)
        /// Token shards; patterns such as `data/*_train*.bin`.
        case shards(FilePath, validation: FilePath?)
        /// Files of conversations, one a line; what the assistant says is learnt.
        case conversations(FilePath, validation: FilePath?)
    }

    /// A low-rank adapter (LoRA), trained in place of the weights.
    public struct Adapter: Sendable, Equatable, Codable {
        /// The rank of its matrices, at least 1.
        public var rank: Int
        /// Its product is multiplied by alpha / rank.
        public var alpha: Float
        /// Whether it changes the feed-forward networks too, and not attention alone.
        public var changesMLPs: Bool

        /// Describes an adapter.
        /// - Parameters:
        ///   - rank: The rank of its matrices.
        ///   - alpha: Its product is multiplied by alpha / rank; nil is twice the rank.
        ///   - changesMLPs: Whether it changes the feed-forward networks too.
        public init(rank: Int = 8, alpha: Float? = nil, changesMLPs: Bool = false) {
            self.rank = rank
            self.alpha = alpha ?? Float(2 * rank)
            self.changesMLPs = changesMLPs
        }
    }

    /// What the run starts from.
    public var start: Start
    /// What it learns from.
    public var data: Data
    /// The tokenizer's file or directory; nil is that of the model, or of the run that goes on.
    public var tokenizer: FilePath?
    /// Everything that decides how it goes.
    public var settings: TrainingSettings
    /// The adapter that is trained; nil trains the weights.
    public var adapter: Adapter?
    /// The run's directory.
    public var directory: FilePath
    /// What happens with a run that is already in the directory.
    public var resume: ResumePolicy
    /// Whether a run that is in the directory is replaced.
    public var overwrite: Bool

    /// Describes a run; nothing is read or written yet.
    /// - Parameters:
    ///   - start: What it starts from.
    ///   - data: What it learns from.
    ///   - tokenizer: The tokenizer's file or directory; nil is the model's own.
    ///   - settings: Everything that decides how it goes.
    ///   - adapter: The adapter that is trained; nil trains the weights.
    ///   - directory: Where the run is kept.
    ///   - resume: What happens with a run that is already there.
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
    /// When the task is canceled, the run stops within a batch, writes a checkpoint, and this
    /// returns; another call goes on from there.
    /// - Parameter report: Called with every event, in order, on the run's thread.
    /// - Throws: ``TrainingError`` when the run is refused, differs from the one in the directory,
    ///   or diverges; ``OpeningError``, ``ModelError``, ``TextTokenizerError``, ``TokenDataError``,
    ///   ``PreparationError`` or ``TextGenerationError`` for what it starts from or learns from;
    ///   ``FileIOError``; what `report` throws, after which complete checkpoints stay.
    public func run(
        report: @Sendable (TrainingEvent) throws -> Void = { _ in }
    ) async throws {
        let stop = StopFlag()
        try await withTaskCancellationHandler {
            try await GenerationThread().run {
                try makeRun().run(until: { stop.isSet }, report: report)
            }
        } onCancel: {
            stop.set()
        }
    }

    /// The run as a sequence of its events; it begins at once, and does not wait for whoever asks.
    ///
    /// When the sequence is left or its task is canceled, the run stops as ``run(report:)`` says.
    /// - Returns: The events. Asking for one throws what ``run(report:)`` throws.
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

    /// Says from any thread that a run is to stop.
    private final class StopFlag: Sendable {
        private let flag = Atomic(false)

        var isSet: Bool { flag.load(ordering: .relaxed) }

        func set() { flag.store(true, ordering: .relaxed) }
    }
}
