// What `info` shows about a run directory: how far the run is, and the model of one of its
// checkpoints.

import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The directory of a training run.
struct RunInfo: InfoReport {
    private let path: ReportedPath
    private let status: RunProgress
    /// When the run last wrote a measurement, in seconds since 1970.
    private let lastChange: Double?
    private let checkpoints: [Int]
    /// The name of the tokenizer's file.
    private let tokenizer: String?
    /// The adapter that is trained, if one is.
    private let adapter: AdapterInfo?
    /// The model, or the one that the adapter changes; nil before the first checkpoint, or if that
    /// model is gone.
    private let model: ModelInfo?

    private enum CodingKeys: String, CodingKey {
        case kind, run, checkpoints, hasTokenizer, status, step, steps, trainLoss, valLoss, valStep
        case bestStep, bestValLoss, lastChange, adapter
    }

    /// Looks at a run.
    /// - Parameters:
    ///   - directory: Where it is kept.
    ///   - choice: The checkpoint whose model is shown; nil for the newest, if any.
    ///   - training: How the model would be trained.
    /// - Throws: What reading the run and the model throws.
    init(
        _ directory: RunDirectory,
        _ choice: CheckpointSelection?,
        _ training: TrainingShapeOptions
    ) throws {
        path = ReportedPath(directory.path)
        status = try RunProgress(directory)
        lastChange = FileSystem.modificationTime(of: directory.metricsPath)
        checkpoints = try directory.checkpointSteps()
        tokenizer = directory.savedTokenizer?.lastComponent.map { "\($0)" }
        // A run is of interest before its first checkpoint too.
        if choice == nil && checkpoints.isEmpty {
            (adapter, model) = (nil, nil)
            return
        }
        let modelPath = try directory.modelPath(choice ?? .latest)
        guard LowRankAdapter.isOne(modelPath) else {
            adapter = nil
            model = try ModelInfo(ModelSource(directory.path, checkpoint: choice), training)
            return
        }
        let adapter = try LowRankAdapter(modelPath)
        let base: ModelSource?
        do { base = try ModelSource.base(of: adapter) } catch OpeningError.noBase { base = nil }
        self.adapter = AdapterInfo(adapter, isBaseThere: base != nil)
        model = try base.map { try ModelInfo($0, training) }
    }

    /// The keys of the model, together with those of the run.
    func encode(to encoder: any Encoder) throws {
        try model?.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("run", forKey: .kind)
        try container.encode(path, forKey: .run)
        try container.encode(checkpoints, forKey: .checkpoints)
        try container.encode(tokenizer != nil, forKey: .hasTokenizer)
        try container.encode(status.phase, forKey: .status)
        try container.encode(status.step, forKey: .step)
        try container.encode(status.plannedSteps, forKey: .steps)
        try container.encode(status.trainingLoss, forKey: .trainLoss)
        try container.encode(status.validation?.finiteLoss, forKey: .valLoss)
        try container.encode(status.validation?.step, forKey: .valStep)
        try container.encode(status.best?.finiteLoss, forKey: .bestValLoss)
        try container.encode(status.best?.step, forKey: .bestStep)
        try container.encode(lastChange, forKey: .lastChange)
        try container.encodeIfPresent(adapter, forKey: .adapter)
    }

    var text: String {
        var facts = Table(.left, .left)
        facts.append("format", "training run")
        facts.append("status", statusText)
        if let loss = status.trainingLoss {
            let window = min(status.step, RunProgress.lossWindow)
            facts.append(
                "loss",
                "\(decimal(Double(loss), 4)), mean of the last \(counted(window, "step"))"
            )
        }
        if let validation = status.validation {
            facts.append("validation", Self.text(validation))
        }
        if let best = status.best { facts.append("best", Self.text(best)) }
        if let lastChange { facts.append("last change", Self.dateText(lastChange)) }
        facts.append(
            "checkpoints",
            checkpoints.isEmpty ? "none yet" : checkpoints.map(String.init).joined(separator: ", ")
        )
        facts.append("tokenizer", tokenizer ?? "none")
        if let adapter { adapter.describe(in: &facts) }
        return "\(path)\n\(facts.text)" + (model.map { "\n\n\($0.text)" } ?? "")
    }

    private var statusText: String {
        let steps = status.plannedSteps.map { " of \($0.grouped)" } ?? ""
        let place = "\(status.step.grouped)\(steps)"
        let divergence = status.hasDiverged ? "; its newest loss is not a number" : ""
        switch status.phase {
        case .running: return "running, at step \(place)\(divergence)"
        case .stopped: return "stopped at step \(place)\(divergence)"
        case .finished: return "finished, \(counted(status.step, "step"))\(divergence)"
        }
    }
}

extension RunInfo {
    private static func text(_ validation: BestCheckpoint) -> String {
        "\(decimal(Double(validation.validationLoss), 4)) at step \(validation.step.grouped)"
    }

    /// A local time, and how long ago it was.
    private static func dateText(_ seconds: Double) -> String {
        let now = time(nil)
        var (then, parts) = (time_t(seconds), tm())
        guard localtime_r(&then, &parts) != nil else { return "\(Int(seconds))" }
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
        let date = String(
            decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        // A clock that was set back.
        return then > now ? date : "\(date), \(timeText(.seconds(now - then))) ago"
    }
}

extension BestCheckpoint {
    /// The loss; nil if it is not finite, which JSON cannot express.
    fileprivate var finiteLoss: Float? { validationLoss.isFinite ? validationLoss : nil }
}
