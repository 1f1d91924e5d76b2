// Who may connect to a server: where it listens, the key it asks for, and the pages of others that
// may use it.

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
            The address to listen at: 127.0.0.1 is for programs on this machine, 0.0.0.0 for \
            everybody who can reach it.
            """
    )
    var host: ArgumentText = "127.0.0.1"

    @Option(help: "The port to listen at; 0 takes a free one.", in: .from(0, to: 65535))
    var port: UInt16 = 8080

    @Option(
        help: ArgumentHelp(
            """
            The key that clients must send. Others on this machine can see it in the list of \
            processes: --api-key-file and the variable SWIFTLET_API_KEY are safer.
            """,
            valueName: "key"
        )
    )
    var apiKey: ArgumentText?

    @Option(help: "A file with the key alone.")
    var apiKeyFile: FilePath?

    @Option(
        help: ArgumentHelp(
            "Pages of this origin may use the server from a browser; * is all.",
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

    /// The address to listen at, without the brackets in which addresses of IPv6 may stand.
    var address: String {
        let text = host.string
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        return isBracketed ? String(text.dropFirst().dropLast()) : text
    }

    /// The key that clients must send: of the command line, or else of the environment.
    /// - Throws: ``CommandError`` for a key that no client could send, and for an empty one, which
    ///   would be none where one was meant.
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

    /// A key's file, which may end its line.
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
        CommandError(status, "the key of \(place) is longer than \(Self.longestKey) bytes")
    }

    private func checked(
        _ bytes: [UInt8],
        from place: String,
        _ status: ExitStatus
    ) throws -> String {
        guard !bytes.isEmpty else {
            throw CommandError(status, "the key of \(place) is empty; leave it out to ask for none")
        }
        guard bytes.count <= Self.longestKey else { throw tooLong(place, status) }
        guard bytes.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw CommandError(
                status,
                "the key of \(place) has a character that a header cannot carry; use letters, "
                    + "digits and signs of ASCII, without spaces"
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
