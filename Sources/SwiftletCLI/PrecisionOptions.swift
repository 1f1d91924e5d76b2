// The names of number formats as arguments, and how a model that generates is kept in memory.

import ArgumentParser
import Swiftlet

/// Number formats to choose from; each is known by its short forms too, in letters of any case.
protocol NumberFormatArgument: ExpressibleByArgument, RawRepresentable<String>, CaseIterable {}

extension NumberFormatArgument {
    public init?(argument: String) {
        let name = argument.lowercased()
        let fullNames = [
            "f32": "float32", "fp32": "float32", "bf16": "bfloat16",
            "q8": "q8_0", "int8": "q8_0", "q4": "q4_0", "int4": "q4_0",
        ]
        self.init(rawValue: fullNames[name] ?? name)
    }
}

/// The precision of weights.
enum WeightPrecision: String, NumberFormatArgument {
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

extension CachePrecision: NumberFormatArgument {}

/// `--precision` and `--cache-precision`.
struct PrecisionOptions: ParsableArguments {
    @Option(help: "How to store weights: fewer bits are faster and less exact.")
    var precision = WeightPrecision.float32

    @Option(help: "How to store the keys and values of the text so far.")
    var cachePrecision = CachePrecision.float32

    var weightFormat: WeightFormat { precision.weightFormat }
}
