// What to do when a run has ended, in any way: commands to copy, and flags to try.

import Swiftlet

/// What to do next, as lines for people.
struct TrainingAdvice {
    /// What a run left to continue with.
    struct Outcome {
        let directory: RunDirectory
        let settings: TrainingSettings
        /// The step of the newest checkpoint.
        let savedStep: Int?
        let best: BestCheckpoint?
    }

    let outcome: Outcome

    /// After the last step.
    var whenDone: [String] {
        let run = Self.word(outcome.directory.path)
        var lines: [String] = []
        if let savedStep = outcome.savedStep {
            let use = outcome.directory.hasChatTemplate ? "chat" : "sample"
            var command = "swiftlet \(use) --model \(run)"
            if let best = outcome.best, best.step < savedStep { command += " --checkpoint best" }
            if outcome.directory.savedTokenizer == nil { command += " --tokenizer FILE" }
            lines.append(command)
        }
        return lines + ["swiftlet report \(run)"]
    }

    /// After Ctrl-C and similar signals.
    var whenStopped: [String] {
        guard let savedStep = outcome.savedStep else {
            return ["nothing was saved: the same command starts over"]
        }
        return [
            "the same command resumes from step \(savedStep.grouped)",
            "swiftlet report \(Self.word(outcome.directory.path))",
        ]
    }

    /// After steps that gave no finite numbers.
    func whenDiverged(_ trend: LossTrend) -> [String] {
        let settings = outcome.settings
        let rate = settings.schedule.peak
        var flags = ["--learning-rate \(Self.rounded(rate / 3)) (it was \(rate))"]
        if settings.schedule.warmupSteps < settings.schedule.totalSteps / 50 {
            let steps = max(1, settings.schedule.totalSteps / 20)
            flags.append("--warmup-steps \(steps)")
        }
        let clip = settings.optimizer.gradientClip
        if clip == 0 || clip > 1 { flags.append("--grad-clip 1") }
        if settings.precision == .bfloat16 { flags.append("--precision float32") }
        var lines = flags.enumerated().map { $0 == 0 ? "try \($1)" : "or \($1)" }
        if let savedStep = outcome.savedStep {
            lines.append(
                "with --allow-changes the same command resumes from step \(savedStep.grouped), "
                    + "with --overwrite it starts over"
            )
        } else {
            lines.append("nothing was saved: the run starts over")
        }
        if let loss = trend.smoothed {
            let course =
                switch trend.direction {
                case .rising: "and rose, as it does when the learning rate is too high"
                case .falling: "and was still falling: it may have been a single batch"
                case .level, nil: "until then"
                }
            lines.insert("the loss was \(decimal(loss, 4)) \(course)", at: 0)
        }
        return lines
    }

    /// A rate with one digit, as people type them.
    private static func rounded(_ rate: Float) -> String {
        let text = scientific(Double(rate))
        guard let end = text.firstIndex(of: "e"), let digits = Double(text[..<end]),
            let exponent = Int(text[text.index(after: end)...])
        else { return "\(rate)" }
        return "\(Int(max(1, digits.rounded(.down))))e\(exponent)"
    }

    /// A path quoted as one word for a shell.
    private static func word(_ path: FilePath) -> String {
        let text = path.string
        let isPlain = text.utf8.allSatisfy { byte in
            byte >= 0x80 || "/._-+=:,@%".utf8.contains(byte)
                || Character(Unicode.Scalar(byte)).isLetter
                || Character(Unicode.Scalar(byte)).isNumber
        }
        if isPlain && !text.hasPrefix("-") { return text }
        return "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }
}
