// Who may connect to a server: where it listens, the key it requires, and the web pages that may
// use it.

import ArgumentParser
import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// `--host`, `--port`, the options of keys, and `--cors`.
struct ServedClientOptions: ParsableArguments {
    @Option(
        help: """
            The address to listen on: 127.0.0.1 for programs on this machine only, 0.0.0.0 for \
            everyone who can reach it.
            """
    )
    var host: ArgumentText = "127.0.0.1"

    @Option(help: "The port to listen on; 0 picks a free one.", in: .from(0, to: 65535))
    var port: UInt16 = 8080

    @Option(
        help: ArgumentHelp(
            """
            The key that clients must send. Other users of this machine can see it in the list of \
            processes, so --api-key-file and the variable SWIFTLET_API_KEY are safer.
            """,
            valueName: "key"
        )
    )
    var apiKey: ArgumentText?

    @Option(help: "A file that contains only the key.")
    var apiKeyFile: FilePath?

    @Option(
        help: ArgumentHelp(
            "Let web pages of this origin use the server; * is any origin.",
            valueName: "origin"
        ),
        transform: Self.origin
    )
    var cors: String?

    func validate() throws {
        if apiKey != nil && apiKeyFile != nil {
            throw ValidationError("give either --api-key or --api-key-file, not both")
        }
        if host.bytes.isEmpty { throw ValidationError("--host needs an address") }
    }

    /// The address to listen on, without the brackets that IPv6 addresses may have.
    var address: String {
        let text = host.string
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        return isBracketed ? String(text.dropFirst().dropLast()) : text
    }

    /// The key that clients must send: from the command line, or else from the environment.
    /// - Throws: ``CommandError`` for a key that no client could send, and for an empty one, which
    ///   would mean no key where one was intended.
    func key() throws -> String? {
        if let apiKey { return try checked(apiKey.bytes, from: "--api-key", .wrongUsage) }
        if let apiKeyFile {
            return try checked(
                keyBytes(of: apiKeyFile),
                from: "'\(apiKeyFile)'",
                .wrongContent
            )
        }
        let variable = "SWIFTLET_API_KEY"
        return try getenv(variable).map {
            try checked(Array(String(cString: $0).utf8), from: variable, .wrongUsage)
        }
    }

    /// The content of a key's file, without a final line end.
    private func keyBytes(of path: FilePath) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try InputFile(path).forEachChunk(ofAtMost: 1 << 12) { chunk in
            bytes += chunk
            guard bytes.count <= Self.longestKey + 2 else {
                throw tooLong("'\(path)'", .wrongContent)
            }
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return bytes
    }

    private static let longestKey = 1024

    private func tooLong(_ place: String, _ status: ExitStatus) -> CommandError {
        CommandError(status, "the key from \(place) is longer than \(Self.longestKey) bytes")
    }

    private func checked(
        _ bytes: [UInt8],
        from place: String,
        _ status: ExitStatus
    ) throws -> String {
        guard !bytes.isEmpty else {
            throw CommandError(status, "the key from \(place) is empty; leave it out for none")
        }
        guard bytes.count <= Self.longestKey else { throw tooLong(place, status) }
        guard bytes.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw CommandError(
                status,
                "the key from \(place) has a character that a header cannot carry; use letters, "
                    + "digits and symbols of ASCII, without spaces"
            )
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// An origin as browsers write it.
    static func origin(_ text: String) throws -> String {
        if text == "*" { return text }
        let origin = text.lowercased()
        let isOne =
            try /https?:\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?/.wholeMatch(in: origin)
            != nil
        guard isOne else {
            throw NumberError(
                description: "it must be * or an origin without a path: https://example.com"
            )
        }
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")]
        where origin.hasPrefix(scheme) && origin.hasSuffix(port) {
            return String(origin.dropLast(port.count))
        }
        return origin
    }
}
