// What is at an output's path is respected, and what a system limit cuts off is an error
// that leaves nothing behind.

import FileIO
import TestSupport
import Testing

@Suite(.serialized) struct OutputTests {
    @Test func aPipeOfAShellCanBeTheOutput() throws {
        try withTemporaryDirectory { directory in
            let (tokenizer, text) = (directory.appending("t.bin"), directory.appending("a.txt"))
            try writeTokenizer(to: tokenizer)
            try writeBytes(Array("some text".utf8), to: text)
            let outcome = try shell(
                """
                cd '\(directory)' && mkfifo out_train.bin && cat out_train.bin > got & \
                cd '\(directory)' && while [ ! -p out_train.bin ]; do sleep 0.01; done; \
                $SWIFTLET prepare a.txt --tokenizer t.bin --name out; status=$?; wait; exit $status
                """
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try MappedFile(directory.appending("got")).count == 1024 + 2 * 10)
            #expect(FileSystem.isStream(directory.appending("out_train.bin")))
        }
    }

    @Test func aTokenizerIsWrittenThroughALink() throws {
        try withTemporaryDirectory { directory in
            let text = try writeBytes(Array("aa bb aa bb".utf8), to: directory.appending("a.txt"))
            let outcome = try shell(
                """
                cd '\(directory)' && mkdir big && ln -s big/real link && \
                $SWIFTLET tokenizer train \(text) --vocabulary-size 258 --output link && \
                $SWIFTLET tokenizer train \(text) --vocabulary-size 258 --output /dev/null
                """
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(FileSystem.isSymbolicLink(directory.appending("link")))
            #expect(FileSystem.byteCount(of: directory.appending("big/real")) != nil)
            #expect(FileSystem.isStream("/dev/null"))
        }
    }

    @Test func outputToStandardOutputIsMixedWithNothing() throws {
        try withTemporaryDirectory { directory in
            let (here, there) = (directory.appending("here"), directory.appending("there"))
            let outcome = try shell(
                """
                $SWIFTLET stories --bytes 1000 --output '\(here)' && \
                $SWIFTLET stories --bytes 1000 --output /dev/stdout > '\(there)'
                """
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try MappedFile(there).contents() == MappedFile(here).contents())
            #expect(outcome.errors.hasPrefix("swiftlet: /dev/stdout: "))
        }
    }

    @Test func aFileSizeLimitIsAnErrorThatLeavesNothing() throws {
        try withTemporaryDirectory { directory in
            try writeTokenizer(to: directory.appending("t.bin"))
            try writeBytes(
                [UInt8](repeating: 0x61, count: 60_000),
                to: directory.appending("a.txt")
            )
            let outcome = try shell(
                """
                cd '\(directory)' && ulimit -f 10 && \
                $SWIFTLET prepare a.txt --tokenizer t.bin --output o --name s
                """
            )
            #expect(outcome.status == 74)
            #expect(outcome.errors.contains("File too large"))
            #expect(outcome.errors.split(separator: "\n").count == 1)
            #expect(try FileSystem.names(in: directory.appending("o")) == [])
        }
    }

    @Test func oddEntriesOfADirectoryAreCountedAtTheEnd() throws {
        try withTemporaryDirectory { directory in
            try writeTokenizer(to: directory.appending("t.bin"))
            let outcome = try shell(
                """
                cd '\(directory)' && mkdir in && printf 'text' > in/a.txt && \
                ln -s missing in/b.txt && printf 'more' > "$(printf 'in/c\\377.txt')" && \
                $SWIFTLET prepare in --tokenizer t.bin --output o --name s --json
                """
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try outcome.object()["documents"] as? Int == 2)
            let lines = outcome.errors.split(separator: "\n")
            #expect(
                lines.first == "swiftlet: skipped: 'in/b.txt' does not exist; check the path"
            )
            #expect(lines.last == "swiftlet: 1 directory entry was skipped")
        }
    }

    @Test func dataNamedLikeAPatternIsTakenLiterally() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let data = directory.appending("data[1].bin")
            try writeShard(to: directory.appending("data1.bin"), count: 100)
            try writeShard(to: data, count: 300)
            let outcome = try swiftlet([
                "evaluate", "--model", model.string, "--data", data.string, "--batch-size", "1",
                "--sequence-length", "32", "--json",
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try outcome.object()["tokens"] as? Int == 288)
        }
    }
}
