// A request as those who answer it see it: nothing here knows of sockets.

/// A request that was read whole.
package struct HTTPRequest: Sendable, Equatable {
    /// Such as `GET`, in the case it was sent in.
    package var method: String
    /// What stands before the question mark, with its percent signs resolved.
    package var path: String
    /// What stands behind the question mark, as it was sent; empty without one.
    package var query: String
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(
        method: String = "GET",
        path: String,
        query: String = "",
        headers: HTTPHeaders = [:],
        body: [UInt8] = []
    ) {
        (self.method, self.path, self.query) = (method, path, query)
        (self.headers, self.body) = (headers, body)
    }
}
