// Which checkpoint of a run is the best, as `best.json` says.

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
