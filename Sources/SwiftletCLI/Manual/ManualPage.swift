// A manual page, generated from what the parser knows about a command, so that it says what the
// help says.

/// The manual page of one command.
struct ManualPage {
    /// The name of the page, such as `swiftlet-train`.
    let name: String
    /// The page, in the language of man(7).
    let source: String

    /// The name of its file: all are in the section for commands.
    var fileName: String { "\(name).1" }

    /// Writes the page of a command.
    /// - Parameters:
    ///   - command: The command.
    ///   - parent: The one above it; nil for the program itself.
    ///   - version: The name of the program with its version.
    init(_ command: CommandDescription, below parent: CommandDescription?, version: String) {
        name = Self.name(of: command)
        var text = ManualText()
        // There is no date, so that the same program always has the same pages.
        text.request("TH", name.uppercased(), "1", "", version, "Swiftlet")
        // Justified lines would hyphenate the names of options.
        text.request("nh")
        text.request("ad", "l")
        text.request("SH", "NAME")
        let abstract = command.abstract ?? ""
        text.line("\(ManualText.escaping(name)) \\- \(ManualText.escaping(Self.title(abstract)))")
        text.request("SH", "SYNOPSIS")
        text.line(Self.synopsis(of: command))
        Self.describe(command, &text)
        if parent == nil { Self.addFirstSteps(&text) }
        Self.addCommands(command, &text)
        Self.addArguments(command, &text)
        Self.addExamples(command, &text)
        if parent == nil { Self.addStatus(&text) }
        Self.addReferences(command, parent, &text)
        source = text.source
    }

    /// The pages of a command and of all below it.
    static func all(
        of command: CommandDescription,
        below parent: CommandDescription? = nil,
        version: String
    ) -> [ManualPage] {
        [ManualPage(command, below: parent, version: version)]
            + command.shownSubcommands.flatMap { all(of: $0, below: command, version: version) }
    }

    // MARK: Parts

    private static func name(of command: CommandDescription) -> String {
        command.words.joined(separator: "-")
    }

    /// A sentence as in a table of contents: without its full stop.
    private static func title(_ abstract: String) -> String {
        abstract.hasSuffix(".") ? String(abstract.dropLast()) : abstract
    }

    private static func synopsis(of command: CommandDescription) -> String {
        var parts = [ManualText.bold(command.words.joined(separator: " "))]
        if !command.shownSubcommands.isEmpty {
            parts.append("\(ManualText.italic("command")) ...")
        } else {
            let needed = command.shownArguments.filter { !$0.isOptional && $0.kind == "option" }
            parts += needed.map { head($0) }
            parts.append("[\(ManualText.italic("option"))]...")
            let positional = command.shownArguments.filter { $0.kind == "positional" }
            parts += positional.map { argument in
                let name = head(argument) + (argument.isRepeating ? "..." : "")
                return argument.isOptional ? "[\(name)]" : name
            }
        }
        return parts.joined(separator: " ")
    }

    private static func describe(_ command: CommandDescription, _ text: inout ManualText) {
        text.request("SH", "DESCRIPTION")
        text.prose(command.abstract ?? "")
        Discussion(command.discussion ?? "").paragraphs.forEach { add($0, &text) }
    }

    private static func add(_ paragraph: Discussion.Paragraph, _ text: inout ManualText) {
        switch paragraph {
        case .prose(let prose):
            text.request("PP")
            text.prose(prose)
        case .verbatim(let lines): text.verbatim(lines)
        }
    }

    private static func addFirstSteps(_ text: inout ManualText) {
        text.request("SH", "FIRST STEPS")
        // Without its first and last paragraphs, which a manual page does not need.
        Discussion(Greeting.text).paragraphs.dropFirst().dropLast().forEach { add($0, &text) }
    }

    private static func addCommands(_ command: CommandDescription, _ text: inout ManualText) {
        guard !command.shownSubcommands.isEmpty else { return }
        text.request("SH", "COMMANDS")
        for subcommand in command.shownSubcommands {
            text.entry(ManualText.bold(subcommand.commandName), subcommand.abstract ?? "")
        }
    }

    /// The arguments, under the titles they have in the help.
    private static func addArguments(_ command: CommandDescription, _ text: inout ManualText) {
        let arguments = command.shownArguments
        func title(_ argument: CommandDescription.Argument) -> String {
            argument.sectionTitle ?? (argument.kind == "positional" ? "Arguments" : "Options")
        }
        let titles = arguments.map(title).reduce(into: [String]()) { known, title in
            if !known.contains(title) { known.append(title) }
        }
        for section in titles {
            text.request("SH", section.uppercased())
            let members = arguments.filter { title($0) == section }
            for (index, argument) in members.enumerated() {
                // The two forms of a switch, such as --shuffle and --no-shuffle, are adjacent.
                let twin = members.dropFirst(index + 1).first.flatMap {
                    isTwin($0, argument) ? $0 : nil
                }
                if index > 0 && isTwin(members[index - 1], argument) { continue }
                text.entry(heading(argument, twin), explanation(argument))
            }
        }
    }

    private static func isTwin(
        _ first: CommandDescription.Argument,
        _ second: CommandDescription.Argument
    ) -> Bool {
        first.kind == "flag" && second.kind == "flag" && first.abstract == second.abstract
    }

    /// All names of an argument and its twin, followed by its value.
    private static func heading(
        _ argument: CommandDescription.Argument,
        _ twin: CommandDescription.Argument?
    ) -> String {
        let names = argument.dashedNames + (twin?.dashedNames ?? [])
        if names.isEmpty { return head(argument) }
        let value = argument.kind == "flag" ? "" : " \(valueName(argument))"
        return names.map { ManualText.bold($0) }.joined(separator: ", ") + value
    }

    private static func addExamples(_ command: CommandDescription, _ text: inout ManualText) {
        let examples = Discussion(command.discussion ?? "").examples
        guard !examples.isEmpty else { return }
        text.request("SH", "EXAMPLES")
        text.verbatim(examples)
    }

    private static func addStatus(_ text: inout ManualText) {
        text.request("SH", "EXIT STATUS")
        for (status, meaning) in ExitStatus.meanings {
            text.entry("\(status.rawValue)", meaning)
        }
    }

    private static func addReferences(
        _ command: CommandDescription,
        _ parent: CommandDescription?,
        _ text: inout ManualText
    ) {
        let others = (parent.map { [$0] } ?? []) + command.shownSubcommands
        guard !others.isEmpty else { return }
        text.request("SH", "SEE ALSO")
        text.line(others.map { "\(ManualText.bold(name(of: $0)))(1)" }.joined(separator: ", "))
    }

    // MARK: Arguments

    /// An option with its value, or an argument's own name.
    private static func head(_ argument: CommandDescription.Argument) -> String {
        guard let name = argument.dashedNames.last else { return valueName(argument) }
        return "\(ManualText.bold(name)) \(valueName(argument))"
    }

    private static func valueName(_ argument: CommandDescription.Argument) -> String {
        ManualText.italic(argument.valueName ?? "value")
    }

    /// What an argument is, with its choices and its default if the sentence does not name them.
    private static func explanation(_ argument: CommandDescription.Argument) -> String {
        let sentence = [argument.abstract, argument.discussion].compactMap(\.self)
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
        var notes: [String] = []
        if let values = argument.allValues, !values.isEmpty {
            notes.append("values: \(values.joined(separator: ", "))")
        }
        if argument.kind != "flag", let value = argument.defaultValue {
            notes.append("default: \(value)")
        }
        return sentence + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
    }
}
