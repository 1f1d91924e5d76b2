// Help texts: their examples can be pasted, and what they offer works.

import ArgumentParser
import Foundation
import Testing

@testable import SwiftletCLI

/// The leaf commands below `command`, with the words that invoke them.
private func leaves(
    of command: any ParsableCommand.Type = SwiftletCommand.self,
    _ names: [String] = []
) -> [[String]] {
    let subcommands = command.configuration.subcommands
    if subcommands.isEmpty { return [names] }
    return subcommands.flatMap { leaves(of: $0, names + [$0._commandName]) }
}

/// The commands in a help text's examples, at the usual width of a terminal.
private func examples(inHelpOf names: [String]) throws -> [String] {
    let help = try swiftlet(names + ["--help"]).output
    let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix("Example") }, "\(names)")
    let shown = lines[(start + 1)...].prefix { $0.hasPrefix("  ") }
    return shown.joined(separator: "\n").replacing("\\\n", with: " ").split(separator: "\n")
        .map { $0.trimmingCharacters(in: .whitespaces) }
}

@Suite(.serialized) struct HelpTests {
    @Test func everyExampleCanBePasted() throws {
        for names in leaves() {
            let examples = try examples(inHelpOf: names)
            #expect(!examples.isEmpty)
            for example in examples {
                // The shell splits it into words, which are printed instead of running the command.
                let line = example.replacing(/\ < \S+/, with: " < /dev/null")
                let words = try shell(
                    "swiftlet() { printf '%s\\n' \"$@\" =END= >&3; cat > /dev/null; }; "
                        + "exec 3>&1; \(line)"
                )
                #expect(words.status == 0 && words.errors == "", "\(example): \(words.errors)")
                let calls = words.output.components(separatedBy: "=END=\n").dropLast()
                #expect(!calls.isEmpty, "\(example)")
                for call in calls {
                    let arguments = call.split(separator: "\n").map { Array($0.utf8) }
                    let texts = CommandLineArguments(arguments, of: SwiftletCommand.self)
                    #expect(texts.unknownName == nil, "\(example)")
                    #expect(throws: Never.self, "\(example)") {
                        try SwiftletCommand.parseAsRoot(texts.texts)
                    }
                }
            }
        }
    }

    @Test func theListOfFlagsMatchesTheParser() {
        func check(_ command: any ParsableCommand.Type) {
            let options = CommandOptions(of: command)
            let flags = Set(options.names.filter { $0.hasPrefix("--") })
                .subtracting(options.namesWithValue)
            let withValue = CommandLineArguments.namesWithValue[command._commandName] ?? []
            let known = CommandLineArguments.flags.subtracting(withValue)
            #expect(flags.subtracting(known) == [], "\(command)")
            #expect(options.namesWithValue.intersection(known) == [], "\(command)")
            for subcommand in command.configuration.subcommands { check(subcommand) }
        }
        check(SwiftletCommand.self)
    }

    @Test func examplesUseFilesThatTheQuickStartAndFetchMake() throws {
        // Those in data/questions come with the project.
        let roots = ["checkpoints/quickstart/", "data/hellaswag/", "data/questions/", "runs/"]
        // Whole directories, which fetch makes.
        let models = ["checkpoints/gpt2", "checkpoints/smollm2-135m-instruct"]
        for names in leaves() {
            for example in try examples(inHelpOf: names) {
                for word in example.split(separator: " ") where word.contains("/") {
                    let path = word.trimmingCharacters(in: ["'"])
                    let isKnown = roots.contains { path.hasPrefix($0) }
                    #expect(isKnown || models.contains(path), "\(example)")
                }
            }
        }
    }

    @Test func eachOptionNamesItsChoicesOnce() throws {
        for (command, choices) in [
            (["train"], [("bfloat16", 2), ("gelu", 1), ("wsd", 1)]),
            (["bench", "train"], [("bfloat16", 1), ("gelu", 1)]),
        ] {
            let help = try swiftlet(command + ["--help"]).output
            for (choice, count) in choices {
                #expect(help.ranges(of: choice).count == count, "\(command): \(choice)")
            }
        }
    }

    @Test func theHelpOfChatNamesTheChatTemplates() throws {
        #expect(try swiftlet("chat", "--help").output.contains("llama2|llama3|chatml|zephyr|plain"))
    }

    @Test func theVersionIsPrinted() throws {
        for arguments in [["--version"], ["train", "--version"]] {
            let outcome = try swiftlet(arguments)
            #expect(outcome.status == 0)
            #expect(outcome.output.wholeMatch(of: /swiftlet \d+\.\d+\.\d+(-dev)?\n/) != nil)
        }
    }
}
