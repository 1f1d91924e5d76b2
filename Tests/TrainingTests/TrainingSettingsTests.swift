import Testing
import Training

@Suite struct TrainingSettingsTests {
    private var valid: TrainingSettings {
        TrainingSettings(
            batchSize: 4,
            sequenceLength: 16,
            totalBatchTokens: 128,
            schedule: LearningRateSchedule(peak: 1e-3, warmupSteps: 2, totalSteps: 10)
        )
    }

    @Test func settingsThatAreNotGivenHaveTheDefaultsOfTheTable() throws {
        let settings = TrainingSettings(
            sequenceLength: 16,
            schedule: LearningRateSchedule(totalSteps: 1)
        )
        try settings.validate()
        #expect(settings.totalBatchTokens == 64)
        #expect(settings.accumulationSteps == 1)
        for setting in TrainingSettings.table {
            let ofTheRun = ["sequence-length", "total-batch-tokens", "steps"]
            let initial = setting.initialJSON
            #expect((initial == nil) == ofTheRun.contains(setting.name), "\(setting.name)")
            if let initial { #expect(setting.json(in: settings) == initial, "\(setting.name)") }
        }
    }

    @Test func totalBatchIsDividedIntoMicroBatches() throws {
        try valid.validate()
        #expect(valid.accumulationSteps == 2)
    }

    @Test func everyImpossibleSettingIsNamedWithWhatWasFound() throws {
        let changes: [(name: String, found: String, change: (inout TrainingSettings) -> Void)] = [
            ("the batch size", "0", { $0.batchSize = 0 }),
            ("the batch size", "-4", { $0.batchSize = -4 }),
            ("the batch size", "\(Int.max)", { $0.batchSize = .max }),
            ("the sequence length", "0", { $0.sequenceLength = 0 }),
            ("the sequence length", "\(Int.max)", { $0.sequenceLength = .max }),
            ("the number of tokens per step", "0", { $0.totalBatchTokens = 0 }),
            ("the number of tokens per step", "-64", { $0.totalBatchTokens = -64 }),
            ("the number of tokens per step", "96", { $0.totalBatchTokens = 96 }),
            ("the number of steps", "-1", { $0.schedule.totalSteps = -1 }),
            ("the number of steps", "2147483648", { $0.schedule.totalSteps = 1 << 31 }),
            ("the learning rate", "0.0", { $0.schedule.peak = 0 }),
            ("the learning rate", "nan", { $0.schedule.peak = .nan }),
            ("the learning rate", "inf", { $0.schedule.peak = .infinity }),
            ("the number of warmup steps", "-1", { $0.schedule.warmupSteps = -1 }),
            (
                "the final fraction of the learning rate", "1.5",
                { $0.schedule.finalFraction = 1.5 }
            ),
            (
                "the final fraction of the learning rate", "nan",
                { $0.schedule.finalFraction = .nan }
            ),
            ("beta1", "1.0", { $0.optimizer.beta1 = 1 }),
            ("beta2", "-0.5", { $0.optimizer.beta2 = -0.5 }),
            ("beta2", "nan", { $0.optimizer.beta2 = .nan }),
            ("epsilon", "0.0", { $0.optimizer.epsilon = 0 }),
            ("epsilon", "inf", { $0.optimizer.epsilon = .infinity }),
            ("the weight decay", "-0.1", { $0.optimizer.weightDecay = -0.1 }),
            ("dropout", "-0.1", { $0.dropout = -0.1 }),
            ("dropout", "1.0", { $0.dropout = 1 }),
            ("dropout", "nan", { $0.dropout = .nan }),
            ("the gradient clip", "-1.0", { $0.optimizer.gradientClip = -1 }),
            ("the gradient clip", "nan", { $0.optimizer.gradientClip = .nan }),
            ("the validation interval", "-1", { $0.validationInterval = -1 }),
            ("the number of validation batches", "-1", { $0.validationBatches = -1 }),
            ("the checkpoint interval", "-1", { $0.checkpointInterval = -1 }),
            ("the sample interval", "-1", { $0.sampleInterval = -1 }),
            ("the HellaSwag interval", "-1", { $0.hellaSwagInterval = -1 }),
            ("the number of newest checkpoints kept", "0", { $0.keepLast = 0 }),
            ("the interval of the checkpoints that are kept forever", "-1", { $0.keepEvery = -1 }),
            ("the z-score of losses that are skipped", "-1.0", { $0.skipLossZScore = -1 }),
            ("the z-score of gradient norms that are skipped", "nan", { $0.skipNormZScore = .nan }),
        ]
        for (name, found, change) in changes {
            var settings = valid
            change(&settings)
            let error = #expect(throws: TrainingError.self) { try settings.validate() }
            guard case .invalidSetting(name, let requirement, found) = error else {
                Issue.record("\(name) \(found): \(String(describing: error))")
                continue
            }
            #expect(error?.description == "\(name) must be \(requirement), got \(found)")
        }
    }
}
