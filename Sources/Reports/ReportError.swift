import FileIO

/// Files of a run that cannot be reported on; `description` is one sentence for the user.
package enum ReportError: Error, Equatable, Sendable {
    /// A line of `metrics.jsonl`, counted from 1, is not a measurement.
    case malformedLine(path: FilePath, line: Int, problem: String)
    /// More runs than there are colors to tell them apart.
    case tooManyRuns(found: Int, limit: Int)
}

extension ReportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedLine(let path, let line, let problem):
            "line \(line) of '\(path)' is not a measurement: \(problem); "
                + "remove the line, or restore the file"
        case .tooManyRuns(let found, let limit):
            "a report compares at most \(limit) runs, got \(found); name fewer"
        }
    }
}
