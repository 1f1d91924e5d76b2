// The state of a run as its events tell it. It draws nothing and reads no clock.

import Swiftlet

/// What is known of a run so far.
struct TrainingProgress {
    /// How the run ended for this session.
    enum Ending {
        case done
        case stopped
    }

    /// A value measured after a step.
    struct Measurement<Value: Equatable>: Equatable {
        let step: Int
        let value: Value
    }

    /// Steps of the whole run.
    let totalSteps: Int
    /// Steps made when this session began.
    private(set) var firstStep = 0
    /// Steps made.
    private(set) var stepCount = 0
    /// The newest step of this session.
    private(set) var lastStep: TrainingStep?
    private(set) var loss: LossTrend
    private(set) var pace = TrainingPace()
    private(set) var validation: Measurement<Float>?
    /// The lowest validation loss of the whole run, as far as it is known.
    private(set) var best: Measurement<Float>?
    private(set) var sample: Measurement<String>?
    /// Time since this session began.
    private(set) var elapsed = Duration.zero
    private(set) var ending: Ending?

    /// A run that has yet to begin, or to go on after a checkpoint of validation loss `best`.
    init(totalSteps: Int, best: BestCheckpoint? = nil) {
        self.totalSteps = totalSteps
        loss = LossTrend(totalSteps: totalSteps)
        self.best = best.map { Measurement(step: $0.step, value: $0.validationLoss) }
    }

    /// Notes an event that happened `elapsed` after the session began.
    mutating func apply(_ event: TrainingEvent, at elapsed: Duration) {
        self.elapsed = elapsed
        switch event {
        case .resumed(let step, _), .alreadyFinished(let step):
            firstStep = step
            stepCount = step
            pace.firstStep = step
        case .step(let step):
            stepCount = step.step
            lastStep = step
            loss.add(step.loss)
            pace.add(step, at: elapsed)
        case .validation(let step, let loss):
            let measured = Measurement(step: step, value: loss)
            validation = measured
            // Before the first step there is no checkpoint that could be the best.
            if step > 0 && loss < best?.value ?? .infinity { best = measured }
            pace.add(.validation, step: step, at: elapsed)
        case .hellaSwag(let step, _):
            pace.add(.hellaSwag, step: step, at: elapsed)
        case .sample(let step, let text):
            sample = Measurement(step: step, value: text)
            pace.add(.sample, step: step, at: elapsed)
        case .checkpoint(let step, _):
            pace.add(.checkpoint, step: step, at: elapsed)
        case .startedOver, .outlier, .skipped:
            break
        }
    }

    /// Notes that time has passed.
    mutating func advance(to elapsed: Duration) {
        self.elapsed = elapsed
    }

    /// Notes that nothing more will happen.
    mutating func end(at elapsed: Duration) {
        self.elapsed = elapsed
        ending = stepCount >= totalSteps ? .done : .stopped
    }

    /// The time to the end of the run; nil before the first step of this session.
    var timeLeft: Duration? { pace.timeLeft(for: max(0, totalSteps - stepCount), at: elapsed) }
}
