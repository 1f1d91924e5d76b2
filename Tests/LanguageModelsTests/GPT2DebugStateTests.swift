import FileIO
import LanguageModels
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct GPT2DebugStateTests {
    private static let magic: Int32 = 20_240_327

    /// Bytes after the header for B2 T3 with ``smallConfiguration()``.
    private func bodyCount() throws -> Int {
        4 * (6 + 6 + 6 * 10 + 1 + (try smallConfiguration().parameterLayout.elementCount))
    }

    private func read(_ path: FilePath) throws -> GPT2DebugState {
        try GPT2DebugState(
            path: path,
            configuration: smallConfiguration(),
            ops: Ops(threadCount: 1)
        )
    }

    @Test func stateIsReadInLlmCsOrder() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("state.bin")
            let gradients = try smallModel().parameters.flat
            let file = try AtomicFile(path)
            try file.write(
                integers: [Self.magic, 2, 2, 3] + [Int32](repeating: 0, count: 252)
            )
            try file.write(integers: [Int32](1...6) + [Int32](2...7))
            try file.write(Tensor((0..<60).map { Float($0) }, shape: [60]), as: .float32)
            try file.write(Tensor([3.5], shape: [1]), as: .float32)
            try file.write(gradients, as: .float32)
            try file.commit()

            let state = try read(path)
            #expect(state.batchSize == 2)
            #expect(state.sequenceLength == 3)
            #expect(state.inputs == [1, 2, 3, 4, 5, 6])
            #expect(state.targets == [2, 3, 4, 5, 6, 7])
            #expect(state.logits.shape == [6, 10])
            #expect(state.logits.floats() == (0..<60).map { Float($0) })
            #expect(state.loss == 3.5)
            #expect(state.gradients.flat.floats() == gradients.floats())
        }
    }

    @Test func wrongHeadersAreErrors() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("state.bin")
            let count = try bodyCount()
            func error(_ fields: [Int32]) throws -> TensorFileError? {
                try writeFile(path, fields: fields, bodyCount: count)
                return #expect(throws: TensorFileError.self) { try read(path) }
            }
            guard
                case .wrongMagic(path, _, Self.magic, 20_240_326) =
                    try error([20_240_326, 2, 2, 3])
            else {
                Issue.record("the magic number of a model was accepted")
                return
            }
            for version in [-1, 0, 1, 3] as [Int32] {
                guard
                    case .unsupportedVersion(path, _, _, version, _) =
                        try error([Self.magic, version, 2, 3])
                else {
                    Issue.record("version \(version) was accepted")
                    return
                }
            }
            for (B, T, field, found) in [(0, 3, "B", 0), (-2, 3, "B", -2), (2, .min, "T", .min)]
                as [(Int32, Int32, String, Int32)]
            {
                #expect(
                    try error([Self.magic, 2, B, T])
                        == .invalidHeader(
                            path: path,
                            field: field,
                            requirement: "at least 1",
                            found: Int(found)
                        )
                )
            }
        }
    }

    @Test func sizesThatTheFileDoesNotHaveAreErrorsHoweverLarge() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("state.bin")
            let count = try bodyCount()
            for (B, T) in [(3, 2), (2, 4), (1, 1), (1 << 20, 1 << 20), (.max, 1), (.max, .max)]
                as [(Int32, Int32)] where (B, T) != (3, 2)
            {
                try writeFile(path, fields: [Self.magic, 2, B, T], bodyCount: count)
                let error = #expect(throws: TensorFileError.self) { try read(path) }
                guard case .wrongSize(path, let expected, 1024 + count) = error else {
                    Issue.record("\(B) \(T): \(String(describing: error))")
                    continue
                }
                #expect(expected != 1024 + count)
            }
            // The largest vocabulary makes even the product overflow.
            let large = try GPT2Configuration(
                vocabularySize: 1 << 24,
                layerCount: 1,
                headCount: 1,
                channels: 1
            )
            try writeFile(path, fields: [Self.magic, 2, .max, .max])
            #expect(
                throws: TensorFileError.wrongSize(path: path, expected: .max, found: 1024)
            ) { try GPT2DebugState(path: path, configuration: large, ops: Ops(threadCount: 1)) }
        }
    }

    @Test func missingAndTrailingBytesAreErrors() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("state.bin")
            let count = try bodyCount()
            for wrong in [0, count - 4, count - 1, count + 1] {
                try writeFile(path, fields: [Self.magic, 2, 2, 3], bodyCount: wrong)
                #expect(
                    throws: TensorFileError.wrongSize(
                        path: path,
                        expected: 1024 + count,
                        found: 1024 + wrong
                    )
                ) { try read(path) }
            }
            try writeFile(path, bytes: [])
            #expect(throws: FileIOError.self) { try read(path) }
            #expect(throws: FileIOError.isDirectory(path: directory)) { try read(directory) }
        }
    }
}
