import FileIO
import TestSupport
import Testing
import TokenData

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

private func makeLink(_ path: FilePath, to target: FilePath) throws {
    try FileManager.default.createSymbolicLink(
        atPath: path.string,
        withDestinationPath: target.string
    )
}

@Suite struct PreparationInputTests {
    /// The inputs that `arguments` name, below a directory that has these files.
    private func find(
        _ arguments: [String],
        files: [String],
        format: TextInput.Format? = nil
    ) throws -> [String] {
        try withTemporaryDirectory { directory in
            for name in files { try writeText([], to: directory.appending(name)) }
            let arguments = arguments.map { $0 == "-" ? "-" : directory.appending($0) }
            return try TextInput.find(arguments, format: format).map { input in
                let name = input.name.dropFirst(input.path == nil ? 0 : directory.string.count + 1)
                return name + (input.format == .jsonLines ? " (rows)" : "")
            }
        }
    }

    @Test func directoriesGiveTheirTextFilesInTheOrderOfNames() throws {
        let files = [
            "d/b.txt", "d/a/z.md", "d/a/y.jsonl", "d/C.txt", "d/notes.pdf", "d/.hidden.txt",
            "d/.git/x.txt", "d/txt", "e.txt",
        ]
        #expect(
            try find(["e.txt", "d"], files: files) == [
                "e.txt", "d/C.txt", "d/a/y.jsonl (rows)", "d/a/z.md", "d/b.txt",
            ]
        )
    }

    @Test func filesAreTakenWhateverTheirNames() throws {
        #expect(try find(["a", ".b", "-"], files: ["a", ".b"]) == ["a", ".b", "standard input"])
        #expect(
            try find(["a.txt", "-"], files: ["a.txt"], format: .jsonLines) == [
                "a.txt (rows)", "standard input (rows)",
            ]
        )
    }

    @Test func linksThatLeadBackAreNotFollowed() throws {
        try withTemporaryDirectory { directory in
            try writeText([], to: directory.appending("d/a.txt"))
            try makeLink(directory.appending("d/loop"), to: directory.appending("d"))
            try makeLink(directory.appending("d/b.txt"), to: directory.appending("d/a.txt"))
            let inputs = try TextInput.find([directory.appending("d")])
            #expect(inputs.map { $0.path?.lastComponent?.string } == ["a.txt", "b.txt"])
        }
    }

    @Test func oddEntriesOfADirectoryAreSkipped() throws {
        try withTemporaryDirectory { directory in
            let input = directory.appending("d")
            try writeText([], to: input.appending("a.txt"))
            let odd = input.appending(FilePath(bytes: [0xFF] + ".txt".utf8).components)
            try writeText([], to: odd)
            let (nowhere, pipe) = (input.appending("b.txt"), input.appending("c.txt"))
            try makeLink(nowhere, to: directory.appending("missing"))
            try #require(pipe.withPlatformString { mkfifo($0, 0o600) } == 0)
            // Its name is not that of a text file, so nobody asked for it.
            try makeLink(input.appending("e.bin"), to: directory.appending("missing"))
            var passedOver: [FileIOError?] = []
            let inputs = try TextInput.find([input]) { passedOver.append($0 as? FileIOError) }
            #expect(inputs.map(\.path) == [input.appending("a.txt"), odd])
            #expect(
                passedOver == [
                    .missing(path: nowhere),
                    .system(path: pipe, action: "read", reason: "it is not a regular file"),
                ]
            )
            // Named outright, it is a mistake.
            #expect(throws: FileIOError.missing(path: nowhere)) { try TextInput.find([nowhere]) }
        }
    }

    @Test func whatCannotBeReadIsNamed() throws {
        try withTemporaryDirectory { directory in
            let missing = directory.appending("missing.txt")
            #expect(throws: FileIOError.missing(path: missing)) {
                try TextInput.find([missing])
            }
            #expect(
                throws: PreparationError.noTextFiles(
                    directory: directory,
                    extensions: ["txt", "md", "jsonl"]
                )
            ) { try TextInput.find([directory]) }
            #expect(throws: PreparationError.repeatedStandardInput) {
                try TextInput.find(["-", "-"])
            }
        }
    }

    @Test func theSizeOfAllIsKnownWhenAllAreFiles() throws {
        try withTemporaryDirectory { directory in
            for (name, count) in [("a.txt", 5), ("b.txt", 7)] {
                let bytes = [UInt8](repeating: 0x61, count: count)
                try writeText(bytes, to: directory.appending(name))
            }
            let files = try TextInput.find([directory])
            #expect(TextDocuments(files).byteCount == 12)
            let standardInput = TextInput(path: nil, format: .text)
            #expect(TextDocuments(files + [standardInput]).byteCount == nil)
        }
    }
}
