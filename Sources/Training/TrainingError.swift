import FileIO
import Tensors

/// A run that cannot start or continue; `description` is one sentence for the user.
public enum TrainingError: Error, Equatable, Sendable {
    /// A setting that is out of range.
    case invalidSetting(name: String, requirement: String, found: String)
    /// The run directory already holds a run.
    case runExists(path: FilePath)
    /// Another process is training the run in the directory.
    case runInUse(path: FilePath)
    /// The first of several processes has written into the directory, and this one does not see it.
    case notShared(path: FilePath)
    /// A checkpoint's run had other settings, other data or another model; each difference is a
    /// phrase with the old and the new value.
    case runDiffers(path: FilePath, differences: [String])
    /// The run trains another model than its checkpoint's, which nothing allows; each difference is
    /// a phrase with the old and the new value.
    case otherModel(path: FilePath, differences: [String])
    /// A file of a checkpoint does not hold what it should.
    case damagedFile(path: FilePath, reason: String)
    /// A JSON file of a run, such as `run.json`, does not hold what it should.
    case invalidJSON(path: FilePath, reason: String)
    /// The file system of `path` does not have enough room for the checkpoints of the run.
    case noRoom(path: FilePath, needed: Int, available: Int)
    /// What was measured at `step`, such as "the loss", is no longer a finite number.
    case diverged(step: Int, quantity: String, found: Float)
    /// The loss of a model on data it did not learn from is not a finite number.
    case unusableLoss(found: Double)
    /// The run has no complete checkpoint.
    case noCheckpoint(path: FilePath)
    /// The run has no complete checkpoint of `step`, but those of `available`.
    case noCheckpointOfStep(path: FilePath, step: Int, available: [Int])
    /// No checkpoint of the run is known to be the best.
    case noBestCheckpoint(path: FilePath)
}

extension TrainingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidSetting(let name, let requirement, let found):
            "\(name) must be \(requirement), got \(found)"
        case .runExists(let path):
            "'\(path)' already holds a training run; choose another output directory, "
                + "let it be resumed, or allow overwriting it"
        case .runInUse(let path):
            "another process is training the run in '\(path)'; wait until it ends, or choose "
                + "another output directory"
        case .notShared(let path):
            "'\(path)' is not the directory that the first process trains in; choose an output "
                + "directory on a file system that all hosts share"
        case .runDiffers(let path, let differences):
            "the run in '\(path)' cannot be resumed: \(differences.joined(separator: ", "))"
                + "; use what it began with, allow the changes, or choose another output directory"
        case .otherModel(let path, let differences):
            "the run in '\(path)' cannot be resumed: \(differences.joined(separator: ", "))"
                + "; train the model it began with, or choose another output directory"
        case .damagedFile(let path, let reason):
            "'\(path)' cannot be used: \(reason); resume from an earlier checkpoint by removing "
                + "the DONE file of this one, or start a new run"
        case .invalidJSON(let path, let reason):
            "'\(path)' cannot be read: \(reason); copy or create the file again"
        case .noRoom(let path, let needed, let available):
            "the checkpoints of this run need \(TensorError.memory(needed)) in '\(path)', but only "
                + "\(TensorError.memory(available)) is free; make room, keep fewer checkpoints, "
                + "or choose another output directory"
        case .diverged(let step, let quantity, let found):
            "\(quantity) of step \(step) is \(NumberText.shortest(found)): training has diverged; "
                + "use a lower learning rate or a longer warmup"
        case .unusableLoss(let found):
            "the model's loss on this data is \(NumberText.shortest(found)): its training has "
                + "diverged or its file is damaged; evaluate an earlier checkpoint"
        case .noCheckpoint(let path):
            "'\(path)' has no complete checkpoint yet; let the run write one"
        case .noCheckpointOfStep(let path, let step, let available):
            "'\(path)' has no checkpoint of step \(step); it has "
                + available.map(String.init).joined(separator: ", ")
        case .noBestCheckpoint(let path):
            "'\(path)' has no best checkpoint, because none was validated at its own step; choose "
                + "the latest or a step"
        }
    }
}
