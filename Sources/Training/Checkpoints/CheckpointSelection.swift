// Which of a run's checkpoints is meant, and where its model is; which is the best, as `best.json`
// says; and which stay.

import FileIO

/// One of the complete checkpoints of a run.
public enum CheckpointSelection: Sendable, Equatable, Codable {
    /// The one with the largest step.
    case latest
    /// The one with the lowest validation loss, which `best.json` names.
    case best
    /// The one of a step.
    case step(Int)
}

extension RunDirectory {
    /// The step of a complete checkpoint.
    /// - Throws: ``TrainingError`` that says what there is instead, or ``FileIOError``.
    package func step(of selection: CheckpointSelection) throws -> Int {
        let steps = try checkpointSteps()
        guard let last = steps.last else { throw TrainingError.noCheckpoint(path: path) }
        let step =
            switch selection {
            case .latest: last
            case .step(let step): step
            case .best: try bestStep()
            }
        guard steps.contains(step) else {
            throw TrainingError.noCheckpointOfStep(path: path, step: step, available: steps)
        }
        return step
    }

    /// The model of a complete checkpoint.
    /// - Throws: ``TrainingError`` that says what there is instead, or ``FileIOError``.
    package func modelPath(_ selection: CheckpointSelection) throws -> FilePath {
        modelPath(step: try step(of: selection))
    }

    private func bestStep() throws -> Int {
        guard FileSystem.exists(bestPath) else { throw TrainingError.noBestCheckpoint(path: path) }
        return try JSONFile.read(BestCheckpoint.self, from: bestPath).step
    }
}

/// The checkpoint with the lowest validation loss, measured at its own step; in `best.json`.
///
/// A validation that beats all earlier ones makes a checkpoint, whatever the checkpoint interval,
/// so this is the lowest loss that a run has measured after a step.
package struct BestCheckpoint: Codable, Equatable, Sendable {
    /// The number of updates before it.
    package var step: Int
    /// Its loss in nats.
    package var validationLoss: Float

    private enum CodingKeys: String, CodingKey {
        case step
        case validationLoss = "val_loss"
    }

    /// Names a checkpoint.
    package init(step: Int, validationLoss: Float) {
        self.step = step
        self.validationLoss = validationLoss
    }
}

/// Chooses the checkpoints that may be removed after a new one is complete.
struct Retention {
    /// How many of the newest are kept.
    var keepLast: Int
    /// Multiples of this step are kept forever; 0 is none.
    var keepEvery: Int

    /// The rules in a run's settings.
    init(_ settings: TrainingSettings) {
        keepLast = settings.keepLast
        keepEvery = settings.keepEvery
    }

    /// Chooses the checkpoints that are no longer needed.
    /// - Parameters:
    ///   - steps: The steps of all complete checkpoints.
    ///   - best: The step with the lowest validation loss, which is kept.
    /// - Returns: The steps of those to remove.
    func removable(among steps: [Int], best: Int?) -> [Int] {
        steps.sorted().dropLast(keepLast).filter { step in
            step != best && !(keepEvery > 0 && step.isMultiple(of: keepEvery))
        }
    }

    /// Counts the most checkpoints that are on the disk at once: those that are kept, the best, and
    /// the one being written before another is removed.
    /// - Parameters:
    ///   - interval: Steps between checkpoints.
    ///   - validationInterval: Steps between validations, each of which may make a checkpoint as
    ///     the best so far; nil when nothing is validated.
    ///   - totalSteps: Steps of the run.
    /// - Returns: Their count, at least 1.
    func largestCount(interval: Int, validationInterval: Int?, totalSteps: Int) -> Int {
        let steps = CheckpointSteps(
            interval: interval,
            validationInterval: validationInterval,
            totalSteps: totalSteps
        )
        let written = steps.count(multiplesOf: 1)
        let kept =
            min(keepLast, written) + (keepEvery > 0 ? steps.count(multiplesOf: keepEvery) : 0)
            + (validationInterval == nil ? 0 : 1)
        // A run of no steps also leaves one.
        return min(max(written, 1), kept + 1)
    }
}

/// The steps after which a run may write a checkpoint.
private struct CheckpointSteps {
    let interval: Int
    let validationInterval: Int?
    let totalSteps: Int

    /// Counts those that are multiples of `divisor`.
    func count(multiplesOf divisor: Int) -> Int {
        func multiples(of intervals: Int...) -> Int {
            totalSteps / intervals.reduce(divisor, Self.leastCommonMultiple)
        }
        var count = multiples(of: interval)
        if let validationInterval {
            // Multiples of both intervals would count twice.
            count += multiples(of: validationInterval) - multiples(of: interval, validationInterval)
        }
        let isExtra =
            !totalSteps.isMultiple(of: interval)
            && !(validationInterval.map { totalSteps.isMultiple(of: $0) } ?? false)
        return count + (isExtra && totalSteps.isMultiple(of: divisor) ? 1 : 0)
    }

    /// The largest Int if the multiple would overflow.
    private static func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
        var (divisor, rest) = (a, b)
        while rest > 0 { (divisor, rest) = (rest, divisor % rest) }
        let (multiple, overflow) = (a / divisor).multipliedReportingOverflow(by: b)
        return overflow ? .max : multiple
    }
}
