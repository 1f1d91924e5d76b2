import LanguageModels
import Tensors
import Testing

@Suite(.serialized) struct GPT2InitializationTests {
    private static let layers = 3

    private func model(seed: UInt64) throws -> GPT2 {
        try smallModel(
            GPT2Configuration(
                contextLength: 128,
                vocabularySize: 300,
                layerCount: Self.layers,
                headCount: 2,
                channels: 64
            ),
            seed: seed
        )
    }

    private func deviation(_ values: ArraySlice<Float>) -> Double {
        let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
        let squares = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        return (squares / Double(values.count)).squareRoot()
    }

    @Test func weightsAreNormalWithGPT2sDeviations() throws {
        let set = try model(seed: 11).parameters
        let residual = 0.02 / Double(2 * Self.layers).squareRoot()
        for (name, expected) in [
            ("wte", 0.02), ("wpe", 0.02), ("qkvw", 0.02), ("fcw", 0.02),
            ("attprojw", residual), ("fcprojw", residual),
        ] {
            let elements = set[name].floats()
            let values = name == "wte" ? elements.prefix(300 * 64) : elements[...]
            let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
            // Six standard errors of the deviation and of the mean.
            let error = 6 / Double(values.count).squareRoot()
            #expect(abs(deviation(values) / expected - 1) < error, "\(name)")
            #expect(abs(mean) < error * expected, "\(name)")
        }
    }

    @Test func biasesAndPaddingAreZeroAndLayernormsOne() throws {
        let set = try model(seed: 11).parameters
        for name in ["ln1w", "ln2w", "lnfw"] {
            #expect(set[name].floats().allSatisfy { $0 == 1 }, "\(name)")
        }
        for name in ["ln1b", "qkvb", "attprojb", "ln2b", "fcb", "fcprojb", "lnfb"] {
            #expect(set[name].floats().allSatisfy { $0 == 0 }, "\(name)")
        }
        let wte = set["wte"].floats()
        #expect(wte.count == 384 * 64)
        #expect(wte[(300 * 64)...].allSatisfy { $0 == 0 })
        #expect(wte[..<(300 * 64)].allSatisfy { $0 != 0 })
    }

    @Test func seedDecidesEveryWeight() throws {
        func weights(seed: UInt64) throws -> [Float] {
            try model(seed: seed).parameters.flat.floats()
        }
        #expect(try weights(seed: 1) == weights(seed: 1))
        #expect(try weights(seed: 1) != weights(seed: 2))
    }
}
