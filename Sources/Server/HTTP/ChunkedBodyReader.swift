// A body that comes in chunks, each after a line with its length, so that its sender need not know
// how long it becomes.

/// Reads a chunked body, as its bytes come.
struct ChunkedBodyReader {
    private enum Part {
        case size
        case data(left: Int)
        case dataEnd
        case trailers(FieldSectionReader)
    }

    private let limits: ServerLimits
    private var part = Part.size
    private var body: [UInt8] = []
    /// How many bytes of chunk extensions may still come.
    private var extensionBytesLeft: Int

    /// Longer sizes are refused even if they start with zeros.
    private static let digitLimit = 16

    init(_ limits: ServerLimits) {
        self.limits = limits
        extensionBytesLeft = limits.headByteCount
    }

    /// Reads on; nil while bytes are missing.
    ///
    /// Fields behind the body are checked and dropped.
    /// - Throws: ``HTTPProblem``
    mutating func read(_ input: inout UnreadBytes) throws(HTTPProblem) -> [UInt8]? {
        while true {
            switch part {
            case .size:
                guard let size = try readSize(&input) else { return nil }
                guard size <= limits.bodyByteCount - body.count else {
                    throw .bodyTooLarge(limit: limits.bodyByteCount)
                }
                part = size > 0 ? .data(left: size) : .trailers(trailerReader)
            case .data(let left):
                let data = input.take(atMost: left)
                guard !data.isEmpty else { return nil }
                body += data
                part = data.count < left ? .data(left: left - data.count) : .dataEnd
            case .dataEnd:
                let problem = HTTPProblem.malformed("a chunk is longer than it says")
                guard try input.takeLine(atMost: 2, orElse: problem) != nil else { return nil }
                part = .size
            case .trailers(var trailers):
                let fields = try trailers.read(&input)
                part = .trailers(trailers)
                return fields == nil ? nil : body
            }
        }
    }

    private var trailerReader: FieldSectionReader {
        FieldSectionReader(byteLimit: limits.headByteCount, fieldLimit: limits.fieldCount)
    }

    private mutating func readSize(_ input: inout UnreadBytes) throws(HTTPProblem) -> Int? {
        let line = try input.takeLine(
            atMost: Self.digitLimit + extensionBytesLeft + 2,
            orElse: .malformed("its chunk extensions are too long")
        )
        guard let line else { return nil }
        let digits = line.prefix { ASCII.hexadecimalValue($0) != nil }
        let extensions = line[digits.endIndex...]
        guard !digits.isEmpty, digits.count <= Self.digitLimit,
            extensions.first ?? UInt8(ascii: ";") == UInt8(ascii: ";")
        else { throw .malformed("a chunk does not start with its length") }
        extensionBytesLeft -= extensions.count
        guard extensionBytesLeft >= 0 else {
            throw .malformed("its chunk extensions are too long")
        }
        // A number too large for an Int is larger than any limit all the same.
        return Int(String(decoding: digits, as: UTF8.self), radix: 16) ?? .max
    }
}
