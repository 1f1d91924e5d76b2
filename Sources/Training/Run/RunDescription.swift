// `run.json`: what a run was started with, for people, reports and `--config`. Resuming does not
// read it; checkpoints have what that needs.

import FileIO
import LanguageModels
import Tensors
import TokenData

/// Everything needed to repeat a run.
public struct RunDescription: Codable, Equatable, Sendable {
    /// The model and what it started from.
    public struct Model: Codable, Equatable, Sendable {
        /// A size or the path of a model, as it was given; nil if it was not.
        public var initialization: String?
        /// L: transformer blocks.
        public var layers: Int
        /// NH: attention heads in a block.
        public var heads: Int
        /// C: the width of the residual stream.
        public var channels: Int
        /// maxT: the longest sequence.
        public var context: Int
        /// V: the size of the vocabulary.
        public var vocabularySize: Int
        /// All parameters, without the padding of the vocabulary.
        public var parameters: Int

        private enum CodingKeys: String, CodingKey {
            case initialization = "init"
            case layers, heads, channels, context
            case vocabularySize = "vocabulary_size"
            case parameters
        }

        /// Describes a model.
        public init(_ configuration: any ModelConfiguration, initialization: String?) {
            self.initialization = initialization
            layers = configuration.layerCount
            heads = configuration.headCount
            channels = configuration.channels
            context = configuration.contextLength
            vocabularySize = configuration.vocabularySize
            parameters = configuration.parameterCount
        }
    }

    /// A file of tokens.
    public struct Shard: Codable, Equatable, Sendable {
        /// The path of its file.
        public var path: String
        /// The number of tokens it holds.
        public var tokens: Int
    }

    /// The token shards.
    public struct Data: Codable, Equatable, Sendable {
        /// Trained on, sorted by path.
        public var train: [Shard]
        /// Validated on, sorted by path.
        public var validation: [Shard]
    }

    /// What the run computes with.
    public struct Machine: Codable, Equatable, Sendable {
        /// The processor's name; nil in files that do not say.
        public var processor: String?
        /// The micro-kernels' instruction set.
        public var isa: String
        /// Threads used by large operations, in each process.
        public var threads: Int
        /// The number of processes that train together; nil for one.
        public var processes: Int?
    }

    /// The model.
    public var model: Model
    /// Every flag in effect by its name without dashes, including defaults.
    public var flags: [String: JSONValue]
    /// The data.
    public var data: Data
    /// The machine.
    public var machine: Machine
    /// Optimizer steps of the whole run.
    public var steps: Int

    /// Describes a run.
    /// - Parameters:
    ///   - trainer: The trainer that makes the steps.
    ///   - validation: Held-out data.
    ///   - initialization: What the model started from, as it was given.
    ///   - flags: Every flag in effect by its name without dashes.
    public init(
        _ trainer: Trainer,
        validation: (any BatchSource)?,
        initialization: String? = nil,
        flags: [String: JSONValue] = [:]
    ) {
        model = Model(trainer.model.sizes, initialization: initialization)
        self.flags = flags
        data = Data(
            train: Self.shards(of: trainer.loader),
            validation: validation.map(Self.shards(of:)) ?? []
        )
        let processCount = trainer.group.processCount
        machine = Machine(
            processor: Tensors.Machine.processorName,
            isa: trainer.ops.instructionSet.rawValue,
            threads: trainer.ops.threadCount,
            processes: processCount > 1 ? processCount : nil
        )
        steps = trainer.settings.schedule.totalSteps
    }

    /// Reads a `run.json`.
    /// - Throws: ``TrainingError/invalidJSON(path:reason:)`` or ``FileIOError``.
    public init(contentsOf path: FilePath) throws {
        self = try JSONFile.read(Self.self, from: path)
    }

    /// Writes a `run.json`, completely or not at all.
    /// - Throws: ``FileIOError``.
    public func write(to path: FilePath) throws {
        try JSONFile.write(self, to: path)
    }

    private static func shards(of loader: any BatchSource) -> [Shard] {
        zip(loader.shardPaths, loader.source.shards).map { path, identity in
            Shard(path: path.string, tokens: identity.tokenCount)
        }
    }
}
