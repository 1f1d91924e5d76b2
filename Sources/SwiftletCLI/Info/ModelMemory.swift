// What `info` says about a model's parameters: what they are for, and how much memory training
// would take. The numbers are the trainer's own.

import ArgumentParser
import Swiftlet

/// How a model would be trained, for the memory estimate of `info`.
struct TrainingShapeOptions: ParsableArguments {
    @Option(
        help: """
            For the memory estimate: sequences per micro-batch \
            (default: \(TrainingSettings.default(\.batchSize))).
            """,
        in: TrainingSettings.setting(\.batchSize).bounds
    )
    var batchSize: Int?

    @Option(
        help: """
            For the memory estimate: tokens per sequence (default: 1024, or the model's context if \
            shorter).
            """,
        in: TrainingSettings.setting(\.sequenceLength).bounds
    )
    var sequenceLength: Int?

    @Option(
        help: ArgumentHelp(
            """
            For the memory estimate: what the backward pass recomputes \
            (default: \(TrainingSettings.default(\.recomputation))).
            """,
            valueName: Recomputation.allCases.map(\.rawValue).joined(separator: "|")
        )
    )
    var recompute: Recomputation?

    @Option(
        help: ArgumentHelp(
            """
            For the memory estimate: the precision of matrices and activations \
            (default: \(TrainingSettings.default(\.precision))).
            """,
            valueName: TrainingPrecision.allValueStrings.joined(separator: "|")
        )
    )
    var precision: TrainingPrecision?

    /// Whether any was given.
    var isGiven: Bool {
        batchSize != nil || sequenceLength != nil || recompute != nil || precision != nil
    }
}

/// The parameters of one part of a model.
struct ParameterShare: Encodable {
    let part: String
    let parameters: Int
    /// The share of all parameters, from 0 to 1.
    let share: Double

    /// The parts of a model.
    static func all(of configuration: some ModelConfiguration) -> [ParameterShare] {
        let total = configuration.parameterCount
        return ModelWeight.Part.allCases.compactMap { part in
            let count = configuration.parameterCount(of: part)
            guard count > 0 else { return nil }
            return ParameterShare(
                part: part.rawValue,
                parameters: count,
                share: Double(count) / Double(total)
            )
        }
    }
}

/// What training a model would take, in bytes.
struct TrainingMemory: Encodable {
    let batchSize: Int
    let sequenceLength: Int
    let precision: ElementType
    let recompute: Recomputation
    let weightsBytes: Int
    /// The matrices rounded for the passes, at bfloat16.
    let roundedWeightsBytes: Int
    let gradientsBytes: Int
    let momentsBytes: Int
    let activationsBytes: Int
    let totalBytes: Int

    /// Asks the trainer.
    /// - Throws: ``ModelError`` for sequences longer than the model's context.
    init(_ configuration: any ModelConfiguration, _ options: TrainingShapeOptions) throws {
        batchSize = options.batchSize ?? TrainingSettings.default(\.batchSize)
        sequenceLength =
            options.sequenceLength
            ?? min(GPT2Configuration.gpt2ContextLength, configuration.contextLength)
        precision = options.precision?.elementType ?? TrainingSettings.default(\.precision)
        recompute = options.recompute ?? TrainingSettings.default(\.recomputation)
        try TrainingWorkspace.checkShape(
            configuration.contextLength,
            batchSize: batchSize,
            sequenceLength: sequenceLength
        )
        let memory = try Trainer.memory(
            configuration,
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            recomputation: recompute,
            precision: precision,
            threadCount: Machine.defaultThreadCount
        )
        weightsBytes = memory.parameters.weights
        roundedWeightsBytes = memory.parameters.roundedWeights
        gradientsBytes = memory.parameters.gradients
        momentsBytes = memory.parameters.moments
        activationsBytes = memory.activations
        totalBytes = memory.total
    }

    /// The same for people.
    var text: String {
        var table = Table(.left, .right)
        table.append("weights", weightsBytes.formattedAsBytes)
        if roundedWeightsBytes > 0 {
            table.append("rounded weights", roundedWeightsBytes.formattedAsBytes)
        }
        table.append("gradients", gradientsBytes.formattedAsBytes)
        table.append("moments", momentsBytes.formattedAsBytes)
        table.append("activations", activationsBytes.formattedAsBytes)
        table.append("total", totalBytes.formattedAsBytes)
        let sequences = counted(batchSize, "sequence", written: batchSize.grouped)
        let recomputed = recompute == .none ? "" : ", recomputing \(recompute.rawValue)"
        return "  memory for training, with \(sequences) of \(groupedTokens(sequenceLength)), "
            + "\(precision.rawValue)\(recomputed)\n\(table.text)"
    }
}
