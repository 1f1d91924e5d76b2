// Tells files of tensors apart. Where two signs contradict each other, the less likely coincidence
// wins, so the order of the steps below matters and each gives its reason.

import FileIO

/// What a file may be, judging by how it begins and how long it is.
package enum TensorFileStart {
    /// The length of a header, and the header's JSON, which fits in the file.
    case safetensors
    /// The same, but truncated or damaged.
    case partOfSafetensors
    /// A zip archive, as PyTorch's files are.
    case zip
    /// A PyTorch file from before version 1.6.
    case oldPyTorch
    /// A GGUF file.
    case gguf
    /// A JSON object, such as the index of several files.
    case json

    /// The first bytes of the pickled number that starts old PyTorch files.
    private static let oldPyTorchMagic: [UInt8] = [0x80, 0x02, 0x8A, 0x0A]
    private static let blanks = Set("\t\n\r ".utf8)

    /// Looks at a file; nil for others.
    package init?(_ file: MappedFile) {
        let kind = file.withUnsafeBytes { Self.kind(of: $0) }
        guard let kind else { return nil }
        self = kind
    }

    private static func kind(of bytes: UnsafeRawBufferPointer) -> Self? {
        // A length that ends at a brace is no coincidence, whatever else its bytes may spell.
        if let header = safetensorsHeader(in: bytes), isBraced(bytes[header]) {
            return .safetensors
        }
        // Four bytes that do not occur in text.
        if bytes.starts(with: ZipArchive.magic) { return .zip }
        if bytes.starts(with: oldPyTorchMagic) { return .oldPyTorch }
        if isGGUF(bytes) { return .gguf }
        // A brace where the header would begin, and before it the zeros of a length, which JSON
        // does not have.
        let length = bytes.prefix(8)
        if bytes.count > 8, bytes[8] == UInt8(ascii: "{"), length.contains(0),
            length.suffix(4).allSatisfy({ $0 == 0 })
                || JSONStart(bytes[8...].prefix(512)) == .object
        {
            return .partOfSafetensors
        }
        return JSONStart(bytes.prefix(512)) == .object ? .json : nil
    }

    /// Whether the word is followed by a small number, in either byte order, and not by text.
    private static func isGGUF(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.starts(with: GGUFFile.magic) else { return false }
        let version = bytes.prefix(8).dropFirst(4)
        return version.suffix(2).allSatisfy { $0 == 0 } || version.prefix(2).allSatisfy { $0 == 0 }
    }

    /// The bytes of the header, if they are in the file.
    private static func safetensorsHeader(in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        guard bytes.count >= 10 else { return nil }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length >= 2, length <= TensorArchive.longestHeader, Int(length) <= bytes.count - 8
        else { return nil }
        return 8..<8 + Int(length)
    }

    /// Whether unparsed JSON is an object, perhaps followed by spaces that align what comes after
    /// it.
    private static func isBraced(_ header: Slice<UnsafeRawBufferPointer>) -> Bool {
        header.first == UInt8(ascii: "{")
            && header.last { !blanks.contains($0) } == UInt8(ascii: "}")
    }
}
