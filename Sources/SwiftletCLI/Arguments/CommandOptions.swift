// Which options a command has, as the parser itself describes it to other tools.

import ArgumentParser
import Swiftlet

/// The names, with their dashes, of a command's options.
struct CommandOptions {
    /// Those of all.
    let names: [String]
    /// Those of the options that take a value.
    let namesWithValue: Set<String>

    /// Asks the parser about a command, which takes tens of milliseconds.
    init(of command: any ParsableCommand.Type) {
        let options = (try? CommandDescription(of: command))?.arguments ?? []
        names = options.flatMap(\.dashedNames)
        namesWithValue = Set(options.filter { $0.kind == "option" }.flatMap(\.dashedNames))
    }
}

/// A name on the command line that stands for nothing, and what it may have been meant for.
struct UnknownName: Error, CustomStringConvertible {
    /// A sentence without its end, which says where the names are listed.
    let description: String

    init(kind: String, _ found: some Sequence<UInt8>, known: [String]) {
        let found = DisplayText.escaping(bytes: found)
        let names = known.filter { !$0.hasPrefix("-") || $0.hasPrefix("--") }
        let suggestion = nearestName(to: found, in: names).map { " (did you mean '\($0)'?)" } ?? ""
        description = "there is no \(kind) '\(found)'\(suggestion)"
    }
}
