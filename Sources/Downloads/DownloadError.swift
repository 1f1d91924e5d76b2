// What can go wrong on the way from a server to a verified file, one sentence each, so that the
// reader knows what to do.

import FileIO
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A failure to download a file; `description` is one sentence for the user.
package enum DownloadError: Error, Equatable, Sendable {
    /// The base address is not that of a web server.
    case invalidBaseURL(String)
    /// The server was not reached; `reason` is the end of a sentence about it.
    case unreachable(url: String, reason: String)
    /// The server answered, but with this HTTP status instead of the file.
    case refused(url: String, status: Int)
    /// The connection kept breaking; `received` bytes are kept for the next run.
    case interrupted(url: String, reason: String, received: Int)
    /// What the server sends is not the file that was published.
    case wrongContent(url: String, mismatch: Mismatch)
    /// A different file already has the name.
    case otherFileExists(path: FilePath, mismatch: Mismatch)
    /// What arrives cannot be written.
    case cannotWrite(path: FilePath, reason: String)
}

extension DownloadError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidBaseURL(let text):
            "'\(text)' is not the address of a web server; it must look like https://HOST/PATH"
        case .unreachable(let url, let reason):
            "cannot download \(url): \(reason)"
        case .refused(let url, let status):
            "cannot download \(url): \(Self.meaning(ofStatus: status))"
        case .interrupted(let url, let reason, let received):
            "the download of \(url) broke off after \(received) bytes: \(reason); run the same "
                + "command again to resume it"
        case .wrongContent(let url, let mismatch):
            "\(url) is not the file that was published: \(mismatch); nothing of it was kept, so "
                + "check the base address or try again later"
        case .otherFileExists(let path, let mismatch):
            "'\(path)' already exists and is not the file that was published: \(mismatch); move it "
                + "away, choose another output or allow overwriting it"
        case .cannotWrite(let path, let reason):
            "cannot write '\(path)': \(reason); make room and run the same command again to "
                + "resume the download"
        }
    }

    private static func meaning(ofStatus status: Int) -> String {
        switch status {
        case 300..<400:
            "the server redirects in circles or to an unsafe address (HTTP \(status)); "
                + "check the base address"
        case 401, 403, 407:
            "the server does not allow it (HTTP \(status)); check the base address and any proxy"
        case 404, 410: "the server has no such file (HTTP \(status)); check the base address"
        case 429: "the server is receiving too many requests (HTTP 429); try again later"
        case 500...: "the server failed (HTTP \(status)); try again later"
        default: "the server answered with HTTP \(status); check the base address"
        }
    }
}

/// The end of a sentence about an error of URLSession.
func connectionFailure(_ error: any Error, host: String) -> String {
    switch (error as? URLError)?.code {
    case .cannotFindHost, .dnsLookupFailed:
        "there is no server '\(host)'; check the address and the network connection"
    case .cannotConnectToHost, .notConnectedToInternet:
        "'\(host)' does not accept the connection; check the address and the network connection"
    case .timedOut:
        "'\(host)' does not answer; check the network connection or try again later"
    case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
        .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid,
        .clientCertificateRejected, .clientCertificateRequired:
        "cannot make a secure connection to '\(host)'; check the clock and any proxy, and that "
            + "the system's certificates (ca-certificates) are installed"
    default:
        "the connection to '\(host)' broke"
    }
}
