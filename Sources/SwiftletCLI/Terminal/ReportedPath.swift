// A path in what a command reports: JSON gives it as it is, people see it with control characters
// escaped.

import Swiftlet

/// A path that a report names.
struct ReportedPath: Encodable, CustomStringConvertible {
    let path: FilePath

    init(_ path: FilePath) {
        self.path = path
    }

    var description: String { "\(path)" }

    /// JSON is Unicode, so bytes of a name that are not UTF-8 become U+FFFD.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(path.string)
    }
}
