// Files of which only the format is known beforehand: whether a download is complete, judging by
// its header.

import FileIO
import Foundation

extension PublishedFile {
    /// The content of a file whose size is not known before it arrives.
    package enum Content: Sendable, Equatable {
        /// A header that says where each tensor lies.
        case safetensors
        /// JSON.
        case json
        /// A model's seven sizes, and its float32 weights.
        case llama2c
        /// Nothing that can be checked by itself.
        case anything
    }

    /// How a file differs from a complete one of this content; nil if it does not.
    static func mismatch(_ content: Content, at path: FilePath) throws -> Mismatch? {
        switch content {
        case .anything:
            return nil
        case .json:
            let bytes = Data(try MappedFile(path).contents())
            let value = try? JSONSerialization.jsonObject(with: bytes)
            return value == nil ? Mismatch(expected: "JSON", found: "other text") : nil
        case .safetensors:
            return try safetensorsMismatch(path)
        case .llama2c:
            return try llama2cMismatch(path)
        }
    }

    /// The headers of real models take a few hundred kilobytes.
    private static let largestHeader: UInt64 = 32 << 20

    private static func safetensorsMismatch(_ path: FilePath) throws -> Mismatch? {
        var reader = try BinaryReader(path: path)
        let expected = "a safetensors header"
        guard reader.remaining >= 8 else {
            return Mismatch(expected: expected, found: "\(reader.remaining) bytes in all")
        }
        let length = try reader.read(UInt64.self)
        guard length <= largestHeader, Int(length) <= reader.remaining else {
            return Mismatch(expected: expected, found: "one of \(length) bytes")
        }
        let header = try reader.readBytes(Int(length)) { Data($0) }
        guard let tensors = try? JSONSerialization.jsonObject(with: header) as? [String: Any]
        else { return Mismatch(expected: expected, found: "something other than JSON") }
        let ends = tensors.values.compactMap {
            (($0 as? [String: Any])?["data_offsets"] as? [Int])?.last
        }
        let end = ends.max() ?? 0
        return end == reader.remaining
            ? nil : Mismatch(expected: "\(end) bytes of tensors", found: "\(reader.remaining)")
    }

    private static func llama2cMismatch(_ path: FilePath) throws -> Mismatch? {
        var reader = try BinaryReader(path: path)
        guard reader.remaining >= 28 else {
            return Mismatch(
                expected: "the sizes of a model",
                found: "\(reader.remaining) bytes in all"
            )
        }
        let sizes = try reader.readArray(of: Int32.self, count: 7).map(Int.init)
        let (C, H, L, NH, NKV) = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4])
        let (V, T) = (abs(sizes[5]), sizes[6])
        // Bounds that keep the arithmetic from overflowing.
        guard [C, H, L, NH, NKV, V, T].allSatisfy({ (1...1 << 18).contains($0) }), NKV <= NH,
            C % NH == 0, L <= 1 << 10
        else { return Mismatch(expected: "the sizes of a model", found: "\(sizes)") }
        let head = C / NH
        let block = 2 * C + 2 * C * C + 2 * C * NKV * head + 3 * C * H
        let classifier = sizes[5] < 0 ? V * C : 0
        let count = 28 + 4 * (V * C + L * block + C + T * (head / 2) * 2 + classifier)
        let found = reader.file.count
        return found == count ? nil : Mismatch(expected: "\(count) bytes", found: "\(found)")
    }
}
