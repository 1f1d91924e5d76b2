// What `swiftlet` prints by itself, and that its commands work.

import FileIO
import TestSupport
import Testing

@testable import SwiftletCLI

@Suite(.serialized) struct GreetingTests {
    /// The commands of the greeting, each as one line.
    private static let commands = Greeting.text.replacing(" \\\n", with: "").split(separator: "\n")
        .filter { $0.hasPrefix("  swiftlet ") }
        .map { $0.dropFirst("  swiftlet ".count) }

    @Test func withoutArgumentsTheProgramSuggestsThreeThings() throws {
        let outcome = try swiftlet([])
        #expect(outcome.status == 0)
        #expect(outcome.output == Greeting.text)
        #expect(outcome.errors == "")
        #expect(Self.commands.count == 7)
        // At the usual width of a terminal.
        #expect(Greeting.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func whatItSuggestsWithoutTheNetworkCanBePastedInOrder() throws {
        try withTemporaryDirectory { directory in
            let withoutNetwork = Self.commands.filter {
                !$0.hasPrefix("fetch") && !$0.hasPrefix("chat")
            }
            let script = withoutNetwork.map { command in
                // Two steps show that the flags fit each other.
                "\"$SWIFTLET\" " + command.replacing(/--steps \d+/, with: "--steps 2")
            }
            let outcome = try shell("cd '\(directory)' && " + script.joined(separator: " && "))
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("One rainy day,"))
            #expect(FileSystem.exists(directory.appending("runs/first/report.html")))
        }
    }
}
