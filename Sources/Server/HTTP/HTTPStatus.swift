// What the numbers of answers are called.

/// The phrases beside statuses, which no program reads.
enum HTTPStatus {
    private static let phrases = [
        200: "OK", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
        401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        408: "Request Timeout", 413: "Content Too Large", 422: "Unprocessable Content",
        429: "Too Many Requests", 431: "Request Header Fields Too Large",
        499: "Client Closed Request", 500: "Internal Server Error", 501: "Not Implemented",
        503: "Service Unavailable", 505: "HTTP Version Not Supported",
    ]

    static func phrase(_ status: Int) -> String {
        phrases[status] ?? "Status"
    }
}
