// A request without its body, as its bytes come, and what its header says of the connection and of
// the body to come. Where the length of a body can be understood in two ways, one request can be
// hidden in another: such heads are refused, after RFC 9112, section 6.3.

/// The start of a request.
struct HTTPHead: Equatable {
    /// How the end of the body is found.
    enum BodyLength: Equatable {
        case bytes(Int)
        case chunked
    }

    let line: RequestLine
    let headers: HTTPHeaders
    let bodyLength: BodyLength

    /// Whether the client wants to send another request afterwards.
    let keepsAlive: Bool
    /// Whether the client waits for a go-ahead before it sends the body.
    let expectsContinue: Bool

    /// Interprets a header.
    /// - Throws: ``HTTPProblem``
    init(_ line: RequestLine, _ headers: HTTPHeaders) throws(HTTPProblem) {
        self.line = line
        let hosts = headers.values("Host")
        guard hosts.count == 1 || (hosts.isEmpty && line.version == .oneZero) else {
            throw .malformed("it must have exactly one Host field, but has \(hosts.count)")
        }
        guard hosts.allSatisfy({ RequestTarget.isHost($0.utf8) }) else {
            throw .malformed("its field Host is not a host")
        }
        bodyLength = try Self.bodyLength(headers, version: line.version)

        let connection = Self.list(headers.values("Connection"))
        keepsAlive =
            !connection.contains("close")
            && (line.version == .oneOne || connection.contains("keep-alive"))
        expectsContinue =
            line.version == .oneOne && bodyLength != .bytes(0)
            && Self.list(headers.values("Expect")).contains("100-continue")

        var headers = headers
        if let host = line.target.host { headers["Host"] = host }
        self.headers = headers
    }

    /// The request, once its body has arrived.
    func request(body: [UInt8]) -> HTTPRequest {
        HTTPRequest(
            method: line.method,
            path: line.target.path,
            query: line.target.query,
            headers: headers,
            body: body
        )
    }

    private static func bodyLength(
        _ headers: HTTPHeaders,
        version: RequestLine.Version
    ) throws(HTTPProblem) -> BodyLength {
        let lengths = headers.values("Content-Length")
        let encodings = headers.values("Transfer-Encoding")
        if !encodings.isEmpty {
            guard lengths.isEmpty else {
                throw .malformed("it has both Content-Length and Transfer-Encoding")
            }
            guard version == .oneOne else {
                throw .malformed("HTTP/1.0 has no Transfer-Encoding")
            }
            let codings = list(encodings)
            guard codings.last == "chunked", !codings.dropLast().contains("chunked") else {
                throw .malformed("its Transfer-Encoding must end with one chunked")
            }
            guard codings.count == 1 else { throw .unsupportedTransferEncoding }
            return .chunked
        }
        guard let length = lengths.first else { return .bytes(0) }
        guard lengths.count == 1, !length.isEmpty, length.utf8.allSatisfy(ASCII.isDigit) else {
            throw .malformed("its Content-Length must be one number")
        }
        // A number too large for an Int is larger than any limit anyway.
        return .bytes(Int(length) ?? .max)
    }

    /// The members of comma-separated lists, in lower case.
    private static func list(_ values: [String]) -> [String] {
        values.flatMap { value in
            let members = Array(ASCII.lowercased(value).utf8).split(
                separator: UInt8(ascii: ","),
                omittingEmptySubsequences: false
            )
            return members.map { String(decoding: ASCII.trimmed($0), as: UTF8.self) }
        }
    }
}

/// Reads one head.
struct HTTPHeadParser {
    private let byteLimit: Int
    private let fieldLimit: Int
    private var line: RequestLine?
    private var fields: FieldSectionReader?
    private var skippedLine = false

    /// Whether the first line has arrived.
    var hasBegun: Bool { line != nil }

    init(_ limits: ServerLimits) {
        (byteLimit, fieldLimit) = (limits.headByteCount, limits.fieldCount)
    }

    /// Continues reading; nil while bytes are missing.
    /// - Throws: ``HTTPProblem``
    mutating func read(_ input: inout UnreadBytes) throws(HTTPProblem) -> HTTPHead? {
        while line == nil {
            let next = try input.takeLine(atMost: byteLimit, orElse: .headTooLarge)
            guard let next else { return nil }
            // Some clients send an extra line after a body, so one empty line is skipped.
            if next.isEmpty, !skippedLine {
                skippedLine = true
                continue
            }
            line = try RequestLine(next)
            fields = FieldSectionReader(
                byteLimit: byteLimit - next.count - 2,
                fieldLimit: fieldLimit
            )
        }
        guard let line, let headers = try fields?.read(&input) else { return nil }
        return try HTTPHead(line, headers)
    }
}

/// A method, a target and a version.
struct RequestLine: Equatable {
    /// The supported versions.
    enum Version: Equatable {
        case oneZero
        case oneOne
    }

    let method: String
    let target: RequestTarget
    let version: Version

    /// Reads a line.
    /// - Throws: ``HTTPProblem``; the parts must be separated by exactly one space.
    init(_ line: ArraySlice<UInt8>) throws(HTTPProblem) {
        let parts = line.split(
            separator: ASCII.space,
            maxSplits: 3,
            omittingEmptySubsequences: false
        )
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(ASCII.isToken) else {
            throw .malformed("its first line is not a method, a target and a version")
        }
        version = try Self.version(parts[2])
        method = String(decoding: parts[0], as: UTF8.self)
        target = try RequestTarget(parts[1], method: method)
    }

    private static func version(_ bytes: ArraySlice<UInt8>) throws(HTTPProblem) -> Version {
        let digits = bytes.suffix(3)
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8),
            let major = digits.first, let minor = digits.last,
            digits.dropFirst().first == UInt8(ascii: "."),
            ASCII.isDigit(major), ASCII.isDigit(minor)
        else { throw .malformed("its first line does not end with a version of HTTP") }
        switch (major, minor) {
        case (UInt8(ascii: "1"), UInt8(ascii: "1")): return .oneOne
        case (UInt8(ascii: "1"), UInt8(ascii: "0")): return .oneZero
        default: throw .unsupportedVersion
        }
    }
}
