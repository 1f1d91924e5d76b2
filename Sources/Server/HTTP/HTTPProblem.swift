// Why a client's bytes are not a request, or why a server does not accept one.

/// Why there is no request to answer; `description` is one sentence for the client's author.
package enum HTTPProblem: Error, Equatable, Sendable {
    /// What was sent is not HTTP; the reason is a clause.
    case malformed(String)
    /// The request line and the header fields are too long or too many.
    case headTooLarge
    /// The body is too long.
    case bodyTooLarge(limit: Int)
    /// The request did not come in time.
    case timedOut
    /// A version of HTTP other than 1.0 and 1.1.
    case unsupportedVersion
    /// A way to send a body that is not known.
    case unsupportedTransferEncoding
    /// The maximum number of clients is connected.
    case tooManyConnections

    /// The status of the answer.
    package var status: Int {
        switch self {
        case .malformed: 400
        case .headTooLarge: 431
        case .bodyTooLarge: 413
        case .timedOut: 408
        case .unsupportedVersion: 505
        case .unsupportedTransferEncoding: 501
        case .tooManyConnections: 503
        }
    }
}

extension HTTPProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let reason): "the request is not HTTP/1.1: \(reason)"
        case .headTooLarge: "the request's header is too large; send fewer or shorter fields"
        case .bodyTooLarge(let limit): "the request's body is longer than \(limit) bytes"
        case .timedOut: "the request did not arrive in time"
        case .unsupportedVersion: "only HTTP/1.1 and HTTP/1.0 are supported"
        case .unsupportedTransferEncoding: "the only supported transfer encoding is chunked"
        case .tooManyConnections: "too many clients are connected; try again later"
        }
    }
}
