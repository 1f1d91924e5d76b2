import FileIO
import Tensors
import TestSupport
import Testing

@testable import LanguageModels
@testable import TensorFiles

@Suite struct Llama2CFileTests {
    /// Sizes that are all different, so that no two weights can be confused.
    private static func sizes(separate: Bool) throws -> Llama2Configuration {
        try Llama2Configuration(
            contextLength: 5,
            vocabularySize: 7,
            layerCount: 3,
            headCount: 4,
            keyValueHeadCount: 2,
            channels: 16,
            hiddenChannels: 12,
            hasSeparateClassifier: separate
        )
    }

    private static func words(_ values: [Int32]) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    /// A file with this header, padded with bytes that count up to the size the format requires.
    private static func file(
        _ version: Llama2CFile.Version,
        separate: Bool,
        groupSize: Int32 = 8
    ) throws -> [UInt8] {
        let sizes: [Int32] = [16, 12, 3, 4, 2, separate && version == .legacy ? -7 : 7, 5]
        var bytes = words(sizes)
        if version != .legacy {
            bytes = words([0x616B_3432, version.rawValue]) + bytes + [separate ? 0 : 1]
            if version == .int8 { bytes += words([groupSize]) }
            bytes += [UInt8](repeating: 0, count: 256 - bytes.count)
        }
        // Counted by hand: parameters without a separate classifier, norms among them, and RoPE.
        let (matrices, norms) = (7 * 16 + 3 * (2 * 256 + 2 * 128 + 3 * 192), 7 * 16)
        let stored = matrices + (separate ? 7 * 16 : 0)
        let count =
            switch version {
            case .legacy: 4 * (stored + norms) + 4 * 2 * 5 * 2
            case .float32: 4 * (stored + norms)
            case .int8: 4 * norms + stored + 4 * stored / Int(groupSize)
            }
        return bytes + (0..<count).map { UInt8($0 % 251) }
    }

