import FileIO

/// A run that cannot start or go on; `description` is one sentence for the user.
public enum TrainingError: Error, Equatable, Sendable {
    /// A setting outside what makes sense.
    case invalidSetting(name: String, requirement: String, found: String)
    /// The run directory holds a run already.
    case runExists(path: FilePath)
    /// What was measured at `step`, such as "the loss", is not a finite number any more.
    case diverged(step: Int, quantity: String, found: Float)
    /// The loss of a model on data it did not learn from is not a finite number.
    case unusableLoss(found: Double)
}

extension TrainingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidSetting(let name, let requirement, let found):
            "\(name) must be \(requirement), got \(found)"
        case .runExists(let path):
            "'\(path)' already holds a training run; choose another output directory, "
                + "or allow overwriting it"
        case .diverged(let step, let quantity, let found):
            "\(quantity) of step \(step) is \(found): training has diverged; "
                + "use a lower learning rate or a longer warm-up"
        case .unusableLoss(let found):
            "the model's loss on this data is \(found): its training has diverged or its file is "
                + "damaged; evaluate an earlier checkpoint"
        }
    }
}
