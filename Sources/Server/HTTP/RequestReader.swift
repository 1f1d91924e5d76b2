// From bytes to requests: nothing here knows of sockets or of time, so that all of it is tested
// with plain bytes. A body may come in chunks, each after a line with its length, so that its
// sender need not know how long it becomes.

/// Reads the requests of one connection, one after another.
struct RequestReader {
    /// What was found next.
    enum Step: Equatable {
        /// Nothing until more bytes arrive.
        case incomplete
        /// The head of a request whose body comes next.
        case head(HTTPHead)
        /// A request, and its head.
        case request(HTTPRequest, HTTPHead)
    }

    private enum Part {
        case head(HTTPHeadParser)
        case body(HTTPHead, bytes: [UInt8], count: Int)
        case chunkedBody(HTTPHead, ChunkedBodyReader)
    }

    private let limits: ServerLimits
    private var input = UnreadBytes()
    private var part: Part

    /// Whether there are bytes that have not been looked at.
    var hasUnreadBytes: Bool { !input.isEmpty }

    /// Whether part of the next request has arrived; a skipped empty line does not count.
    var hasBegun: Bool {
        if case .head(let parser) = part { parser.hasBegun || hasUnreadBytes } else { true }
    }

    init(_ limits: ServerLimits) {
        self.limits = limits
        part = .head(HTTPHeadParser(limits))
    }

    /// Adds bytes that have arrived.
    mutating func append(_ bytes: [UInt8]) {
        input.append(bytes)
    }

    /// Continues reading.
    /// - Throws: ``HTTPProblem``, after which it is unknown where the next request starts.
    mutating func next() throws(HTTPProblem) -> Step {
        switch part {
        case .head(var parser):
            guard let head = try parser.read(&input) else {
                part = .head(parser)
                return .incomplete
            }
            part = try bodyPart(head)
            return .head(head)
        case .body(let head, var bytes, let count):
            // Taken out of the state, so that the bytes are appended in place.
            part = .head(HTTPHeadParser(limits))
            bytes += input.take(atMost: count - bytes.count)
            if bytes.count == count { return .request(head.request(body: bytes), head) }
            part = .body(head, bytes: bytes, count: count)
            return .incomplete
        case .chunkedBody(let head, var reader):
            part = .head(HTTPHeadParser(limits))
            if let body = try reader.read(&input) {
                return .request(head.request(body: body), head)
            }
            part = .chunkedBody(head, reader)
            return .incomplete
        }
    }

    private func bodyPart(_ head: HTTPHead) throws(HTTPProblem) -> Part {
        switch head.bodyLength {
        case .chunked: return .chunkedBody(head, ChunkedBodyReader(limits))
        case .bytes(let count):
            guard count <= limits.bodyByteCount else {
                throw .bodyTooLarge(limit: limits.bodyByteCount)
            }
            return .body(head, bytes: [], count: count)
        }
    }
}

/// Reads a chunked body as its bytes arrive.
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
    /// How many more bytes of chunk extensions are allowed.
    private var extensionBytesLeft: Int

    /// Longer sizes are refused, even if they start with zeros.
    private static let digitLimit = 16

    init(_ limits: ServerLimits) {
        self.limits = limits
        extensionBytesLeft = limits.headByteCount
    }

    /// Continues reading; nil while bytes are missing.
    ///
    /// Fields after the body are checked and dropped.
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
        // A number too large for an Int is larger than any limit anyway.
        return Int(String(decoding: digits, as: UTF8.self), radix: 16) ?? .max
    }
}
