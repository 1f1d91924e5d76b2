// The state of a run as its events tell it, and how long the rest of it will take: steps as fast as
// the recent ones, and validation, samples and checkpoints as long and as often. It draws nothing
// and reads no clock.

import Swiftlet

/// What is known about a run so far.
struct TrainingProgress {
    /// How the run ended for this session.
    enum Ending: String {
        case done = "finished"
        case stopped
        case diverged
        case failed
    }

    /// A value measured after a step.
    struct Measurement<Value: Equatable & Sendable>: Equatable {
        let step: Int
        let value: Value
    }

    /// How much of the data a step takes.
    struct StepData: Equatable {
        let tokens: Int
        /// Nil if every step takes the same data.
        let epochs: Double?
    }

    /// Steps of the whole run.
    let totalSteps: Int
    /// Nil if not given.
    let stepData: StepData?
    /// Steps made when this session began.
    private(set) var firstStep = 0
    /// Steps made.
    private(set) var stepCount = 0
    /// The newest step of this session.
    private(set) var lastStep: TrainingStep?
    private(set) var loss = LossTrend()
    private(set) var course = LossCourse()
    private(set) var pace = TrainingPace()
    private(set) var validation: Measurement<Float>?
    /// The known validations of the whole run, or some of them.
    private(set) var validations: [Measurement<Float>] = []
    /// The lowest known validation loss of the whole run.
    private(set) var best: Measurement<Float>?
    private(set) var sample: Measurement<String>?
    /// Time since this session began.
    private(set) var elapsed = Duration.zero
    private(set) var ending: Ending?
    /// The most memory that the program has used, in bytes; nil if the system does not say.
    var peakMemory: Int?

    /// More than can be distinguished in a chart.
    private static let validationLimit = 512

    /// A run that is about to begin, or to resume with a checkpoint of validation loss `best`.
    init(totalSteps: Int, best: BestCheckpoint? = nil, stepData: StepData? = nil) {
        self.totalSteps = totalSteps
        self.stepData = stepData
        self.best = best.map { Measurement(step: $0.step, value: $0.validationLoss) }
    }

    /// Records an event that happened `elapsed` after the session began.
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
            course.add(step.loss, step: step.step)
            pace.add(step, at: elapsed)
        case .validation(let step, let loss):
            let measured = Measurement(step: step, value: loss)
            validation = measured
            note(measured)
            // Before the first step, there is no checkpoint that could be the best.
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

    /// Records what was logged before this session began after `lastStep`.
    mutating func recall(_ entry: MainLog.Entry, upTo lastStep: Int) {
        switch entry {
        case .training(let step, let loss) where step <= lastStep: course.add(loss, step: step)
        case .validation(let step, let loss) where step <= lastStep:
            note(Measurement(step: step, value: loss))
        case .training, .validation: break
        }
    }

    private mutating func note(_ validation: Measurement<Float>) {
        // The one before the first step is far above all others.
        guard validation.value.isFinite, validation.step > 0 else { return }
        validations.append(validation)
        guard validations.count > Self.validationLimit else { return }
        // Keeps every second one, and always the newest.
        validations = validations.reversed().enumerated().filter { $0.offset % 2 == 0 }
            .map(\.element).reversed()
    }

    /// Records that time has passed.
    mutating func advance(to elapsed: Duration) {
        self.elapsed = elapsed
    }

    /// Records that the run has ended, and how; nil if the steps tell.
    mutating func end(at elapsed: Duration, as ending: Ending? = nil) {
        self.elapsed = elapsed
        self.ending = ending ?? (stepCount >= totalSteps ? .done : .stopped)
    }

    /// The time left in the run; nil before the first step of this session.
    var timeLeft: Duration? { pace.timeLeft(for: max(0, totalSteps - stepCount), at: elapsed) }
}

/// The speed of a run since the program started.
struct TrainingPace {
    /// What happens between steps and takes time.
    enum Pause: Hashable {
        case validation
        case hellaSwag
        case sample
        case checkpoint
    }

    private struct PauseCost {
        var step: Int
        var secondsPerStep: Double
    }

    private var steps: [(seconds: Double, tokensPerSecond: Double)] = []
    private var pauses: [Pause: PauseCost] = [:]
    private var lastEvent = Duration.zero
    /// The step after which the program started; earlier ones say nothing about this machine.
    var firstStep = 0

    /// Steps whose median is the speed, so that one during which the machine slept does not count.
    private static let window = 32

    /// Notes a step that ended at `now`.
    mutating func add(_ step: TrainingStep, at now: Duration) {
        if steps.count == Self.window { steps.removeFirst() }
        steps.append((step.duration / .seconds(1), step.tokensPerSecond))
        lastEvent = now
    }

    /// Notes something after `step` that began with the last event and ended at `now`.
    mutating func add(_ pause: Pause, step: Int, at now: Duration) {
        let stepCount = step - (pauses[pause]?.step ?? firstStep)
        let seconds = (now - lastEvent) / .seconds(1)
        // A pause before the very first step occurs only once.
        let cost = stepCount > 0 ? seconds / Double(stepCount) : 0
        pauses[pause] = PauseCost(step: step, secondsPerStep: cost)
        lastEvent = now
    }

    /// The median duration of the recent steps.
    var secondsPerStep: Double? { Self.median(steps.map(\.seconds)) }

    /// The median speed of the recent steps.
    var tokensPerSecond: Double? { Self.median(steps.map(\.tokensPerSecond)) }

    /// The time that the `stepCount` steps after the last one will take, as of `now`; nil before
    /// the first step.
    func timeLeft(for stepCount: Int, at now: Duration) -> Duration? {
        guard let secondsPerStep else { return nil }
        let pauseSeconds = pauses.values.reduce(0) { $0 + $1.secondsPerStep }
        let total = Duration.seconds(Double(stepCount) * (secondsPerStep + pauseSeconds))
        return max(.zero, total - (now - lastEvent))
    }

    private static func median(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.sorted()[values.count / 2]
    }
}
