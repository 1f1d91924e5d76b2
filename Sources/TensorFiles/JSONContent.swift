// JSON inside and next to files of tensors, and of models. The decoder's own errors talk about
// Swift types; here they become sentences about the file.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads small JSON values out of files that may be anything.
package enum JSONContent {
    /// The longest text that is decoded: longer ones have readers of their own.
    private static let mostBytes = 1 << 22

    /// Decodes the content of a file.
    /// - Throws: ``TensorFileError/malformed(path:what:expected:found:)``, or `FileIOError` when
    ///   the file is missing or shrinks.
    package static func decode<Value: Decodable>(
        _ type: Value.Type,
        from path: FilePath
    ) throws -> Value {
        try MappedFile(path).withIntactBytes { try decode(type, from: $0, of: path) }
    }

    /// Decodes a value.
    /// - Throws: ``TensorFileError/malformed(path:what:expected:found:)``.
    package static func decode<Value: Decodable>(
        _ type: Value.Type,
        from bytes: UnsafeRawBufferPointer,
        of path: FilePath
    ) throws -> Value {
        guard bytes.count <= mostBytes else {
            throw TensorFileError.malformed(
                path: path,
                what: "its size",
                expected: "at most \(mostBytes) bytes of JSON",
                found: "\(bytes.count)"
            )
        }
        do {
            return try JSONDecoder().decode(type, from: Data(PythonJSON.standard(bytes)))
        } catch let error as DecodingError {
            let keys = error.codingPath.map(\.stringValue)
            throw TensorFileError.malformed(
                path: path,
                what: keys.isEmpty ? "its JSON" : "'\(keys.joined(separator: "."))' of its JSON",
                expected: keys.isEmpty ? "complete" : "as the format wants it",
                found: error.reason
            )
        }
    }
}

extension DecodingError {
    /// The path of keys to the error.
    fileprivate var codingPath: [any CodingKey] {
        switch self {
        case .keyNotFound(_, let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath
        @unknown default: []
        }
    }

    fileprivate var reason: String {
        switch self {
        case .keyNotFound(let key, _): "without '\(key.stringValue)'"
        case .typeMismatch: "of the wrong type"
        case .valueNotFound: "null"
        default: "damaged"
        }
    }
}
