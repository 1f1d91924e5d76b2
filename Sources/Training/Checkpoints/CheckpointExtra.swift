// `extra_%08d.json`: what a checkpoint needs to resume exactly but llm.c's state file cannot hold.
// The position in the data is in the state file, whatever the sizes of the shards; this only adds
// which data it is a position in.

import FileIO
import TokenData

/// What a checkpoint holds besides the model and llm.c's state.
struct CheckpointExtra: Codable, Equatable {
    /// The layout that this code writes, and the only one it reads.
    static let currentVersion = 1

    var formatVersion = currentVersion
    /// The number of updates before the checkpoint.
    var step: Int
    /// The best checkpoint so far, including this one.
    var best: BestCheckpoint?
    /// How the run is trained.
    var settings: TrainingSettings
    /// The model, and what it started from.
    var model: RunDescription.Model
    /// The data that the position in the state file belongs to.
    var trainingData: TokenLoaderSource
    /// Whether the position is in a shuffled order.
    var isShuffled: Bool
    /// What validation losses were measured on.
    var validationData: TokenLoaderSource?
    /// A checksum of the weights below an adapter; nil if all weights are trained.
    var frozenWeights: String?
    /// True when the run was stopped at this step before what was due after it was measured; nil
    /// otherwise.
    var isUnmeasured: Bool?
    /// The window of recent losses, oldest first.
    var recentLosses: [Float]
    /// The window of recent gradient norms, oldest first.
    var recentNorms: [Float]

    private struct Version: Decodable {
        let formatVersion: Int
    }

    /// Reads the file of a checkpoint.
    /// - Throws: ``TrainingError/damagedFile(path:reason:)`` or ``FileIOError``.
    static func read(from path: FilePath, step: Int) throws -> Self {
        guard FileSystem.exists(path) else {
            throw TrainingError.damagedFile(
                path: path,
                reason: "the file is missing, which it is when another program wrote the checkpoint"
            )
        }
        do {
            return try checked(path, step: step)
        } catch TrainingError.invalidJSON(_, let reason) {
            throw TrainingError.damagedFile(path: path, reason: reason)
        }
    }

    private static func checked(_ path: FilePath, step: Int) throws -> Self {
        let version = try JSONFile.read(Version.self, from: path).formatVersion
        guard version == currentVersion else {
            throw TrainingError.damagedFile(
                path: path,
                reason: "it has format \(version), but only \(currentVersion) can be read"
            )
        }
        let extra = try JSONFile.read(Self.self, from: path)
        guard extra.step == step else {
            throw TrainingError.damagedFile(path: path, reason: "it belongs to step \(extra.step)")
        }
        do {
            try extra.settings.validate()
        } catch let error as TrainingError {
            throw TrainingError.damagedFile(path: path, reason: error.description)
        }
        return extra
    }

    /// The best checkpoint so far, for a run that resumes with `current`: nil when what that run
    /// measures cannot be compared with the best loss.
    func best(for current: Self) -> BestCheckpoint? {
        // A run without validation measures nothing, so the best one stays the best.
        guard current.validationData != nil else { return best }
        let isComparable =
            validationData == current.validationData
            && settings.validationBatches == current.settings.validationBatches
        return isComparable ? best : nil
    }

    /// How many processes wrote the checkpoint.
    /// - Throws: ``TrainingError/damagedFile(path:reason:)``.
    func processCount(path: FilePath) throws -> Int {
        guard trainingData.processCount > 0 else {
            throw TrainingError.damagedFile(
                path: path,
                reason: "its training data is that of \(trainingData.processCount) processes"
            )
        }
        return trainingData.processCount
    }

    /// A detector that continues one of the windows.
    func detector(_ window: KeyPath<Self, [Float]>, path: FilePath) throws -> OutlierDetector {
        guard let detector = OutlierDetector(values: self[keyPath: window]) else {
            throw TrainingError.damagedFile(
                path: path,
                reason: "a window holds more than \(OutlierDetector.windowSize) values, or values "
                    + "that are not finite"
            )
        }
        return detector
    }

    /// Says how the resumed run differs from the one that wrote this.
    func differences(from current: Self) -> [String] {
        var phrases = settings.differences(from: current.settings)
        if let then = model.initialization, let now = current.model.initialization, then != now {
            phrases.append("the model to start from was '\(then)' and is now '\(now)'")
        }
        if frozenWeights != current.frozenWeights {
            phrases.append("the weights below the adapter have changed")
        }
        phrases += difference(
            "the training data",
            trainingData,
            current.trainingData
        )
        phrases += trainingData.orderDifferences(from: current.trainingData)
        if trainingData.order == current.trainingData.order, isShuffled != current.isShuffled {
            let names = (shuffled: "shuffled", inSequence: "read in sequence")
            phrases.append(
                "the training data was \(isShuffled ? names.shuffled : names.inSequence) and is "
                    + "now " + (isShuffled ? names.inSequence : names.shuffled)
            )
        }
        phrases += difference(
            "the validation data",
            validationData,
            current.validationData
        )
        return phrases
    }

    private func difference(
        _ name: String,
        _ then: TokenLoaderSource?,
        _ now: TokenLoaderSource?
    ) -> [String] {
        func text(_ data: TokenLoaderSource?) -> String {
            let shards = data?.shards ?? []
            let tokens = counted(shards.reduce(0) { $0 &+ $1.tokenCount }, "token")
            return data?.order == .conversations
                ? "\(tokens) of conversations" : "\(tokens) in \(counted(shards.count, "shard"))"
        }
        guard then?.shards ?? [] != now?.shards ?? [] else { return [] }
        let (old, new) = (text(then), text(now))
        return old == new
            ? ["\(name) holds different tokens now"]
            : ["\(name) was \(old) and is now \(new)"]
    }
}
