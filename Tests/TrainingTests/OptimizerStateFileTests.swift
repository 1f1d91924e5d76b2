// llm.c's state file: each byte where llm.c looks for it, and nothing trusted that is wrong.

import FileIO
import TensorFiles
import Tensors
import TestSupport
import Testing
import TokenData
import Training

@Suite(.serialized) struct OptimizerStateFileTests {
    private var small: SmallRun {
        SmallRun(steps: 3, shardTokenCounts: [49, 17, 70], shuffled: true)
    }

    /// A run of three steps with one checkpoint.
    private func finished(_ small: SmallRun, in directory: FilePath) throws -> TrainingRun {
        let run = try small.start(in: directory, checkpointInterval: 100)
        try run.run { _ in }
        return run
    }

    @Test func everyFieldIsWhereLlmCReadsIt() throws {
        try withTemporaryDirectory { directory in
            let trainer = try finished(small, in: directory).trainer
            let path = RunDirectory(directory.appending("run")).statePath(step: 3)
            let bytes = try MappedFile(path).contents()
            func int32(_ offset: Int) -> Int32 {
                bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Int32.self) }
            }
            func uint64(_ offset: Int) -> UInt64 {
                bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
            }
            func floats(_ offset: Int, _ count: Int) -> [UInt32] {
                (0..<count).map { UInt32(bitPattern: int32(offset + 4 * $0)) }
            }
            let state = trainer.loader.state
            let shuffle = try #require(state.shuffle)
            let header: [Int: Int32] = [0: 20_240_527, 1: 1, 2: 1, 3: 0, 4: 0, 5: 1, 10: 3]
            for (field, value) in header { #expect(int32(4 * field) == value, "int32 \(field)") }
            #expect(uint64(80) == 13_371_337)
            #expect(uint64(88) == 13_371_337)
            #expect(uint64(120) == UInt64(state.shardIndex))
            #expect(uint64(128) == UInt64(state.sampleIndex))
            #expect(state.sampleIndex > 0)
            let used = Set([0, 4, 8, 12, 16, 20, 40, 80, 84, 88, 92, 120, 124, 128, 132])
            for offset in stride(from: 0, to: 1024, by: 4) where !used.contains(offset) {
                #expect(int32(offset) == 0, "byte \(offset)")
            }

            let n = trainer.model.parameters.layout.elementCount
            let expected = TrainerState(trainer)
            #expect(floats(1024, n) == expected.m)
            #expect(floats(1024 + 4 * n, n) == expected.v)

            var offset = 1024 + 8 * n
            for order in [shuffle.shardOrder, shuffle.sampleOrder] {
                #expect(uint64(offset) == UInt64(order.count))
                offset += 8
                #expect(order.indices.map { int32(offset + 4 * $0) } == order)
                offset += 4 * order.count
            }
            #expect(bytes.count - offset == 2520)
            #expect(Array(bytes[offset...]) == shuffle.generator.encoded())
        }
    }

    @Test func unshuffledFileEndsWithTheMoments() throws {
        try withTemporaryDirectory { directory in
            let trainer = try finished(SmallRun(steps: 3), in: directory).trainer
            let path = RunDirectory(directory.appending("run")).statePath(step: 3)
            let n = trainer.model.parameters.layout.elementCount
            let bytes = try MappedFile(path).contents()
            #expect(bytes.count == 1024 + 8 * n)
            #expect(bytes[20] == 0)
        }
    }

    @Test func damagedFilesAreRefusedWithASentenceAndNothingIsLost() throws {
        try withTemporaryDirectory { directory in
            let parameters = try finished(small, in: directory).trainer.model.parameters
            let parameterCount = parameters.layout.elementCount
            let run = RunDirectory(directory.appending("run"))
            let path = run.statePath(step: 3)
            let good = try MappedFile(path).contents()
            func changed(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
                var copy = good
                copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
                return copy
            }
            let ones = [UInt8](repeating: 0xff, count: 8)
            let tail = good.count - 2520
            let orders = 1024 + 8 * parameterCount
            let cases: [(String, [UInt8])] = [
                ("an empty file", []),
                ("half a header", Array(good.prefix(500))),
                ("another magic", changed(0, [1, 2, 3, 4])),
                ("another version", changed(4, [2])),
                ("two processes", changed(8, [2])),
                ("another rank", changed(12, [1])),
                ("master weights", changed(16, [1])),
                ("shuffling 2", changed(20, [2])),
                ("no shuffling", changed(20, [0])),
                ("another step", changed(40, [4])),
                ("a step below zero", changed(40, [0xff, 0xff, 0xff, 0xff])),
                ("an endless shard", changed(120, ones)),
                ("a shard too far", changed(120, [3])),
                ("an endless sample", changed(128, ones)),
                ("a sample too far", changed(128, [200])),
                ("half the moments", Array(good.prefix(good.count / 2))),
                ("half a generator", Array(good.dropLast(1000))),
                ("a byte more", good + [0]),
                ("an endless order", changed(orders, ones)),
                ("no generator", changed(tail, [UInt8](repeating: 1, count: 2520))),
            ]
            for (name, bytes) in cases {
                try touch(path, bytes)
                do {
                    _ = try small.start(in: directory, checkpointInterval: 100)
                    Issue.record("\(name) was accepted")
                } catch {
                    let sentence = "\(error)"
                    #expect(
                        error is TensorFileError || error is FileIOError
                            || error is TokenDataError || error is TrainingError,
                        "\(name): \(sentence)"
                    )
                    #expect(
                        error is TokenDataError || sentence.contains(path.string),
                        "\(name): \(sentence)"
                    )
                }
                #expect(try run.checkpointSteps() == [3])
            }
            try touch(path, good)
            let resumed = try small.start(in: directory, checkpointInterval: 100)
            #expect(resumed.resumedStep == 3)
        }
    }
}
