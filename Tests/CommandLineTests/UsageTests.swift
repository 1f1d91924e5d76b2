import Testing

@Suite(.serialized) struct UsageTests {
    @Test func helpGoesToStdout() throws {
        for arguments in [["--help"], ["help"]] {
            let outcome = try swiftlet(arguments)
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("SUBCOMMANDS:"))
            #expect(outcome.errors == "")
        }
        for arguments in [["help", "bench", "train"], ["bench", "help", "train"]] {
            let outcome = try swiftlet(arguments)
            #expect(outcome.output.contains("USAGE: swiftlet bench train"))
        }
        for command in ["train", "sample", "info"] {
            let outcome = try swiftlet(command, "--help")
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("USAGE: swiftlet \(command)"))
            #expect(outcome.errors == "")
        }
    }

    @Test(arguments: [
        (["sampel"], "'sample'"), (["eval"], "'evaluate'"), (["tokenizer", "encod"], "'encode'"),
        (["help", "sampl"], "'sample'"), (["help", "bench", "kernel"], "'kernels'"),
        (["TRAIN"], "'train'"), (["tokenizer", "help", "encod"], "'encode'"),
    ])
    func aMistypedCommandNamesTheRightOne(arguments: [String], name: String) throws {
        expectError(try swiftlet(arguments), 64, "did you mean \(name)?")
    }

    @Test func anUnknownCommandIsReportedInOneSentence() throws {
        for arguments in [["xyz"], ["help", "xyz"], ["sam\u{1b}[1m"]] {
            let outcome = try swiftlet(arguments)
            expectError(outcome, 64, "there is no command")
            #expect(outcome.errors.contains("see 'swiftlet --help'"))
        }
    }

    @Test func aMistypedOptionNamesTheRightOne() throws {
        let outcome = try swiftlet("sample", "--modle", "x")
        expectError(outcome, 64, "there is no option '--modle' (did you mean '--model'?)")
        #expect(outcome.errors.contains("see 'swiftlet sample --help'"))
        let encode = try swiftlet("tokenizer", "encode", "--tokeniser=x")
        expectError(encode, 64, "(did you mean '--tokenizer'?)")
        #expect(encode.errors.contains("see 'swiftlet tokenizer encode --help'"))
    }

    @Test func aBenchmarkOfAnInvalidSizeIsReportedInOneSentence() throws {
        for rows in ["0", "\(Int.max)"] {
            expectError(try swiftlet("bench", "kernels", "--rows", rows), 64, "--rows")
        }
    }

    @Test func completionsForAnUnknownShellAreReportedInOneSentence() throws {
        let outcome = try swiftlet("--generate-completion-script", "csh\u{1b}")
        expectError(outcome, 64, "completion scripts for 'csh\\u{1b}'")
    }

    @Test func completionScriptsAreMade() throws {
        for name in ["bash", "zsh", "fish"] {
            let outcome = try swiftlet("--generate-completion-script", name)
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("swiftlet"))
        }
    }
}
