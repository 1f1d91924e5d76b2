// llm.c's model files, version 3 (float32) and 5 (bfloat16): a header, then the parameters in the
// order of the layout, and nothing else. Weights are read on request, and written one by one.

import FileIO
import TensorFiles
import Tensors

/// The contents of an llm.c model's header.
package struct GPT2CheckpointHeader: Sendable, Equatable {
    /// The model's sizes.
    package let configuration: GPT2Configuration
    /// How the file stores every tensor.
    package let elementType: ElementType

    /// 3 or 5.
    package var version: Int {
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

    /// The header of a file to be written.
    /// - Precondition: llm.c has a version for the type.
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

    /// Whether a file starts with llm.c's magic number for models.
    package static func mayBegin(_ file: MappedFile) -> Bool {
        file.withUnsafeBytes { bytes in
            bytes.count >= 4 && Int32(littleEndian: bytes.loadUnaligned(as: Int32.self)) == magic
        }
    }

    /// Reads only the header of the file at `path`.
    /// - Throws: ``FileIOError``, ``TensorFileError`` or ``ModelError``.
    package init(path: FilePath) throws {
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

/// An open model file of llm.c's.
package struct LLMCFile: ModelWeights, Sendable {
    /// The file's header.
    package let header: GPT2CheckpointHeader
    private let file: MappedFile

    /// Opens a model file.
    /// - Throws: ``TensorFileError`` or ``ModelError`` when the content is invalid; `FileIOError`
    ///   when the file is missing or ends within its header.
    package init(_ path: FilePath) throws {
        file = try MappedFile(path)
        var reader = BinaryReader(file)
        header = try GPT2CheckpointHeader(&reader)
    }

    package var configuration: GPT2Configuration { header.configuration }
    package var format: ModelFormat { .llmc(version: header.version) }

    /// The tensors, each with all its layers and padding.
    package var tensors: [StoredTensor] {
        let layout = configuration.parameterLayout
        guard let type = StoredType(header.elementType) else {
            preconditionFailure("llm.c has no models of \(header.elementType)")
        }
        return zip(layout.specifications, layout.byteOffsets).map { specification, offset in
            // The layout counts bytes of float32.
            let first = offset / ElementType.float32.byteWidth
            let start = LLMCHeader.byteCount + first * type.byteWidth
            return StoredTensor(
                name: specification.name,
                storedType: type,
                shape: specification.shape,
                file: file,
                byteRange: start..<start + specification.count * type.byteWidth
            )
        }
    }

    package func tensor(_ weight: ModelWeight) throws -> Tensor {
        guard let stored = tensors.first(where: { $0.name == weight.name }) else {
            preconditionFailure("no weight \(weight)")
        }
        let all = try stored.tensor()
        return weight.layer.map { all[$0] } ?? all[0..<weight.shape[0]]
    }
}

/// Writes one model file of llm.c's.
struct LLMCWriter {
    let elementType: ElementType
    private let weights: any ModelWeights<GPT2Configuration>
    private let path: FilePath

    private static let types: [ElementType] = [.float32, .bfloat16]

    /// Chooses the version by the type.
    /// - Throws: ``ModelError`` when llm.c has no version for it; what reading the weights throws.
    init(
        _ weights: any ModelWeights<GPT2Configuration>,
        _ path: FilePath,
        _ elementType: ElementType?
    ) throws {
        self.weights = weights
        self.path = path
        if let elementType {
            guard Self.types.contains(elementType) else {
                throw ModelError.noType(elementType, in: "llm.c", path, has: Self.types)
            }
            self.elementType = elementType
        } else {
            // Version 5 stores everything as bfloat16, so float32 weights would be rounded too.
            let isBFloat16 = try weights.configuration.weights.allSatisfy {
                try weights.elementType(of: $0) == .bfloat16
            }
            self.elementType = isBFloat16 ? .bfloat16 : .float32
        }
    }

    func write(_ overwrite: Bool, _ ops: Ops, _ progress: ModelConversion.Progress) throws {
        let configuration = weights.configuration
        guard let type = StoredType(elementType) else {
            preconditionFailure("llm.c has no models of \(elementType)")
        }
        let file = try AtomicFile(path, overwrite: overwrite)
        try GPT2CheckpointHeader(configuration: configuration, elementType: elementType)
            .write(to: file)
        var done = 0
        for weight in configuration.weights {
            try file.write(weights.tensor(weight), storedAs: type, ops: ops)
            if weight.role == .embedding {
                let rows = configuration.paddedVocabularySize - configuration.vocabularySize
                let byteCount = rows * configuration.channels * type.byteWidth
                try file.write([UInt8](repeating: 0, count: byteCount))
            }
            done += weight.count
            try progress(done, configuration.parameterCount)
        }
        try file.commit()
    }
}
