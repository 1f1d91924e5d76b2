// llm.c's model files, version 3 (float32) and 5 (bfloat16): a header, then the parameters in the
// order of the layout, and nothing else.

import FileIO
import TensorFiles
import Tensors

/// What the header of an llm.c model says.
public struct GPT2CheckpointHeader: Sendable, Equatable {
    /// The model's sizes.
    public let configuration: GPT2Configuration
    /// How the file stores every tensor.
    public let elementType: ElementType

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

    /// Reads only the header of the file at `path`.
    /// - Throws: ``FileIOError``, ``TensorFileError`` or ``ModelError``.
    public init(path: FilePath) throws {
        var reader = try BinaryReader(path: path)
        try self.init(&reader)
    }

    func write(to file: AtomicFile) throws {
        let version = Self.versions.first { $0.elementType == elementType }?.version
        guard let version else { preconditionFailure("llm.c has no models of \(elementType)") }
        var header = LLMCHeader(magic: Self.magic, version: version)
        header[2] = Int32(configuration.contextLength)
        header[3] = Int32(configuration.vocabularySize)
        header[4] = Int32(configuration.layerCount)
        header[5] = Int32(configuration.headCount)
        header[6] = Int32(configuration.channels)
        header[7] = Int32(configuration.paddedVocabularySize)
        try header.write(to: file)
    }
}

extension GPT2 {
    /// Reads an llm.c model file, of version 3 or 5; bfloat16 weights are widened to float32.
    /// - Throws: ``FileIOError``, ``TensorFileError``, ``ModelError`` or ``TensorError``.
    public convenience init(llmcCheckpoint path: FilePath, ops: Ops) throws {
        var reader = try BinaryReader(path: path)
        let header = try GPT2CheckpointHeader(&reader)
        try self.init(zeros: header.configuration, ops: ops)
        try readWeights(from: &reader, storedAs: header.elementType)
    }

    /// Replaces the weights by those of an llm.c model file of the same sizes, without a second
    /// copy of them in memory.
    /// - Throws: ``FileIOError``, ``TensorFileError``, or ``ModelError`` when the sizes differ; the
    ///   weights are then what they were.
    public func loadWeights(llmcCheckpoint path: FilePath) throws {
        var reader = try BinaryReader(path: path)
        let header = try GPT2CheckpointHeader(&reader)
        guard header.configuration == configuration else {
            throw ModelError.mismatch(
                path: path,
                expected: configuration.sizes,
                found: header.configuration.sizes,
                hint: "use the model that the file was written from"
            )
        }
        try readWeights(from: &reader, storedAs: header.elementType)
        parametersDidChange()
    }

    private func readWeights(
        from reader: inout BinaryReader,
        storedAs elementType: ElementType
    ) throws {
        guard let type = StoredType(elementType) else {
            preconditionFailure("llm.c has no models of \(elementType)")
        }
        for tensor in parameters.set.tensors { try reader.read(into: tensor, storedAs: type) }
    }

    /// Writes an llm.c model file, which appears complete or not at all.
    /// - Parameters:
    ///   - path: The file.
    ///   - elementType: float32 for version 3, bfloat16 (rounded to nearest) for version 5.
    ///   - overwrite: Whether an existing file may be replaced.
    /// - Throws: ``FileIOError``.
    public func writeLLMCCheckpoint(
        to path: FilePath,
        elementType: ElementType = .float32,
        overwrite: Bool = true
    ) throws {
        let header = GPT2CheckpointHeader(configuration: configuration, elementType: elementType)
        let file = try AtomicFile(path, overwrite: overwrite)
        try header.write(to: file)
        for tensor in parameters.set.tensors { try file.write(tensor, as: elementType) }
        try file.commit()
    }
}

extension GPT2Configuration {
    /// The sizes in words, for messages.
    fileprivate var sizes: String {
        "\(counted(layerCount, "layer")), \(counted(headCount, "head")), "
            + "\(counted(channels, "channel")), a context of \(contextLength) and a vocabulary of "
            + "\(vocabularySize)"
    }
}
