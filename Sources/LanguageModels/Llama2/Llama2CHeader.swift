// The headers of llama2.c's checkpoints. Version 0 has seven sizes and nothing else, so that any
// file may look like one; the versions after it have a magic number.

import FileIO
import TensorFiles

/// What the header of a llama2.c checkpoint says.
struct Llama2CHeader {
    let version: Llama2CFile.Version
    let configuration: Llama2Configuration
    /// Elements that share a scale; nil but in version 2.
    let groupSize: Int?

    private static let format = "a llama2.c checkpoint"
    private static let sizeCount = 7

    /// Reads and checks a header.
    /// - Throws: ``ModelError``, `TensorFileError` or `FileIOError`.
    init(_ file: MappedFile) throws {
        let path = file.path
        var reader = BinaryReader(file)
        guard try reader.read(UInt32.self) == Llama2CFile.magic else {
            reader = BinaryReader(file)
            let sizes = try reader.readArray(of: Int32.self, count: Self.sizeCount).map(Int.init)
            // A negative vocabulary says that the classifier has weights of its own.
            guard let configuration = try? Self.configuration(sizes, isShared: sizes[5] > 0) else {
                throw Self.notACheckpoint(path, expected: nil, found: file.count)
            }
            (version, self.configuration, groupSize) = (.legacy, configuration, nil)
            return
        }
        let number = try reader.read(Int32.self)
        guard let version = Llama2CFile.Version(rawValue: number), version != .legacy else {
            throw TensorFileError.unsupportedVersion(
                path: path,
                format: Self.format,
                supported: "versions 0, 1 (float32) and 2 (int8)",
                found: number,
                hint: "export it again with llama2.c's export.py"
            )
        }
        let sizes = try reader.readArray(of: Int32.self, count: Self.sizeCount).map(Int.init)
        let isShared = try reader.read(UInt8.self) != 0
        configuration = try ModelError.naming(path) {
            try Self.configuration(sizes, isShared: isShared, isSigned: false)
        }
        self.version = version
        groupSize =
            version == .int8
            ? try Self.groupSize(Int(reader.read(Int32.self)), of: configuration, path: path) : nil
    }

    /// The error for a file that is no checkpoint at all, as far as anybody can tell.
    static func notACheckpoint(
        _ path: FilePath,
        expected: Int?,
        found: Int
    ) -> TensorFileError {
        let sizes = expected.map { "ask for \($0) bytes instead of \(found)" } ?? "are no model's"
        return .unsupported(
            path: path,
            reason: "it is not \(format), or not all of one: it has no magic number, and the sizes "
                + "it starts with \(sizes)",
            hint: "check that it is the right file, and copy it again if it is"
        )
    }

    private static func configuration(
        _ sizes: [Int],
        isShared: Bool,
        isSigned: Bool = true
    ) throws -> Llama2Configuration {
        try Llama2Configuration(
            contextLength: sizes[6],
            vocabularySize: isSigned ? abs(sizes[5]) : sizes[5],
            layerCount: sizes[2],
            headCount: sizes[3],
            keyValueHeadCount: sizes[4],
            channels: sizes[0],
            hiddenChannels: sizes[1],
            hasSeparateClassifier: !isShared
        )
    }

    /// A group size, when it divides every matrix.
    private static func groupSize(
        _ size: Int,
        of configuration: Llama2Configuration,
        path: FilePath
    ) throws -> Int {
        let counts = Llama2Weight.allCases.filter { !$0.isNorm }
            .map { $0.shape(in: configuration).reduce(1, *) }
        guard size > 0, counts.allSatisfy({ $0 % size == 0 }) else {
            throw TensorFileError.invalidHeader(
                path: path,
                field: "the group size",
                requirement: "a number that divides the elements of every matrix",
                found: size
            )
        }
        return size
    }
}
