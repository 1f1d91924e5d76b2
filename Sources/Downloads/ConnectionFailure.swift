// What went wrong with a connection, said so that the reader knows what to do.

import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The end of a sentence about an error of URLSession.
func connectionFailure(_ error: any Error, host: String) -> String {
    switch (error as? URLError)?.code {
    case .cannotFindHost, .dnsLookupFailed:
        "no server '\(host)' is known; check the address and the network connection"
    case .cannotConnectToHost, .notConnectedToInternet:
        "'\(host)' does not accept the connection; check the address and the network connection"
    case .timedOut:
        "'\(host)' does not answer; check the network connection or try again later"
    case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
        .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid,
        .clientCertificateRejected, .clientCertificateRequired:
        "no secure connection to '\(host)' can be made; check the clock and any proxy, and that "
            + "the system's certificates (ca-certificates) are installed"
    default:
        "the connection to '\(host)' broke"
    }
}
