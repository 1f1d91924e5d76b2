// Training with Muon: what it updates, and with how much memory.

import LanguageModels
import Tensors
import TestSupport
import Testing
import Training

@Suite(.serialized) struct MuonTests {
    private let small = SmallRun(steps: 60, tokenCount: 17)

    private var settings: TrainingSettings {
        var settings = small.settings
        settings.optimizerKind = .muon
        return settings
    }

    @Test func lossFallsWhileTheSameTokensAreLearned() throws {
        try withTemporaryDirectory { directory in
            let trainer = try small.trainer(in: directory, settings: settings)
            let losses = try (0..<small.steps).map { _ in try trainer.step().loss }
            #expect(losses[59] < losses[0] - 1)
        }
    }

    @Test func onlyMatricesOfBlocksHaveNoSecondMoment() throws {
        try withTemporaryDirectory { directory in
            let trainer = try small.trainer(in: directory, settings: settings)
            _ = try trainer.step()
            let v = trainer.optimizer.v
            let unused = zip(v.layout.specifications, v.tensors)
                .filter { $1.floats().allSatisfy { $0 == 0 } }.map(\.0.name)
            #expect(Set(unused) == ["qkvw", "attprojw", "fcw", "fcprojw"])
            for tensor in trainer.optimizer.m.tensors {
                #expect(tensor.floats().contains { $0 != 0 })
            }
        }
    }

    @Test func queriesKeysAndValuesMoveByThemselves() throws {
        try withTemporaryDirectory { directory in
            var settings = settings
            settings.optimizer.weightDecay = 0
            let trainer = try small.trainer(in: directory, settings: settings)
            let before = trainer.model.parameters["qkvw"].floats()
            let rate = try trainer.step().learningRate
            let changes = zip(trainer.model.parameters["qkvw"].floats(), before).map { $0 - $1 }
            // Each square matrix moves by nearly orthogonal rows, whose length says so.
            let C = small.channels
            let unit = rate * 0.2 * Float(C).squareRoot()
            for part in 0..<3 {
                let squares = changes[part * C * C..<(part + 1) * C * C].map { $0 * $0 }
                let length = squares.reduce(0, +).squareRoot() / (unit * Float(C).squareRoot())
                #expect((0.5...1.3).contains(length), "part \(part) moved by \(length)")
            }
        }
    }

    @Test(arguments: [ElementType.float32, .bfloat16])
    func numberOfThreadsChangesNoBitOfAnUpdate(precision: ElementType) throws {
        try withTemporaryDirectory { directory in
            let found = try [1, 2, 3].map { threads in
                var small = small
                small.threads = threads
                var settings = settings
                settings.precision = precision
                let trainer = try small.trainer(in: directory, settings: settings)
                let gradients = try trainer.model.makeParameterSet()
                gradients.flat.withUnsafeMutableElements(as: Float.self) { elements in
                    for i in elements.indices { elements[i] = Float((i * 7919) % 31) - 15 }
                }
                trainer.optimizer.update(
                    gradients: gradients,
                    norm: trainer.optimizer.norm(of: gradients),
                    learningRate: 0.01,
                    step: 1,
                    settings: settings.optimizer
                )
                return trainer.model.parameters.flat.floats().map(\.bitPattern)
            }
            #expect(found[0] == found[1] && found[1] == found[2])
        }
    }

    @Test func announcedMemoryCountsTheProductsOfEachThread() throws {
        let configuration = try GPT2Configuration(
            contextLength: 8,
            vocabularySize: 16,
            layerCount: 1,
            headCount: 2,
            channels: 8
        )
        // Two of 32 x 8, and two of 8 x 8, for each thread.
        let cases = [(OptimizerKind.adamw, 3, 0), (.muon, 1, 640), (.muon, 3, 1920)]
        for (kind, threads, floats) in cases {
            let memory = try Trainer.memory(
                configuration,
                batchSize: 2,
                sequenceLength: 8,
                recomputation: .none,
                optimizer: kind,
                threadCount: threads
            )
            #expect(memory.products == 4 * floats)
            #expect(memory.total - memory.activations - memory.parameters.total == 4 * floats)
        }
    }
}
