// How a model that generates is kept in memory.

import ArgumentParser
import Swiftlet

/// The precision of weights.
enum WeightPrecision: String, ExpressibleByArgument, CaseIterable {
    case float32, bfloat16, q8_0, q4_0

    var weightFormat: WeightFormat {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .q8_0: .q8_0
        case .q4_0: .q4_0
        }
    }
}

extension CachePrecision: ExpressibleByArgument {}

/// `--precision` and `--cache-precision`.
struct PrecisionOptions: ParsableArguments {
    @Option(help: "How to store weights: fewer bits are faster and less exact.")
    var precision = WeightPrecision.float32

    @Option(help: "How to store the keys and values of the text so far.")
    var cachePrecision = CachePrecision.float32

    var weightFormat: WeightFormat { precision.weightFormat }
}
