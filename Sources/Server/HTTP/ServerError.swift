// Reasons why a server cannot listen.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a server cannot listen; `description` is one sentence for the user.
package enum ServerError: Error, Equatable, Sendable {
    /// The host is neither an address nor a known name.
    case unknownHost(String, reason: String)
    /// The host is not one of this machine's.
    case foreignHost(String)
    /// Another program is listening there.
    case portInUse(host: String, port: UInt16)
    /// The system reserves the port.
    case notPermitted(host: String, port: UInt16)
    /// The operating system refused `action`, a verb phrase.
    case system(action: String, reason: String)

    /// The error for what `bind` or `listen` left in `errno`.
    init(bindingCode code: CInt, host: String, port: UInt16) {
        self =
            switch code {
            case EADDRINUSE: .portInUse(host: host, port: port)
            case EACCES, EPERM: .notPermitted(host: host, port: port)
            case EADDRNOTAVAIL: .foreignHost(host)
            default: .system(action: "listen", reason: Self.reason(code))
            }
    }

    /// The error for what the last call left in `errno`.
    static func last(_ action: String) -> Self {
        .system(action: action, reason: reason(errno))
    }

    private static func reason(_ code: CInt) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

extension ServerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownHost(let host, let reason):
            "the host '\(host)' is not known: \(reason); give an address such as 127.0.0.1"
        case .foreignHost(let host):
            "'\(host)' is not an address of this machine; give one that is, or 0.0.0.0 for all"
        case .portInUse(let host, let port):
            "port \(port) of \(host) is in use by another program; choose another port"
        case .notPermitted(let host, let port):
            "port \(port) of \(host) is reserved by the system; choose one above 1023"
        case .system(let action, let reason):
            "cannot \(action): \(reason)"
        }
    }
}
