// A GPT-2 whose weights, or whose keys and values, are stored in fewer bits: what it predicts, and
// where its weights are.

import FileIO
import Foundation
import Inference
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

@Suite(.serialized) struct StoredPrecisionTests {
    /// Channels whose rows are not a multiple of a block of 32, and channels whose rows are.
    static let widths = [24, 32, 40]

    private func logits(_ decoder: GPT2Decoder) throws -> [Float] {
        // A prompt of many rows, then single tokens: both ways of multiplying.
        let session = try decoder.makeSession()
        let tokens = randomTokens(48, vocabularySize: 61)
        var all = try session.logits(appending: Array(tokens[..<40]))
        for token in tokens[40...] { all += try session.logits(appending: [token]) }
        return all
    }

    /// The root mean square of differences, as a fraction of the expected values'.
    private func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
        func rms(_ values: some Sequence<Float>) -> Double {
            values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        }
        return rms(zip(found, expected).map { $0 - $1 }) / rms(expected)
    }

    /// At most four times what was seen: 0.0064, 0.0042, 0.018, 0.25 and 0.24.
    ///
    /// A random model loses more than a trained one, whose perplexity is in docs/benchmarks.md.
    private static let bounds: [(type: ElementType, bound: Double)] = [
        (.bfloat16, 0.025), (.float16, 0.016), (.q8_0, 0.06), (.q4_0, 0.6), (.q4_1, 0.5),
    ]

    @Test(arguments: widths)
    func logitsOfFewerBitsAreNearThoseOfFloat32(channels: Int) throws {
        let model = try livelyModel(contextLength: 64, channels: channels)
        let expected = try logits(GPT2Decoder(model))
        for (type, bound) in Self.bounds {
            let error = try relativeError(logits(GPT2Decoder(model, precision: type)), expected)
            print("C \(channels) \(type): relative error of logits \(error)")
            #expect(error > 0 && error <= bound, "\(type)")
        }
    }

    /// Replaces a model's matrices with the values of their stored forms.
    private func roundWeights(of model: GPT2, to type: ElementType) throws {
        for name in ["wte", "qkvw", "attprojw", "fcw", "fcprojw"] {
            let tensor = model.parameters[name]
            let stored = try model.ops.copy(tensor, as: type)
            tensor.copy(from: try model.ops.copy(stored, as: .float32))
        }
    }

    @Test(arguments: widths)
    func weightsAreUsedExactlyAsStored(channels: Int) throws {
        // The reference, which rounds nothing but weights.
        let ops = try Ops(instructionSet: .reference, threadCount: 1)
        for (type, _) in Self.bounds {
            let model = try livelyModel(contextLength: 64, channels: channels, ops: ops)
            let found = try logits(GPT2Decoder(model, precision: type))
            try roundWeights(of: model, to: type)
            #expect(try logits(GPT2Decoder(model)) == found, "\(type)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func everyInstructionSetPredictsWhatTheReferenceDoes(isa: InstructionSet) throws {
        for type in [ElementType.float32, .bfloat16, .float16, .q8_0, .q4_0, .q4_1] {
            let found = try [isa, .reference].map { isa in
                let ops = try Ops(instructionSet: isa, threadCount: 2)
                let model = try livelyModel(contextLength: 64, channels: 40, ops: ops)
                return try logits(GPT2Decoder(model, precision: type))
            }
            // docs/numerics.md says what is rounded besides sums: the input and integer weights to
            // bfloat16 if products of bfloat16 are used; otherwise the input to int16 before
            // integers. At most four times what was seen.
            let rounds = isa.products.roundsToBFloat16
            let bound =
                switch type {
                case .float32: 1.5e-6
                case .bfloat16, .float16: rounds ? 0.012 : 1.5e-6
                default: rounds ? 0.018 : 2e-4
                }
            let error = relativeError(found[0], found[1])
            print("\(isa) \(type): relative error of logits \(error)")
            #expect(error <= bound, "\(type)")
        }
    }

    @Test func keysAndValuesInBFloat16TakeHalfTheRoomAndPredictNearlyTheSame() throws {
        let model = try livelyModel(contextLength: 64)
        let decoders = try [ElementType.float32, .bfloat16].map {
            try GPT2Decoder(model, cachePrecision: $0)
        }
        let error = try relativeError(logits(decoders[1]), logits(decoders[0]))
        print("bfloat16 cache: relative error of logits \(error)")
        #expect(error > 0 && error <= 0.003)
        let bytes = try decoders.map {
            let session = try $0.makeSession()
            _ = try session.logits(appending: [1, 2, 3])
            return session.cacheByteCount
        }
        #expect(bytes[1] * 2 == bytes[0])
        #expect(bytes[1] > 0)
    }

    /// Calls `body` with a model file and with its values as floats.
    private func withCheckpoint(_ elementType: ElementType, _ body: (FilePath, GPT2) throws -> Void)
        throws
    {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            let ops = try Ops(threadCount: 1)
            try livelyModel(contextLength: 64, ops: ops)
                .writeLLMCCheckpoint(to: path, elementType: elementType)
            try body(path, try GPT2(llmcCheckpoint: path, ops: ops))
        }
    }

    @Test(
        arguments: [ElementType.float32, .bfloat16],
        [ElementType.float32, .bfloat16, .float16, .q8_0, .q4_0, .q4_1]
    )
    func aFileGivesTheWeightsOfTheModelInIt(elementType: ElementType, type: ElementType) throws {
        try withCheckpoint(elementType) { path, model in
            let decoder = try GPT2Decoder(
                llmcCheckpoint: path,
                precision: type,
                ops: model.ops
            )
            #expect(try logits(decoder) == logits(GPT2Decoder(model, precision: type)))
        }
    }

    @Test func weightsLostFromTheirFileAreAnError() throws {
        try withCheckpoint(.float32) { path, model in
            let decoder = try GPT2Decoder(llmcCheckpoint: path, ops: model.ops)
            let session = try decoder.makeSession()
            _ = try session.logits(appending: [1, 2])
            try FileHandle(forWritingTo: URL(fileURLWithPath: path.string)).truncate(atOffset: 1024)
            #expect(throws: FileIOError.shrunk(path: path)) {
                try session.logits(appending: [3])
            }
        }
    }

    @Test(arguments: [(ElementType.float32, ElementType.float32), (.bfloat16, .bfloat16)])
    func weightsInTheFormatOfTheirFileAreTheFilesOwnPages(
        elementType: ElementType,
        type: ElementType
    ) throws {
        try withCheckpoint(elementType) { path, model in
            let other = type == .float32 ? ElementType.bfloat16 : .q8_0
            let decoders = try [type, other].map {
                try GPT2Decoder(llmcCheckpoint: path, precision: $0, ops: model.ops)
            }
            func firstWeights() -> [[UInt8]] {
                decoders.map { decoder in
                    decoder.blocks.weights.wte.withUnsafeBytes { values, _ in Array(values[..<8]) }
                }
            }
            let before = firstWeights()
            // A mapping shows what is written to its file; a copy would not.
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path.string))
            try file.seek(toOffset: 1024)
            try file.write(contentsOf: before[0].map { ~$0 })
            try file.close()
            let after = firstWeights()
            #expect(after[0] == before[0].map { ~$0 })
            #expect(after[1] == before[1])
        }
    }

    @Test func bytesReadForATokenCoverAllMatrices() throws {
        let model = try livelyModel(contextLength: 64, channels: 40)
        let (C, L, V) = (40, 2, 61)
        // Rows of 40 are two blocks, rows of 160 five; a block has a float16 in addition to its 32
        // weights.
        let blocks = V * 2 + L * (8 * C * 2 + C * 5)
        let expected: [(ElementType, Int)] = [
            (.float32, 4 * (V * C + L * 12 * C * C)),
            (.bfloat16, 2 * (V * C + L * 12 * C * C)),
            (.float16, 2 * (V * C + L * 12 * C * C)),
            (.q8_0, (32 + 2) * blocks),
            (.q4_0, (16 + 2) * blocks),
            (.q4_1, (16 + 4) * blocks),
        ]
        for (type, bytes) in expected {
            #expect(try GPT2Decoder(model, precision: type).weightBytesPerToken == bytes)
        }
    }
}
