// Runs at bfloat16: what their checkpoints hold, that they go on exactly, and that runs of one
// precision go on in the other when that was asked for.

import FileIO
import Foundation
import LanguageModels
import TensorFiles
import Tensors
import TestSupport
import Testing
import TokenData
import Training

@Suite(.serialized) struct BFloat16RunTests {
    private let small = SmallRun(steps: 8, shardTokenCounts: [49, 17, 70], shuffled: true)

    private func start(
        _ precision: ElementType,
        in directory: FilePath,
        _ name: String,
        allowsChanges: Bool = false
    ) throws -> TrainingRun {
        var settings = small.settings
        settings.checkpointInterval = 100
        settings.precision = precision
        return try TrainingRun(
            small.trainer(in: directory, settings: settings),
            validation: nil,
            directory: RunDirectory(directory.appending(name)),
            allowsChanges: allowsChanges
        )
    }

    /// Trains a run until `step`.
    private func run(_ run: TrainingRun, until step: Int) throws {
        try run.run(until: { run.trainer.stepCount == step }) { _ in }
    }

    @Test func stoppedAndResumedRunIsTheUndisturbedOne() throws {
        try withTemporaryDirectory { directory in
            let whole = try start(.bfloat16, in: directory, "whole")
            try run(whole, until: 8)
            for stop in [1, 5, 8] {
                try run(start(.bfloat16, in: directory, "stopped\(stop)"), until: stop)
                let second = try start(.bfloat16, in: directory, "stopped\(stop)")
                #expect(second.resumedStep == stop)
                try run(second, until: 8)
                #expect(TrainerState(second.trainer) == TrainerState(whole.trainer))
            }
        }
    }

    @Test func lossesDifferFromThoseOfFloat32ByRoundingOnly() throws {
        try withTemporaryDirectory { directory in
            let runs = try [ElementType.float32, .bfloat16].map { precision in
                let run = try start(precision, in: directory, precision.rawValue)
                return try (0..<8).map { _ in try run.trainer.step().loss }
            }
            for (exact, rounded) in zip(runs[0], runs[1]) {
                #expect(abs(exact - rounded) <= 2e-2)
            }
            #expect(runs[0] != runs[1])
        }
    }

    @Test func modelIsVersion5AndTheStateHoldsTheMasterWeights() throws {
        try withTemporaryDirectory { directory in
            let finished = try start(.bfloat16, in: directory, "run")
            try run(finished, until: 8)
            let paths = RunDirectory(directory.appending("run"))
            let header = try GPT2CheckpointHeader(path: paths.modelPath(step: 8))
            #expect(header.elementType == .bfloat16)

            let parameters = finished.trainer.model.parameters.set.flat.floats()
            let stored = try GPT2(
                llmcCheckpoint: paths.modelPath(step: 8),
                ops: Ops(threadCount: 1)
            ).parameters.set.flat.floats()
            #expect(stored == parameters.map { Float(bfloat16Bits: $0.bfloat16Bits) })
            #expect(stored != parameters)

            // llm.c reads them after the two moments, if the fifth number says that they are there.
            let state = try MappedFile(paths.statePath(step: 8)).contents()
            #expect(state[4 * 4] == 1)
            let master = state.withUnsafeBytes { bytes in
                parameters.indices.map {
                    bytes.loadUnaligned(
                        fromByteOffset: 1024 + 4 * (2 * parameters.count + $0),
                        as: Float.self
                    )
                }
            }
            #expect(master == parameters)
        }
    }

    @Test(arguments: [(ElementType.float32, ElementType.bfloat16), (.bfloat16, .float32)])
    func anotherPrecisionIsRefusedUnlessItIsAskedFor(then: ElementType, now: ElementType) throws {
        try withTemporaryDirectory { directory in
            let first = try start(then, in: directory, "run")
            try run(first, until: 4)
            let error = #expect(throws: TrainingError.self) {
                try start(now, in: directory, "run")
            }
            #expect(
                error?.description.contains("the precision was \(then) and is now \(now)") == true
            )
            let second = try start(now, in: directory, "run", allowsChanges: true)
            // Nothing is lost on the way: the state has what the model's file has not.
            #expect(TrainerState(second.trainer) == TrainerState(first.trainer))
            #expect(second.trainer.model.precision == now)
            try run(second, until: 8)
            #expect(second.trainer.stepCount == 8)
        }
    }

    @Test func checkpointsOfEitherPrecisionStartRunsOfTheOther() throws {
        try withTemporaryDirectory { directory in
            for (then, now) in [(ElementType.float32, ElementType.bfloat16), (.bfloat16, .float32)]
            {
                let first = try start(then, in: directory, "\(then)")
                try run(first, until: 8)
                let ops = try Ops(threadCount: 1)
                let path = RunDirectory(directory.appending("\(then)")).modelPath(step: 8)
                var settings = small.settings
                settings.precision = now
                let trainer = try Trainer(
                    model: GPT2(llmcCheckpoint: path, ops: ops),
                    settings: settings,
                    loader: small.loader(in: directory, seed: 3),
                    ops: ops
                )
                #expect(try trainer.step().loss.isFinite)
            }
        }
    }

    @Test func settingsWrittenBeforeThereWereOthersAreFloat32() throws {
        var settings = small.settings
        settings.precision = .float32
        #expect(try !json(settings).contains("recision"))
        settings.precision = .bfloat16
        #expect(try json(settings).contains("bfloat16"))
    }

    private func json(_ settings: TrainingSettings) throws -> String {
        String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
    }

    @Test func otherTypesAreRefused() throws {
        var settings = small.settings
        settings.precision = .q8_0
        #expect(throws: TrainingError.self) { try settings.validate() }
    }
}
