// Runs at bfloat16: what their checkpoints hold, that they resume exactly, and that runs of one
// precision resume in the other when asked to.

import FileIO
import Foundation
import LanguageModels
import TensorFiles
import Tensors
import TestSupport
import Testing
import TokenData

@testable import Training

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

    @Test func stoppedAndResumedRunMatchesAnUndisturbedOne() throws {
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

            let parameters = finished.trainer.model.parameters.flat.floats()
            let stored = try GPT2(
                llmcCheckpoint: paths.modelPath(step: 8),
                ops: Ops(threadCount: 1)
            ).parameters.flat.floats()
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

    @Test func statesThatDoNotHoldTheWeightsOfTheirModelAreRefused() throws {
        try withTemporaryDirectory { directory in
            let finished = try start(.bfloat16, in: directory, "run")
            try run(finished, until: 8)
            let count = finished.trainer.model.parameters.layout.elementCount
            let path = RunDirectory(directory.appending("run")).statePath(step: 8)
            let good = try MappedFile(path).contents()
            let master = 1024 + 8 * count
            func changed(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
                var copy = good
                copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
                return copy
            }
            let last = master + 4 * (count - 1)
            let noNumber: [UInt8] = [0, 0, 0xc0, 0x7f]
            let cases: [(String, [UInt8])] = [
                ("says that it has none", changed(16, [0])),
                (
                    "has none, and says so",
                    Array(changed(16, [0])[..<master] + good[(master + 4 * count)...])
                ),
                ("has no number", changed(master, noNumber)),
                ("has another one at its end", changed(last + 2, [good[last + 2] ^ 1])),
                ("has those of the moments", changed(master, Array(good[1024..<1024 + 4 * count]))),
                ("ends before them", Array(good[..<master])),
                ("ends within them", Array(good[..<(master + 2 * count)])),
            ]
            for (name, bytes) in cases {
                try touch(path, bytes)
                let error = #expect(throws: (any Error).self, "a state that \(name)") {
                    try start(.bfloat16, in: directory, "run")
                }
                #expect(error is TrainingError || error is FileIOError, "\(name)")
                #expect(error.map { "\($0)".contains(path.string) } == true, "\(name)")
            }
            try touch(path, good)
            let resumed = try start(.bfloat16, in: directory, "run")
            #expect(TrainerState(resumed.trainer) == TrainerState(finished.trainer))
        }
    }

    @Test func statesWithWeightsBesideAFloat32ModelAreRefused() throws {
        try withTemporaryDirectory { directory in
            for precision in [ElementType.float32, .bfloat16] {
                try run(start(precision, in: directory, "\(precision)"), until: 8)
            }
            let paths = [ElementType.float32, .bfloat16]
                .map { RunDirectory(directory.appending("\($0)")).statePath(step: 8) }
            try touch(paths[0], MappedFile(paths[1]).contents())
            let error = #expect(throws: TrainingError.self) {
                try start(.float32, in: directory, "float32")
            }
            #expect(error?.description.contains("belong to different runs") == true)
        }
    }

    @Test func whatIsMeasuredIsTheRoundedModel() throws {
        try withTemporaryDirectory { directory in
            let found = try [ElementType.float32, .bfloat16].map { precision in
                let trainer = try start(precision, in: directory, "\(precision)").trainer
                let validation = try small.loader(in: directory, seed: 2)
                let evaluator = try Evaluator(trainer.model, batchSize: 2, sequenceLength: 8)
                let example = MultipleChoiceExample(
                    context: [3, 1, 4],
                    endings: [[1, 5], [9, 2, 6], [5], [3, 5]],
                    label: 0
                )
                return try [trainer.validationLoss(on: validation)].map(Double.init)
                    + evaluator.endingLosses([example])[0]
            }
            for (exact, rounded) in zip(found[0], found[1]) {
                #expect(abs(exact - rounded) <= 2e-2)
            }
            #expect(found[0][0] != found[1][0])
            #expect(found[0][1...] != found[1][1...])
        }
    }

    @Test func skippedUpdatesLeaveTheRoundedWeightsAsTheyWere() throws {
        try withTemporaryDirectory { directory in
            let trainer = try start(.bfloat16, in: directory, "run").trainer
            _ = try trainer.step()
            let weights = trainer.model.parameters
            func rounded() throws -> [UInt16] {
                try ["wte", "wpe", "qkvw", "attprojw", "fcw", "fcprojw"].flatMap { name in
                    try #require(trainer.model.roundedCopy(of: name)).withUnsafeElements(
                        as: UInt16.self
                    ) {
                        Array($0)
                    }
                }
            }
            let bias = weights["lnfb"].floats()
            let before = (weights["wte"].floats(), try rounded())
            weights["lnfb"].withUnsafeMutableElements(as: Float.self) {
                $0.update(repeating: .nan)
            }
            #expect(try trainer.step().skipReason != nil)
            #expect(weights["wte"].floats() == before.0)
            #expect(try rounded() == before.1)
            weights["lnfb"].withUnsafeMutableElements(as: Float.self) {
                _ = $0.update(fromContentsOf: bias)
            }
            #expect(try trainer.step().skipReason == nil)
            #expect(try rounded() != before.1)
        }
    }

    @Test(arguments: Recomputation.allCases)
    func theAnnouncedMemoryIsTheMemoryTaken(recomputation: Recomputation) throws {
        try withTemporaryDirectory { directory in
            var settings = small.settings
            settings.recomputation = recomputation
            let cases = [(ElementType.float32, 1), (.bfloat16, 1), (.float32, 2), (.bfloat16, 2)]
            let found = try cases.map { precision, threads in
                settings.precision = precision
                var small = small
                small.threads = threads
                let trainer = try small.trainer(in: directory, settings: settings)
                let model = trainer.model
                let memory = try Trainer.memory(
                    model.sizes,
                    batchSize: settings.batchSize,
                    sequenceLength: settings.sequenceLength,
                    recomputation: recomputation,
                    precision: precision,
                    threadCount: threads
                )
                #expect(memory.activations == trainer.activationByteCount)
                let layout = model.parameters.layout
                let rounded = layout.specifications
                    .compactMap { model.roundedCopy(of: $0.name)?.byteCount }
                    .reduce(0, +)
                // What begins at a line of a cache leaves gaps.
                let parameters = 4 * layout.byteCount + rounded
                #expect((parameters...parameters + 6 * 64).contains(memory.parameters.total))
                #expect((rounded > 0) == (precision == .bfloat16))
                return memory
            }
            #expect(found[1].activations < found[0].activations)
            // Two threads have gradients of their own.
            #expect(found[2].activations > found[0].activations)
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
                let model = try GPT2(llmcCheckpoint: path, ops: ops)
                let stored = first.trainer.model.parameters.flat.floats().map {
                    then == .float32 ? $0 : Float(bfloat16Bits: $0.bfloat16Bits)
                }
                #expect(model.parameters.flat.floats() == stored)
                let trainer = try Trainer(
                    model: model,
                    settings: settings,
                    loader: small.loader(in: directory, seed: 3)
                )
                #expect(try trainer.step().loss.isFinite)
            }
        }
    }

    @Test func settingsWithoutAPrecisionAreFloat32() throws {
        var settings = small.settings
        settings.precision = .bfloat16
        let rounded = try JSONEncoder().encode(settings)
        #expect(try JSONDecoder().decode(TrainingSettings.self, from: rounded) == settings)
        var object = try #require(
            try JSONSerialization.jsonObject(with: rounded) as? [String: Any]
        )
        #expect(object.removeValue(forKey: "precision") as? String == "bfloat16")
        let exact = try JSONSerialization.data(withJSONObject: object)
        settings.precision = .float32
        #expect(try JSONDecoder().decode(TrainingSettings.self, from: exact) == settings)
    }

    @Test func settingsThatTrainInBlockFormatsAreRefused() throws {
        var settings = small.settings
        settings.precision = .q8_0
        #expect(throws: TrainingError.self) { try settings.validate() }
    }
}
