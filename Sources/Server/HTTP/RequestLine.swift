// The first line of a request.

/// A method, a target and a version.
struct RequestLine: Equatable {
    /// The versions that are spoken.
    enum Version: Equatable {
        case oneZero
        case oneOne
    }

    let method: String
    let target: RequestTarget
    let version: Version

    /// Reads a line.
    /// - Throws: ``HTTPProblem``; the parts must be parted by exactly one space.
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
