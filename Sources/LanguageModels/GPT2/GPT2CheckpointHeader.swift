// The header of llm.c's model files, version 3 (float32) and 5 (bfloat16), and what it says of the
// rest of the file.

import FileIO
import TensorFiles
import Tensors

/// What the header of an llm.c model says.
public struct GPT2CheckpointHeader: Sendable, Equatable {
    /// The model's sizes.
    public let configuration: GPT2Configuration
    /// How the file stores every tensor.
    public let elementType: ElementType

    /// 3 or 5.
    public var version: Int {
        guard let known = Self.versions.first(where: { $0.elementType == elementType }) else {
            preconditionFailure("llm.c has no models of \(elementType)")
        }
        return Int(known.version)
    }

    package static let magic: Int32 = 20_240_326
    private static let format = "an llm.c model"
    private static let versions: [(version: Int32, elementType: ElementType)] = [
        (3, .float32), (5, .bfloat16),
    ]

    /// What a file that is to be written says.
    /// - Precondition: llm.c has models of the type.
    init(configuration: GPT2Configuration, elementType: ElementType) {
        precondition(
            Self.versions.contains { $0.elementType == elementType },
            "llm.c has no models of \(elementType)"
        )
        self.configuration = configuration
        self.elementType = elementType
    }

    /// Reads and checks a header, and that the file has exactly the bytes it asks for.
    /// - Throws: ``TensorFileError`` or ``ModelError`` saying what is wrong with the file.
    init(_ reader: inout BinaryReader) throws {
        let path = reader.file.path
        let header = try LLMCHeader(&reader, magic: Self.magic, format: Self.format)
        guard let known = Self.versions.first(where: { $0.version == header.version }) else {
            throw TensorFileError.unsupportedVersion(
                path: path,
                format: Self.format,
                supported: "version 3 (float32) or 5 (bfloat16)",
                found: header.version,
                hint: "export it again with llm.c's train_gpt2.py"
            )
        }
        elementType = known.elementType
        configuration = try ModelError.naming(path) {
            try GPT2Configuration(
                contextLength: Int(header[2]),
                vocabularySize: Int(header[3]),
                layerCount: Int(header[4]),
                headCount: Int(header[5]),
                channels: Int(header[6])
            )
        }
        guard Int(header[7]) == configuration.paddedVocabularySize else {
            throw TensorFileError.invalidHeader(
                path: path,
                field: "the padded vocabulary",
                requirement: "\(configuration.paddedVocabularySize)",
                found: Int(header[7])
            )
        }
        // The bounds of a configuration keep this product far below overflow.
        let expected =
            LLMCHeader.byteCount + configuration.parameterLayout.elementCount
            * elementType.byteWidth
        guard reader.file.count == expected else {
            throw TensorFileError.wrongSize(
                path: path,
                expected: expected,
                found: reader.file.count
            )
        }
    }

    /// Whether a file starts with llm.c's number for models.
    public static func mayBegin(_ file: MappedFile) -> Bool {
        file.withUnsafeBytes { bytes in
            bytes.count >= 4 && Int32(littleEndian: bytes.loadUnaligned(as: Int32.self)) == magic
        }
    }

    /// Reads only the header of the file at `path`.
    /// - Throws: ``FileIOError``, ``TensorFileError`` or ``ModelError``.
    public init(path: FilePath) throws {
        var reader = try BinaryReader(path: path)
        try self.init(&reader)
    }

    /// Appends the header to a file being written.
    func write(to file: AtomicFile) throws {
        var header = LLMCHeader(magic: Self.magic, version: Int32(version))
        header[2] = Int32(configuration.contextLength)
        header[3] = Int32(configuration.vocabularySize)
        header[4] = Int32(configuration.layerCount)
        header[5] = Int32(configuration.headCount)
        header[6] = Int32(configuration.channels)
        header[7] = Int32(configuration.paddedVocabularySize)
        try header.write(to: file)
    }
}
