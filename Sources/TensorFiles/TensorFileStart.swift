// Telling files of tensors apart by how they begin.

/// What a file may be, going by its first bytes.
package enum TensorFileStart {
    /// A JSON object, such as the index of several files.
    case json
    /// A zip archive, as PyTorch's files are.
    case zip
    /// The length of a header, and the header's JSON.
    case safetensors

    /// How many bytes tell.
    package static let byteCount = 512

    /// Looks at the first ``byteCount`` bytes of a file; nil for other files.
    package init?(_ bytes: [UInt8]) {
        let brace = UInt8(ascii: "{")
        if bytes.starts(with: ZipArchive.magic) {
            self = .zip
        } else if bytes.first(where: { !"\t\n\r ".utf8.contains($0) }) == brace,
            // The length in a safetensors file may begin with the same byte, but zeros follow it.
            !bytes.prefix(8).contains(0)
        {
            self = .json
        } else if bytes.count > 8, bytes[8] == brace {
            self = .safetensors
        } else {
            return nil
        }
    }
}
