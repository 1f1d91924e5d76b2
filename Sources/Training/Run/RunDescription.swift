// `run.json`: what a run was started with, for people, reports and `--config`. Resuming does not
// read it; checkpoints have what that needs.

import FileIO
import LanguageModels
import Tensors
import TokenData

/// Everything needed to repeat a run.
package struct RunDescription: Codable, Equatable, Sendable {
    /// The model and what it started from.
    package struct Model: Codable, Equatable, Sendable {
        /// A size or the path of a model, as it was given; nil if it was not.
        package var initialization: String?
        /// L: transformer blocks.
        package var layers: Int
        /// NH: attention heads in a block.
        package var heads: Int
        /// C: the width of the residual stream.
        package var channels: Int
        /// maxT: the longest sequence.
        package var context: Int
        /// V: the size of the vocabulary.
        package var vocabularySize: Int
        /// All parameters, without the padding of the vocabulary.
        package var parameters: Int

        private enum CodingKeys: String, CodingKey {
            case initialization = "init"
            case layers, heads, channels, context
            case vocabularySize = "vocabulary_size"
            case parameters
        }

        /// Describes a model.
        package init(_ configuration: any ModelConfiguration, initialization: String?) {
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
    package struct Shard: Codable, Equatable, Sendable {
        /// The path of its file.
        package var path: String
        /// The number of tokens it holds.
        package var tokens: Int
    }

    /// The token shards.
    package struct Data: Codable, Equatable, Sendable {
        /// Trained on, sorted by path.
        package var train: [Shard]
        /// Validated on, sorted by path.
        package var validation: [Shard]
    }

    /// What the run computes with.
    package struct Machine: Codable, Equatable, Sendable {
        /// The processor's name; nil in files that do not say.
        package var processor: String?
        /// The micro-kernels' instruction set.
        package var isa: String
        /// Threads used by large operations, in each process.
        package var threads: Int
        /// The number of processes that train together; nil for one.
        package var processes: Int?
    }

    /// The model.
    package var model: Model
    /// Every flag in effect by its name without dashes, including defaults.
    package var flags: [String: JSONValue]
    /// The data.
    package var data: Data
    /// The machine.
    package var machine: Machine
    /// Optimizer steps of the whole run.
    package var steps: Int

    /// Describes a run.
    /// - Parameters:
    ///   - trainer: The trainer that makes the steps.
    ///   - validation: Held-out data.
    ///   - initialization: What the model started from, as it was given.
    ///   - flags: Every flag in effect by its name without dashes.
    package init(
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
    package init(contentsOf path: FilePath) throws {
        self = try JSONFile.read(Self.self, from: path)
    }

    /// Writes a `run.json`, completely or not at all.
    /// - Throws: ``FileIOError``.
    package func write(to path: FilePath) throws {
        try JSONFile.write(self, to: path)
    }

    private static func shards(of loader: any BatchSource) -> [Shard] {
        zip(loader.shardPaths, loader.source.shards).map { path, identity in
            Shard(path: path.string, tokens: identity.tokenCount)
        }
    }
}
