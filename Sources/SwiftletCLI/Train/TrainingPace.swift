// How long the rest of a run will take: steps as fast as the recent ones, and validation, samples
// and checkpoints as long and as often as the last ones.

import Swiftlet

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
    /// The step after which the program started; what was before says nothing about this machine.
    var firstStep = 0

    /// Steps whose median is the speed: one that the machine was busy or asleep in does not count.
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
        // What comes before the first step of all comes once.
        let cost = stepCount > 0 ? seconds / Double(stepCount) : 0
        pauses[pause] = PauseCost(step: step, secondsPerStep: cost)
        lastEvent = now
    }

    /// The median duration of the recent steps.
    var secondsPerStep: Double? { Self.median(steps.map(\.seconds)) }

    /// The median speed of the recent steps.
    var tokensPerSecond: Double? { Self.median(steps.map(\.tokensPerSecond)) }

    /// The time `stepCount` steps after the last one will take, seen at `now`; nil before the first
    /// step.
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
