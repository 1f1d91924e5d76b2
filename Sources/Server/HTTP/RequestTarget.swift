// What a request asks for: the middle of its first line.

/// A path, a query and, in the form that proxies use, a host.
struct RequestTarget: Equatable {
    /// Percent-decoded; `*` in a request about the whole server.
    let path: String
    let query: String
    /// The host that the target itself names, which then replaces the field `Host`.
    let host: String?

    /// Reads a target.
    /// - Throws: ``HTTPProblem/malformed(_:)`` for all but a path, an absolute URL, and `*` where
    ///   the method is `OPTIONS`.
    init(_ bytes: ArraySlice<UInt8>, method: String) throws(HTTPProblem) {
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw .malformed("its target has a character that must be percent-encoded")
        }
        if bytes.elementsEqual("*".utf8), method == "OPTIONS" {
            (path, query, host) = ("*", "", nil)
            return
        }
        var rest = bytes
        host = try Self.takeHost(from: &rest)
        guard host != nil || rest.first == UInt8(ascii: "/") else {
            throw .malformed("its target is neither a path nor a URL")
        }
        let mark = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        path = try Self.resolved(rest[..<mark])
        query = String(decoding: rest[mark...].dropFirst(), as: UTF8.self)
    }

    /// Removes the scheme and the host of an absolute URL; nil if it is not one.
    private static func takeHost(
        from rest: inout ArraySlice<UInt8>
    ) throws(HTTPProblem) -> String? {
        let scheme = ["http://", "https://"].first { scheme in
            // The characters other than letters already have this bit.
            rest.prefix(scheme.utf8.count).map { $0 | 0x20 }.elementsEqual(scheme.utf8)
        }
        guard let scheme else { return nil }
        rest = rest.dropFirst(scheme.utf8.count)
        let host = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard !host.isEmpty, isHost(host) else {
            throw .malformed("the URL it asks for has no valid host")
        }
        rest = rest[host.endIndex...]
        return String(decoding: host, as: UTF8.self)
    }

    /// Whether bytes may be a host and a port: a name, an address, or an address in brackets.
    ///
    /// A name before an `@` is refused, because it makes one host look like another.
    static func isHost(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.allSatisfy { byte in
            ASCII.isDigit(byte) || ASCII.isLetter(byte) || "-._~!$&'()*+,;=:[]%".utf8.contains(byte)
        }
    }

    /// A percent-decoded path; an empty one is the root.
    private static func resolved(_ path: ArraySlice<UInt8>) throws(HTTPProblem) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(path.count)
        var rest = path
        while let byte = rest.popFirst() {
            guard byte == ASCII.percent else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(ASCII.hexadecimalValue),
                let low = rest.popFirst().flatMap(ASCII.hexadecimalValue)
            else { throw .malformed("a percent sign in its path is not followed by two digits") }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(where: { ASCII.isControl($0) }) else {
            throw .malformed("there is a control character in its path")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .malformed("its path is not UTF-8")
        }
        return text.isEmpty ? "/" : text
    }
}
