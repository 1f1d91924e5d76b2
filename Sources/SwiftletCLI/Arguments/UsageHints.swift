// What to type instead: which options a command has, as the parser itself describes it to other
// tools, what somebody meant who mistyped a name, and the flag that lifts a refusal of the library,
// which knows of no flags.

import ArgumentParser
import Server
import Swiftlet

/// The names of a command's options, with their dashes.
struct CommandOptions {
    /// The names of all options.
    let names: [String]
    /// The names of the options that take a value.
    let namesWithValue: Set<String>

    /// Asks the parser about a command, which takes tens of milliseconds.
    init(of command: any ParsableCommand.Type) {
        let options = (try? CommandDescription(of: command))?.arguments ?? []
        names = options.flatMap(\.dashedNames)
        namesWithValue = Set(options.filter { $0.kind == "option" }.flatMap(\.dashedNames))
    }
}

/// An unknown name on the command line, and what may have been meant.
struct UnknownName: Error, CustomStringConvertible {
    /// A sentence without its end, which says where to find the names.
    let description: String

    init(kind: String, _ found: some Sequence<UInt8>, known: [String]) {
        let found = DisplayText.escaping(bytes: found)
        let names = known.filter { !$0.hasPrefix("-") || $0.hasPrefix("--") }
        let suggestion = nearestName(to: found, in: names).map { " (did you mean '\($0)'?)" } ?? ""
        description = "there is no \(kind) '\(found)'\(suggestion)"
    }
}

/// The name that `text` probably stands for.
/// - Parameters:
///   - text: What was typed.
///   - names: The names it could have been.
/// - Returns: A name that begins with `text`, or else the most similar one; nil if none is similar.
func nearestName(to text: String, in names: [String]) -> String? {
    let text = text.lowercased()
    // Two letters begin too many words by chance.
    if text.count > 2, let name = names.first(where: { $0.hasPrefix(text) }) { return name }
    let mistakes = names.map { mistakeCount(Array(text), Array($0)) }
    guard let fewest = mistakes.min(), fewest <= min(2, text.count / 2) else { return nil }
    return mistakes.firstIndex(of: fewest).map { names[$0] }
}

/// The least number of letters left out, added, replaced or swapped with the next one.
///
/// This is the distance of Damerau and Levenshtein for texts in which no letter is changed twice.
private func mistakeCount(_ first: [Character], _ second: [Character]) -> Int {
    var rows = [Array(0...second.count)]
    for (i, letter) in first.enumerated() {
        var row = [i + 1]
        for (j, other) in second.enumerated() {
            var count = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (letter == other ? 0 : 1))
            if i > 0, j > 0, letter == second[j - 1], first[i - 1] == other {
                count = min(count, rows[i - 1][j - 1] + 1)
            }
            row.append(count)
        }
        rows.append(row)
    }
    return rows[first.count][second.count]
}

/// The flag that lifts a refusal of the library, to end its sentence with; nil if there is none.
func flagHint(for error: any Error) -> String? {
    switch error {
    case TrainingError.runDiffers: "--allow-changes allows the changes"
    case TrainingError.runExists: "--resume auto resumes it, --overwrite overwrites it"
    case FileIOError.alreadyExists, DownloadError.otherFileExists: "--overwrite overwrites it"
    case ServerError.portInUse, ServerError.notPermitted:
        "--port chooses one, and --port 0 any that is free"
    case ServerError.unknownHost, ServerError.foreignHost: "--host chooses it"
    default: nil
    }
}
