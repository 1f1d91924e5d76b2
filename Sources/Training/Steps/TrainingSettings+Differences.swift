// What a resumed run would do differently from the run that its checkpoint comes from. Settings
// that do not touch the arithmetic of training (intervals, recomputation, what is kept) are not
// compared.

extension TrainingSettings {
    /// Says which settings that decide the arithmetic differ in `current`.
    /// - Returns: Phrases such as "the learning rate was 0.0003 and is now 0.001".
    func differences(from current: Self) -> [String] {
        let (then, now) = (self, current)
        var phrases: [String] = []
        func compare<Value: Equatable>(_ name: String, _ path: KeyPath<Self, Value>) {
            let (old, new) = (then[keyPath: path], now[keyPath: path])
            if old != new { phrases.append("\(name) was \(old) and is now \(new)") }
        }
        compare("the batch size", \.batchSize)
        compare("the sequence length", \.sequenceLength)
        compare("the precision", \.precision)
        compare("the number of tokens per step", \.totalBatchTokens)
        compare("the learning rate", \.schedule.peak)
        compare("the schedule", \.schedule.shape)
        compare("the number of warmup steps", \.schedule.warmupSteps)
        // A constant rate heads for no end, so such a run may be extended freely.
        if now.schedule.shape != .constant || then.schedule.shape != .constant {
            compare("the number of steps", \.schedule.totalSteps)
            compare("the final fraction of the learning rate", \.schedule.finalFraction)
        }
        compare("the optimizer", \.optimizerKind)
        compare("beta1", \.optimizer.beta1)
        compare("beta2", \.optimizer.beta2)
        compare("epsilon", \.optimizer.epsilon)
        compare("the weight decay", \.optimizer.weightDecay)
        compare("the gradient clip", \.optimizer.gradientClip)
        compare("dropout", \.dropout)
        compare("the z-score of losses that are skipped", \.skipLossZScore)
        compare("the z-score of gradient norms that are skipped", \.skipNormZScore)
        compare("overfitting a single batch", \.overfitsSingleBatch)
        compare("the seed", \.seed)
        return phrases
    }
}