    private func open(_ bytes: [UInt8]) throws -> Llama2CFile {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            let file = try AtomicFile(path)
            try file.write(bytes)
            try file.commit()
            return try Llama2CFile(path)
        }
    }

    private func error(opening bytes: [UInt8]) -> String {
        do {
            _ = try open(bytes)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: Llama2CFile.Version.allCases, [false, true])
    func everyVersionGivesTheSameSizes(version: Llama2CFile.Version, separate: Bool) throws {
        let file = try open(Self.file(version, separate: separate))
        try #expect(file.configuration == Self.sizes(separate: separate))
        #expect(file.version == version)
        #expect(file.groupSize == (version == .int8 ? 8 : nil))
        #expect(file.configuration.headSize == 4)
        #expect(file.configuration.keyValueChannels == 8)
    }

    @Test(arguments: Llama2CFile.Version.allCases, [false, true])
    func weightsCoverTheFileWithoutOverlap(version: Llama2CFile.Version, separate: Bool) throws {
        let bytes = try Self.file(version, separate: separate)
        let file = try open(bytes)
        var ranges: [Range<Int>] = []
        for weight in Llama2Weight.allCases where weight != .classifier || separate {
            for layer in 0..<(weight.isLayered ? 3 : 1) {
                let tensor = file.stored(weight, layer: layer)
                #expect(tensor.shape == weight.shape(in: file.configuration))
                ranges.append(tensor.byteRange)
                if let scales = file.scales(weight, layer: layer) {
                    #expect(scales.count * 8 == tensor.count)
                    #expect(scales.byteRange.lowerBound == tensor.byteRange.upperBound)
                    ranges.append(scales.byteRange)
                }
            }
        }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        let gaps = zip(ranges, ranges.dropFirst()).filter { $0.upperBound != $1.lowerBound }
        // Two tables of five positions and two pairs, before a separate classifier.
        let rotations = version == .legacy ? 2 * 4 * 5 * 2 : 0
        let gap = gaps.first.map { $1.lowerBound - $0.upperBound }
        #expect(gap == (rotations > 0 && separate ? rotations : nil))
        #expect(gaps.count <= 1)
        #expect(ranges.first?.lowerBound == (version == .legacy ? 28 : 256))
        let end = try #require(ranges.last).upperBound
        #expect(end == bytes.count - (separate ? 0 : rotations))
    }

    @Test func weightsComeInTheOrderOfTheirVersion() throws {
        let legacy = try open(Self.file(.legacy, separate: true))
        #expect(legacy.stored(.tokenEmbedding).byteRange.lowerBound == 28)
        #expect(legacy.stored(.attentionNorm, layer: 1).byteRange.lowerBound == 28 + 4 * (112 + 16))
        #expect(legacy.stored(.wq, layer: 2).byteRange.lowerBound == 28 + 4 * (112 + 48 + 512))
        let int8 = try open(Self.file(.int8, separate: true))
        #expect(int8.stored(.feedForwardNorm).byteRange.lowerBound == 256 + 4 * 48)
        #expect(int8.stored(.tokenEmbedding).byteRange == 704..<816)
        #expect(int8.scales(.tokenEmbedding)?.byteRange == 816..<872)
        // Each layer's scales follow its elements.
        #expect(int8.stored(.wq, layer: 1).byteRange.lowerBound == 872 + 256 + 4 * 32)
        #expect(int8.stored(.finalNorm).storedType == .float32)
        #expect(int8.stored(.wq).storedType == .int8)
    }

    @Test(arguments: Llama2CFile.Version.allCases)
    func everyOtherSizeIsAnError(version: Llama2CFile.Version) throws {
        let bytes = try Self.file(version, separate: false)
        for count in Array(0..<300) + [bytes.count - 1] {
            #expect(error(opening: Array(bytes[..<count])) != "no error", "\(count) bytes")
        }
        #expect(error(opening: bytes + [0]) != "no error")
        if version == .legacy {
            #expect(error(opening: bytes + [0]).contains("it is not a llama2.c checkpoint, or is"))
        }
    }

    @Test func headersThatMakeNoSenseAreRefused() throws {
        let bytes = try Self.file(.int8, separate: false)
        func changed(_ offset: Int, _ value: Int32) -> String {
            var bytes = bytes
            bytes.replaceSubrange(offset..<offset + 4, with: Self.words([value]))
            return error(opening: bytes)
        }
        #expect(changed(4, 3).contains("of version 3, but only versions 0, 1"))
        #expect(changed(4, 0).contains("of version 0, but only"))
        #expect(changed(8, 0).contains("the number of channels is 0"))
        #expect(changed(8, .max).contains("the number of channels is 2147483647"))
        #expect(changed(8, 20).contains("cannot be divided among 4 heads in pairs"))
        #expect(changed(24, 3).contains("cannot share 3 heads of keys"))
        #expect(changed(28, -7).contains("the vocabulary is -7"))
        #expect(changed(37, 0).contains("the group size is 0"))
        #expect(changed(37, -8).contains("the group size is -8"))
        #expect(changed(37, 5).contains("divides the elements of every matrix"))
        #expect(changed(16, 4).contains("asks for"))
        #expect(error(opening: Array("This is a text and no model at all.".utf8)).contains("no mo"))
        // llm.c's GPT-2 begins with sizes that no version 0 has.
        let gpt2 = Self.words(
            [20_240_326, 3, 64, 50, 2, 2, 16, 128] + [Int32](repeating: 0, count: 8)
        )
        #expect(error(opening: gpt2).contains("it is not a llama2.c checkpoint"))
    }

    @Test func publishedModelsHaveTheSizesOfTheirFiles() throws {
        func byteCount(_ C: Int, _ H: Int, _ L: Int, _ NH: Int, _ maxT: Int) throws -> Int {
            let configuration = try Llama2Configuration(
                contextLength: maxT,
                vocabularySize: 32_000,
                layerCount: L,
                headCount: NH,
                keyValueHeadCount: NH,
                channels: C,
                hiddenChannels: H,
                hasSeparateClassifier: false
            )
            return Llama2CLayout(.legacy, configuration, groupSize: nil).byteCount
        }
        try #expect(byteCount(288, 768, 6, 6, 256) == 60_816_028)
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func realModelIsOpened() throws {
        let file = try Llama2CFile(TestData.path("llama2/stories260K.bin"))
        let configuration = file.configuration
        #expect(file.version == .legacy)
        #expect(configuration.channels == 64)
        #expect(configuration.hiddenChannels == 172)
        #expect(configuration.layerCount == 5)
        #expect(configuration.headCount == 8)
        #expect(configuration.keyValueHeadCount == 4)
        #expect(configuration.vocabularySize == 512)
        #expect(configuration.contextLength == 512)
        // Trained norms are of the order of one; a wrong offset would be visible.
        let norm = try Tensor(zeros: [64])
        try file.stored(.finalNorm).read(into: norm)
        #expect(norm.floats().allSatisfy { (0.1...20).contains($0) })
    }
}
