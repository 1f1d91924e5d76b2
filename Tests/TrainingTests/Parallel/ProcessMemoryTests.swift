import LanguageModels
import Testing
import Training

struct ProcessMemoryTests {
    private func memory(
        _ processCount: Int,
        _ parallel: DataParallel = DataParallel()
    ) throws -> Trainer.Memory {
        try Trainer.memory(
            GPT2Configuration(
                contextLength: 1024,
                vocabularySize: 50_257,
                layerCount: 12,
                headCount: 12,
                channels: 768
            ),
            batchSize: 1,
            sequenceLength: 64,
            recomputation: .none,
            threadCount: 1,
            processCount: processCount,
            parallel: parallel
        )
    }

    @Test func processesThatShareTheMomentsTakeTheirPartOfThem() throws {
        let alone = try memory(1)
        #expect(alone.exchange == 0)
        #expect(try memory(4).parameters == alone.parameters)
        let sharded = try memory(4, DataParallel(shardsOptimizer: true))
        #expect(sharded.parameters.moments == alone.parameters.moments / 4)
        #expect(sharded.total - sharded.exchange == alone.total - alone.parameters.moments * 3 / 4)
    }

    @Test func gradientsInFlightTakeLittle() throws {
        for type in [DataParallel().gradientType, .bfloat16] {
            let exchange = try memory(16, DataParallel(gradientType: type)).exchange
            #expect(1...(64 << 20) ~= exchange)
        }
    }
}
