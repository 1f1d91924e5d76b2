import ArgumentParser

@main
struct SwiftletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet",
        abstract: "Train GPT-2 and sample from it, on a CPU, with no Python.",
        subcommands: [TrainCommand.self, BenchCommand.self]
    )
}
