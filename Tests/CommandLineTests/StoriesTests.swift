import FileIO
import Foundation
import TestSupport
import Testing

/// A grammar of one story of 12 bytes.
private func withGrammar(
    _ grammar: String = "[plot P]\n\nTwelve bytes\n",
    _ body: (_ directory: FilePath, _ grammar: String) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        try FileSystem.createDirectory(directory.appending("g"))
        try writeBytes(Array(grammar.utf8), to: directory.appending("g/a.txt"))
        try body(directory, directory.appending("g").string)
    }
}

@Suite(.serialized) struct StoriesTests {
    @Test func storiesGoToStdoutOrAFile() throws {
        try withGrammar { directory, grammar in
            let expected = "Twelve bytes\n<|endoftext|>Twelve bytes\n"
            let outcome = try swiftlet("stories", "--bytes", "13", "--grammar", grammar)
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            #expect(outcome.output == expected)
            let path = directory.appending("s.txt")
            let arguments = [
                "stories", "--bytes", "13", "--grammar", grammar, "--output", path.string,
            ]
            let file = try swiftlet(arguments)
            #expect(file.status == 0)
            #expect(file.output == "\(path): 39 bytes\n")
            try #expect(MappedFile(path).contents() == Array(expected.utf8))
            expectError(try swiftlet(arguments), 73, path.string)
            try #expect(swiftlet(arguments + ["--overwrite"]).status == 0)
        }
    }

    @Test func aSeedDecidesThem() throws {
        try withGrammar(
            "[words n]\n" + (0..<100).map { "w\($0)\n" }.joined() + "[plot P]\n\n{n} {n}\n"
        ) {
            _,
            grammar in
            func tell(_ seed: String) throws -> String {
                try swiftlet("stories", "--bytes", "500", "--grammar", grammar, "--seed", seed)
                    .output
            }
            try #expect(tell("1") == tell("1"))
            try #expect(tell("1") != tell("2"))
        }
    }

    @Test func theGrammarIsInTheProgram() throws {
        try withTemporaryDirectory { directory in
            let outcome = try shell(
                "cd '\(directory)' && \"$SWIFTLET\" stories --bytes 2000 --seed 3"
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            let stories = FilePath(#filePath).removingLastComponent().removingLastComponent()
                .removingLastComponent().appending("data/stories").string
            let read = try swiftlet([
                "stories", "--bytes", "2000", "--seed", "3", "--grammar", stories,
            ])
            #expect(outcome.output == read.output)
            #expect(outcome.output.utf8.count >= 2000)
        }
    }

    @Test(arguments: ["{|}", "?  {|}", "{| {|}}\n\n| {|}\n| {|}"])
    func storiesThatCanOnlyBeEmptyAreRefused(_ body: String) throws {
        try withGrammar("[plot P]\n\n\(body)\n") { directory, grammar in
            let path = directory.appending("s.txt").string
            for output in [[], ["--output", path]] {
                let arguments = ["stories", "--bytes", "10", "--grammar", grammar] + output
                expectError(try swiftlet(arguments), 65, "a.txt:1: ")
            }
            #expect(!FileSystem.exists(FilePath(path)))
        }
    }

    @Test func storiesThatHappenToBeEmptyAreLeftOut() throws {
        try withGrammar("[plot P]\n\n? Words.\n\n? {|}\n") { _, grammar in
            let outcome = try swiftlet("stories", "--bytes", "100", "--grammar", grammar)
            #expect(outcome.status == 0)
            let stories = outcome.output.dropLast().components(separatedBy: "\n<|endoftext|>")
            #expect(stories.count > 3)
            #expect(stories.allSatisfy { $0.hasPrefix("Words.") }, "\(stories)")
        }
    }

    @Test func mistakesAreReportedInOneSentence() throws {
        try withGrammar("[plot P]\n\n{nobody}\n") { directory, grammar in
            func tell(_ bytes: String, _ grammar: String, _ more: String...) throws -> Outcome {
                try swiftlet(["stories", "--bytes", bytes, "--grammar", grammar] + more)
            }
            expectError(try tell("10", grammar), 65, "\(grammar)/a.txt:3: ")
            expectError(try tell("0", grammar), 64, "--bytes")
            expectError(try tell("10", directory.string), 66, directory.string)
            let missing = directory.appending("missing").string
            expectError(try tell("10", missing), 66, missing)
        }
    }
}
