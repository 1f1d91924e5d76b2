// From bytes to requests: nothing here knows of sockets or of time, so that all of it is tested
// with plain bytes.

/// Reads the requests of one connection, one after the other.
struct RequestReader {
    /// What was found next.
    enum Step: Equatable {
        /// Nothing until more bytes come.
        case incomplete
        /// The head of a request whose body is read next.
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

    /// Whether bytes are there that were not looked at.
    var hasUnreadBytes: Bool { !input.isEmpty }

    /// Whether anything of a next request came; an empty line that is skipped is nothing.
    var hasBegun: Bool {
        if case .head(let parser) = part { parser.hasBegun || hasUnreadBytes } else { true }
    }

    init(_ limits: ServerLimits) {
        self.limits = limits
        part = .head(HTTPHeadParser(limits))
    }

    /// Adds bytes that came.
    mutating func append(_ bytes: [UInt8]) {
        input.append(bytes)
    }

    /// Reads on.
    /// - Throws: ``HTTPProblem``, after which there is no telling where a next request starts.
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
