// What can be wrong with the files of a story grammar, one sentence each.

import FileIO

/// A story grammar that cannot be used; `description` is one sentence for the user.
package enum StoryGrammarError: Error, Equatable, Sendable {
    /// No file in `directory` describes a plot.
    case noPlots(directory: FilePath)
    /// `path` has `found` bytes, more than a file written by hand would.
    case fileTooLarge(path: FilePath, limit: Int, found: Int)
    /// `path` is not UTF-8.
    case notText(path: FilePath)
    /// Line `line` of `path`, counted from 1, cannot be used; `problem` says why and what to do.
    case invalid(path: FilePath, line: Int, problem: String)
}

extension StoryGrammarError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noPlots(let directory):
            "'\(directory)' describes no stories; give a directory with .txt files that have "
                + "[plot ...] sections"
        case .fileTooLarge(let path, let limit, let found):
            "'\(path)' has \(found) bytes, but a file of a story grammar may have at most "
                + "\(limit); split it into several files"
        case .notText(let path):
            "'\(path)' is not UTF-8 text; save it as UTF-8"
        case .invalid(let path, let line, let problem):
            "\(path):\(line): \(problem)"
        }
    }
}
