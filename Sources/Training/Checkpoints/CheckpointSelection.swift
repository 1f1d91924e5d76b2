// Which of a run's checkpoints is meant, and where its model is; which is the best, as `best.json`
// says; and which stay.

import FileIO

/// One of the complete checkpoints of a run.
public enum CheckpointSelection: Sendable, Equatable {
    /// That of the largest step.
    case latest
    /// That with the lowest validation loss, which `best.json` names.
    case best
    /// That of a step.
    case step(Int)
}

extension RunDirectory {
    /// The step of a complete checkpoint.
    /// - Throws: ``TrainingError`` saying what there is instead, or ``FileIOError``.
    public func step(of selection: CheckpointSelection) throws -> Int {
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
    /// - Throws: ``TrainingError`` saying what there is instead, or ``FileIOError``.
    public func modelPath(_ selection: CheckpointSelection) throws -> FilePath {
        modelPath(step: try step(of: selection))
    }

    private func bestStep() throws -> Int {
        guard FileSystem.exists(bestPath) else { throw TrainingError.noBestCheckpoint(path: path) }
        return try JSONFile.read(BestCheckpoint.self, from: bestPath).step
    }
}

/// The checkpoint with the lowest validation loss, measured at its own step; in `best.json`.
///
/// A validation that beats all before it makes a checkpoint, whatever the interval of checkpoints,
/// so that this is the lowest loss a run has measured after a step.
public struct BestCheckpoint: Codable, Equatable, Sendable {
    /// Updates before it.
    public var step: Int
    /// Its loss in nats.
    public var validationLoss: Float

    private enum CodingKeys: String, CodingKey {
        case step
        case validationLoss = "val_loss"
    }

    /// Names a checkpoint.
    public init(step: Int, validationLoss: Float) {
        self.step = step
        self.validationLoss = validationLoss
    }
}

/// Chooses the checkpoints that may be removed after a new one is complete.
struct Retention {
    /// The newest that stay.
    var keepLast: Int
    /// Multiples of this step stay for ever; 0 is none.
    var keepEvery: Int

    /// What the settings of a run say.
    init(_ settings: TrainingSettings) {
        keepLast = settings.keepLast
        keepEvery = settings.keepEvery
    }

    /// Chooses the checkpoints that nobody needs any more.
    /// - Parameters:
    ///   - steps: Those of all complete checkpoints.
    ///   - best: The step with the lowest validation loss, which stays.
    /// - Returns: Their steps.
    func removable(among steps: [Int], best: Int?) -> [Int] {
        steps.sorted().dropLast(keepLast).filter { step in
            step != best && !(keepEvery > 0 && step.isMultiple(of: keepEvery))
        }
    }

    /// Counts the checkpoints that lie on the disk at once, at most: those that stay, the best, and
    /// the one that is being written before another is removed.
    /// - Parameters:
    ///   - interval: Steps between checkpoints.
    ///   - validationInterval: Steps between validations, each of which may make a checkpoint as
    ///     the best so far; nil when nothing is validated.
    ///   - totalSteps: Steps of the run.
    /// - Returns: Their number, at least 1.
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
        // A run of no steps leaves one, too.
        return min(max(written, 1), kept + 1)
    }
}

/// The steps that a run may write a checkpoint after.
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
            // Those of both intervals would count twice.
            count += multiples(of: validationInterval) - multiples(of: interval, validationInterval)
        }
        let isExtra =
            !totalSteps.isMultiple(of: interval)
            && !(validationInterval.map { totalSteps.isMultiple(of: $0) } ?? false)
        return count + (isExtra && totalSteps.isMultiple(of: divisor) ? 1 : 0)
    }

    /// The largest number there is where the multiple would be larger.
    private static func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
        var (divisor, rest) = (a, b)
        while rest > 0 { (divisor, rest) = (rest, divisor % rest) }
        let (multiple, overflow) = (a / divisor).multipliedReportingOverflow(by: b)
        return overflow ? .max : multiple
    }
}
