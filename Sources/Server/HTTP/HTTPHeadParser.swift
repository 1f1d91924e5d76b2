// The request line and the header fields, as their bytes come.

/// Reads one head.
struct HTTPHeadParser {
    private let byteLimit: Int
    private let fieldLimit: Int
    private var line: RequestLine?
    private var fields: FieldSectionReader?
    private var skippedLine = false

    /// Whether the first line came.
    var hasBegun: Bool { line != nil }

    init(_ limits: ServerLimits) {
        (byteLimit, fieldLimit) = (limits.headByteCount, limits.fieldCount)
    }

    /// Reads on; nil while bytes are missing.
    /// - Throws: ``HTTPProblem``
    mutating func read(_ input: inout UnreadBytes) throws(HTTPProblem) -> HTTPHead? {
        while line == nil {
            let next = try input.takeLine(atMost: byteLimit, orElse: .headTooLarge)
            guard let next else { return nil }
            // Some clients end a body with a line of their own, so one empty line is skipped.
            if next.isEmpty, !skippedLine {
                skippedLine = true
                continue
            }
            line = try RequestLine(next)
            fields = FieldSectionReader(
                byteLimit: byteLimit - next.count - 2,
                fieldLimit: fieldLimit
            )
        }
        guard let line, let headers = try fields?.read(&input) else { return nil }
        return try HTTPHead(line, headers)
    }
}
