// What trainers of several processes check before they train together.

import Collectives
import LanguageModels
import Tensors
import TokenData

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Trainer {
    /// Checks for settings that several processes cannot use.
    /// - Throws: ``TrainingError/invalidSetting(name:requirement:found:)``.
    static func check(
        _ settings: TrainingSettings,
        _ group: ProcessGroup,
        _ parallel: DataParallel
    ) throws {
        let batch = settings.batchSize * settings.sequenceLength * group.processCount
        guard settings.totalBatchTokens % batch == 0 else {
            throw TrainingError.invalidSetting(
                name: "the number of tokens of a step",
                requirement: "a multiple of batch size times sequence length times processes, "
                    + "\(batch)",
                found: "\(settings.totalBatchTokens)"
            )
        }
        guard !parallel.shardsOptimizer || settings.optimizerKind == .adamw else {
            throw TrainingError.invalidSetting(
                name: "the optimizer that processes share",
                requirement: "\(OptimizerKind.adamw.rawValue), because Muon needs whole matrices",
                found: settings.optimizerKind.rawValue
            )
        }
    }

    /// Checks that all processes train the same model in the same way from the same data.
    ///
    /// Other instructions give other bits, and weights that every process updates by itself would
    /// drift apart.
    /// - Throws: ``CollectiveError/unlike(fact:first:rank:other:)`` in all processes.
    package func requireAlike() throws {
        guard group.hasOthers else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        let settings = String(decoding: try encoder.encode(settings), as: UTF8.self)
        let squares = ops.sumOfSquares(model.parameters.flat)
        try group.requireAlike([
            "the instruction set": ops.instructionSet.rawValue,
            "the number of parameters": "\(model.parameters.layout.elementCount)",
            "the settings of training": settings,
            "how the work is shared": "stage \(parallel.shardsOptimizer ? 1 : 0) of ZeRO and "
                + "gradients in \(parallel.gradientType.rawValue)",
            "the training data": loader.summary,
            "the sum of the squares of the weights": "\(squares)",
            "the checksum of the weights below the adapter": frozenWeightsDigest ?? "none",
        ])
    }
}

extension BatchSource {
    /// The data in a few words, which are others for other data once these have been read.
    var summary: String {
        var digest = ContentDigest()
        var parts = source.shards.map { "\($0.tokenCount) \($0.checksum) \($0.digest ?? "")\n" }
            .joined()
        parts.withUTF8 { digest.update(UnsafeRawBufferPointer($0)) }
        return "\(tokenCount) tokens with the checksum \(digest.hexadecimal)"
    }
}
