import Testing

@Suite(.serialized) struct UsageTests {
    @Test func helpGoesToStdout() throws {
        for arguments in [["--help"], [], ["help"]] {
            let outcome = try run(swiftletPath(), arguments)
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("SUBCOMMANDS:"))
            #expect(outcome.errors == "")
        }
        for command in ["train", "sample", "info"] {
            let outcome = try swiftlet(command, "--help")
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("USAGE: swiftlet \(command)"))
            #expect(outcome.errors == "")
        }
    }

    @Test func anUnknownSubcommandIsOneSentence() throws {
        expectError(try swiftlet("smaple"), 64, "smaple")
    }

    @Test func aMistypedOptionNamesTheRightOne() throws {
        let outcome = try swiftlet("sample", "--modle", "x")
        expectError(outcome, 64, "--model")
        #expect(outcome.errors.contains("see 'swiftlet sample --help'"))
    }

    @Test func aBenchmarkOfNoSensibleSizeIsOneSentence() throws {
        for rows in ["0", "\(Int.max)"] {
            expectError(try swiftlet("bench", "kernels", "--rows", rows), 64, "--rows")
        }
    }

    @Test func completionScriptsAreMade() throws {
        for name in ["bash", "zsh", "fish"] {
            let outcome = try swiftlet("--generate-completion-script", name)
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("swiftlet"))
        }
    }
}
