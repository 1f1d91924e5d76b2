// Who may send requests, and from where: the key, the name the server is addressed by, and the
// pages of other origins that may read its answers.

import FileIO

/// The rules for clients.
package struct Access: Sendable {
    /// Whether requests must carry a key.
    package var needsKey: Bool { keyDigest != nil }

    private let keyDigest: [UInt8]?
    private let checksHost: Bool
    private let hostName: String?
    let corsOrigin: String?

    /// Makes rules.
    /// - Parameters:
    ///   - apiKey: The key that requests must carry; nil for none.
    ///   - checksHost: Whether the server must be addressed by one of this machine's names. If only
    ///     this machine can connect, another name means that a page elsewhere pointed its own name
    ///     here, to read what it should not.
    ///   - hostName: Another name of this machine that it may be addressed by, such as the one it
    ///     was told to listen on.
    ///   - corsOrigin: The origin of pages that may read answers, such as `https://example.com`, or
    ///     `*`; nil for only the server's own.
    package init(
        apiKey: String? = nil,
        checksHost: Bool = false,
        hostName: String? = nil,
        corsOrigin: String? = nil
    ) {
        keyDigest = apiKey.map(Self.digest)
        self.checksHost = checksHost
        self.hostName = hostName?.lowercased()
        self.corsOrigin = corsOrigin
    }

    // MARK: Key

    /// Checks the key of a request.
    /// - Throws: ``APIError``.
    func checkKey(_ request: HTTPRequest) throws {
        guard let keyDigest else { return }
        let field = request.headers["Authorization"]
        let words = (field ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            throw Self.unauthorized(
                "this server requires a key; send it as 'Authorization: Bearer KEY'"
            )
        }
        // All bytes of the digests are compared, so that timing says nothing about the key.
        let found = Self.digest(String(words[1].drop { $0 == " " }))
        let difference = zip(keyDigest, found).reduce(0) { $0 | ($1.0 ^ $1.1) }
        guard difference == 0 else { throw Self.unauthorized("this key is not the server's") }
    }

    private static func unauthorized(_ message: String) -> APIError {
        APIError(
            status: 401,
            message: message,
            code: "invalid_api_key",
            headers: ["WWW-Authenticate": "Bearer"]
        )
    }

    private static func digest(_ key: String) -> [UInt8] {
        var hash = SHA256()
        Array(key.utf8).withUnsafeBytes { hash.update($0) }
        return Array(hash.hexadecimal().utf8)
    }

    // MARK: Host

    /// Checks the name the server was addressed by.
    /// - Throws: ``APIError``.
    func checkHost(_ request: HTTPRequest) throws {
        guard checksHost else { return }
        // Programs from before HTTP/1.1 send none, and browsers always do.
        for host in request.headers.values("Host") where !isOurs(host) {
            throw APIError(
                status: 403,
                message: "this server is only for this machine, and must be addressed as "
                    + "localhost, 127.0.0.1 or [::1], not '\(host.shownBriefly)'",
                code: "host_not_allowed"
            )
        }
    }

    /// Whether a `Host`, with or without a port, is a name of this machine.
    ///
    /// An address always means itself: only names can be pointed here.
    private func isOurs(_ host: String) -> Bool {
        var name = host.lowercased()[...]
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
            guard name[colon...].dropFirst().allSatisfy({ "0"..."9" ~= $0 }) else { return false }
            name = name[..<colon]
        }
        if let hostName, name == hostName || name == "[\(hostName)]" { return true }
        return ["localhost", "[::1]"].contains(name) || Self.isLoopbackAddress(name)
    }

    /// Whether a text is an address such as 127.0.0.1.
    private static func isLoopbackAddress(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { UInt8($0).map(String.init) ?? "" == $0 }
    }

    // MARK: Other origins

    /// The answer to a browser that asks whether a page of another origin may send a request; nil
    /// if the request is something else, or no such page may.
    func preflightReply(to request: HTTPRequest) -> HTTPReply? {
        guard corsOrigin != nil, request.method == "OPTIONS",
            request.headers["Access-Control-Request-Method"] != nil
        else { return nil }
        var headers: HTTPHeaders = [:]
        if allows(request.headers["Origin"]) {
            headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            headers["Access-Control-Allow-Headers"] = allowedFields(request)
            headers["Access-Control-Max-Age"] = "7200"
        }
        return HTTPReply(status: 204, headers: headers)
    }

    /// The fields a page asks to send; clients use many, and the rules are only about origins.
    private func allowedFields(_ request: HTTPRequest) -> String {
        let usual = "Authorization, Content-Type"
        guard let asked = request.headers["Access-Control-Request-Headers"] else { return usual }
        let isPlain = asked.unicodeScalars.allSatisfy {
            "a"..."z" ~= $0 || "A"..."Z" ~= $0 || "0"..."9" ~= $0
                || "-_, ".unicodeScalars.contains($0)
        }
        return isPlain && !asked.isEmpty ? asked : usual
    }

    private func allows(_ origin: String?) -> Bool {
        guard let corsOrigin, let origin else { return false }
        return corsOrigin == "*" || corsOrigin == origin
    }

    /// Keeps pages of other origins from using the server through a browser.
    ///
    /// They could not read the answer, but would keep the model busy: browsers send what calls
    /// itself plain text without asking first.
    /// - Throws: ``APIError``.
    func checkOrigin(_ request: HTTPRequest) throws {
        guard request.method == "POST", comesFromElsewhere(request),
            !allows(request.headers["Origin"])
        else { return }
        throw APIError(
            status: 403,
            message: "pages of other origins may not use this server; start it with --cors to "
                + "let one",
            code: "origin_not_allowed"
        )
    }

    /// Whether a browser sends the request for a page of another origin.
    ///
    /// To this machine, and over TLS, browsers say so themselves, whatever is in between. Over a
    /// plain network they only name the page's origin. Other programs send neither.
    private func comesFromElsewhere(_ request: HTTPRequest) -> Bool {
        if let site = request.headers["Sec-Fetch-Site"] {
            return ["cross-site", "same-site"].contains(site)
        }
        guard let origin = request.headers["Origin"] else { return false }
        let host = request.headers["Host"] ?? ""
        return origin.lowercased() != "http://" + host.lowercased()
    }

    /// Says in an answer whether pages of the `Origin` of the request may read it.
    func mark(_ reply: inout HTTPReply, origin: String?) {
        guard let corsOrigin else { return }
        reply.headers.add("Vary", "Origin")
        guard allows(origin) else { return }
        reply.headers["Access-Control-Allow-Origin"] = corsOrigin
        reply.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
    }
}
