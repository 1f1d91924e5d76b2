// How many checkpoints a run is expected to keep at once.

import Testing

@testable import Training

@Suite struct RetentionTests {
    /// The most checkpoints at once when the newest is kept and multiples of `keepEvery`.
    private func count(
        interval: Int,
        validationInterval: Int? = nil,
        steps: Int,
        keepEvery: Int
    ) -> Int {
        let schedule = LearningRateSchedule(peak: 1, totalSteps: steps)
        var settings = TrainingSettings(sequenceLength: 1, schedule: schedule)
        (settings.keepLast, settings.keepEvery) = (1, keepEvery)
        return Retention(settings).largestCount(
            interval: interval,
            validationInterval: validationInterval,
            totalSteps: steps
        )
    }

    @Test func validationsMayMakeCheckpointsOfTheirOwn() {
        // The newest, the best and the one being written.
        #expect(count(interval: 10, validationInterval: 3, steps: 100, keepEvery: 0) == 3)
        #expect(count(interval: 1000, validationInterval: 50, steps: 100, keepEvery: 0) == 2)
        #expect(count(interval: 1000, validationInterval: 1000, steps: 100, keepEvery: 0) == 1)
        // Multiples of 4: of 10, or of 6, and 60 is of both: 20, 40 ... 100 and 12, 24 ... 96.
        let kept = 5 + 8 - 1
        #expect(count(interval: 10, validationInterval: 6, steps: 100, keepEvery: 4) == 3 + kept)
    }

    @Test func onlyStepsWithACheckpointCountAsKeptForever() {
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
