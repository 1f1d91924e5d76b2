import FileIO

/// Something that happened during a run; reported in this order when several belong to one step.
public enum TrainingEvent: Sendable, Equatable {
    /// The run goes on after `step` updates, from the checkpoint at `path`.
    case resumed(step: Int, path: FilePath)
    /// The run that was in the directory at `path` had no complete checkpoint, and starts over.
    case startedOver(path: FilePath)
    /// The run had already made all its steps, `step` of them, and nothing was done.
    case alreadyFinished(step: Int)
    /// An optimiser step was made.
    case step(TrainingStep)
    /// A measurement of `step` is `zScore` standard deviations above the recent mean.
    case outlier(step: Int, quantity: StepQuantity, zScore: Double)
    /// The update of `step` was left out.
    case skipped(step: Int, reason: SkipReason)
    /// The mean loss on held-out data after `step` updates.
    case validation(step: Int, loss: Float)
    /// The share of HellaSwag's questions answered correctly after `step` updates.
    case hellaSwag(step: Int, accuracy: Double)
    /// A text was drawn from the model after `step` updates.
    case sample(step: Int, text: String)
    /// A checkpoint was written.
    case checkpoint(step: Int, path: FilePath)
}
