// What Tab offers in a chat: commands, and files after those that take one.

import LineEditing
import Swiftlet

/// Completes what is typed into a chat.
enum ChatCompletion {
    /// How a text before the cursor may go on; nil where nobody can tell.
    static func complete(_ text: String) -> Completion? {
        guard text.first == "/", !text.contains("\n") else { return nil }
        let word = text.dropFirst().prefix { $0 != " " }
        let rest = text.dropFirst(1 + word.count)
        if rest.isEmpty {
            let names = SlashCommand.allCases.map(\.rawValue).filter { $0.hasPrefix(word) }
            return Completion(
                typedCount: text.count,
                candidates: names.sorted().map { "/\($0) " }
            )
        }
        guard SlashCommand(rawValue: String(word))?.takesFile == true else { return nil }
        return completeFile(String(rest.drop { $0 == " " }))
    }

    /// Completes a file's name; names that are not plain text are left out, as nobody can type
    /// them.
    private static func completeFile(_ typed: String) -> Completion? {
        let end = typed.lastIndex(of: "/").map { typed.index(after: $0) } ?? typed.startIndex
        let (directory, start) = (String(typed[..<end]), String(typed[end...]))
        let path = directory.isEmpty ? "." : FilePath(typed: directory)
        guard let entries = try? FileSystem.names(in: path) else { return nil }
        let names = entries.compactMap { entry -> String? in
            let name = entry.string
            guard name.hasPrefix(start), !name.hasPrefix(".") || start.hasPrefix("."),
                FilePath.Component(name) == entry, DisplayText.escaping(entry) == name
            else { return nil }
            return name + (FileSystem.isDirectory(path.appending(entry)) ? "/" : " ")
        }
        return Completion(typedCount: start.count, candidates: names)
    }
}

extension FilePath {
    /// A path as somebody types it into a program: `~/` is the home directory, as for a shell.
    init(typed text: String) {
        guard text.hasPrefix("~/"), let home = Terminal.home else {
            self.init(text)
            return
        }
        self = home.pushing(FilePath(String(text.dropFirst(2))))
    }
}
