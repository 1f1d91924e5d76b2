import LanguageModels
import Testing

@testable import Training

@Suite struct AdapterMemoryTests {
    /// Every step reads them, wherever they lie.
    @Test func frozenWeightsAreCountedAlongWithTheAdapter() throws {
        let configuration = try GPT2Configuration(
            contextLength: 8,
            vocabularySize: 11,
            layerCount: 2,
            headCount: 2,
            channels: 8
        )
        let shape = LowRankShape(configuration, parts: [.attention], rank: 2, alpha: 4)
        func memory(_ frozenWeights: Int) throws -> Trainer.Memory {
            try Trainer.memory(
                configuration,
                batchSize: 1,
                sequenceLength: 8,
                recomputation: .none,
                adapter: shape,
                frozenWeights: frozenWeights,
                threadCount: 1
            )
        }
        let (without, with) = (try memory(0), try memory(12_345))
        #expect(with.total == without.total + 12_345)
        // Gradients and moments are the adapter's alone.
        #expect(with.parameters.total == 4 * shape.parameterLayout.byteCount)
    }
}
