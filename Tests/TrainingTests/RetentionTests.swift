// How many checkpoints a run is expected to keep at once.

import Testing

@testable import Training

@Suite struct RetentionTests {
    /// The most checkpoints at once when the newest is kept and multiples of `keepEvery`.
    private func count(interval: Int, steps: Int, keepEvery: Int) -> Int {
        let schedule = LearningRateSchedule(peak: 1, totalSteps: steps)
        var settings = TrainingSettings(sequenceLength: 1, schedule: schedule)
        (settings.keepLast, settings.keepEvery) = (1, keepEvery)
        return Retention(settings).largestCount(
            interval: interval,
            totalSteps: steps,
            validates: false
        )
    }

    @Test func onlyStepsWithACheckpointCountAsKeptForEver() {
        // The newest and the one being written, and the multiples of both 10 and 4: 20, 40 ... 100.
        #expect(count(interval: 10, steps: 100, keepEvery: 4) == 2 + 5)
        #expect(count(interval: 10, steps: 100, keepEvery: 20) == 2 + 5)
        #expect(count(interval: 10, steps: 100, keepEvery: 0) == 2)
        // The last step has a checkpoint, too.
        #expect(count(interval: 10, steps: 104, keepEvery: 4) == 2 + 5 + 1)
        #expect(count(interval: 3, steps: 10, keepEvery: .max) == 2)
        #expect(count(interval: 10, steps: 100, keepEvery: 1) == 10)
    }
}
