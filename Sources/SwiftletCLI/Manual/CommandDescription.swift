// What the parser tells other tools about a command: its options and arguments, and its
// subcommands. The manual is generated from this.

import ArgumentParser

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The parser's description of a command.
struct CommandDescription: Decodable {
    /// An option, a flag or an argument without a name.
    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String

            /// The name with its dashes.
            var dashed: String { (kind == "long" ? "--" : "-") + name }
        }

        let kind: String
        let shouldDisplay: Bool
        let sectionTitle: String?
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let valueName: String?
        let defaultValue: String?
        let allValues: [String]?
        let abstract: String?
        let discussion: String?

        /// All names, with their dashes.
        var dashedNames: [String] { (names ?? []).map(\.dashed) }
    }

    let commandName: String
    let superCommands: [String]?
    let shouldDisplay: Bool
    let abstract: String?
    let discussion: String?
    let arguments: [Argument]?
    let subcommands: [CommandDescription]?

    /// Asks the parser about a command, which takes tens of milliseconds.
    init(of command: any ParsableCommand.Type) throws {
        struct Tool: Decodable {
            let command: CommandDescription
        }
        let dump = Data(command._dumpHelp().utf8)
        self = try JSONDecoder().decode(Tool.self, from: dump).command
    }

    /// The words that invoke the command, beginning with the program's name.
    var words: [String] { (superCommands ?? []) + [commandName] }

    /// The subcommands that a help screen shows; the help command itself is not one of them.
    var shownSubcommands: [CommandDescription] {
        (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
    }

    /// The arguments that a help screen shows.
    var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }
}
