// Names and patterns: names are bytes, and an existing name is taken literally.

import FileIO
import TestSupport
import Testing

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct FileNameTests {
    @Test func namesThatAreNotTextAreListedAsTheyAre() throws {
        try withTemporaryDirectory { directory in
            let names =
                [[0x61, 0xFF], [0x61, 0xEF, 0xBF, 0xBD], [0xC3, 0x28, 0x2E]] as [[UInt8]]
            for name in names {
                try AtomicFile(directory.appending(FilePath(bytes: name).components)).commit()
            }
            let listed = try FileSystem.names(in: directory)
            #expect(listed.map(\.bytes) == names.sorted { $0.lexicographicallyPrecedes($1) })
            for name in listed { #expect(FileSystem.exists(directory.appending(name))) }
        }
    }

    @Test func namesThatBeginWithADotAreHidden() throws {
        // Of these, Swift's strings see a dot in only one: the other's dot has an accent.
        #expect(FilePath.Component(".a").isHidden == true)
        #expect(FilePath.Component(".\u{301}a").isHidden == true)
        #expect(FilePath.Component("a.b").isHidden == false)
    }

    @Test func aNameBesideAnotherIsCutShortBetweenCharacters() throws {
        let path = FilePath("/tmp/" + String(repeating: "é", count: 127))
        let name = try #require(path.beside(prefix: ".", suffix: ".12").lastComponent)
        #expect(name.string == "." + String(repeating: "é", count: 125) + ".12")
        #expect(FilePath("a").beside(suffix: ".part") == "a.part")
        #expect(
            FilePath(bytes: [0xFF]).beside(suffix: ".part").bytes == [0xFF] + Array(".part".utf8)
        )
    }
}

@Suite struct PatternTests {
    private func make(_ names: [String], in directory: FilePath) throws {
        for name in names { try AtomicFile(directory.appending(name)).commit() }
    }

    @Test(
        arguments: [
            ("data[1].bin", "data1.bin"), ("a*.bin", "a2.bin"), ("b?.bin", "b3.bin"),
            ("{c,d}.bin", "c.bin"), ("e\\*.bin", "e*.bin"),
        ]
    )
    func anExistingNameIsTakenLiterally(name: String, other: String) throws {
        try withTemporaryDirectory { directory in
            try make([other], in: directory)
            let path = directory.appending(name)
            #expect(FileSystem.paths(matching: path) != [path])
            try make([name], in: directory)
            #expect(FileSystem.paths(matching: path) == [path])
        }
    }

    @Test(arguments: [("d[1]", "d1"), ("d*", "d2"), ("d?", "d3"), ("d\\[1]", "d[1]")])
    func anExistingDirectoryIsTakenLiterally(name: String, other: String) throws {
        try withTemporaryDirectory { directory in
            let (meant, another) = (directory.appending(name), directory.appending(other))
            for folder in [meant, another] { try FileSystem.createDirectory(folder) }
            try make(["a.bin"], in: meant)
            try make(["a.bin", "b.bin"], in: another)
            let pattern = meant.appending("*.bin")
            #expect(FileSystem.paths(matching: pattern) == [meant.appending("a.bin")])
            #expect(FileSystem.paths(matching: meant.appending("b.bin")) == [])
            // Where it does not exist, it is a pattern.
            try FileSystem.remove(meant.appending("a.bin"))
            try FileSystem.removeDirectory(meant)
            let found = ["a.bin", "b.bin"].map { another.appending($0) }
            #expect(FileSystem.paths(matching: pattern) == found)
        }
    }

    @Test func aPatternFindsPathsSortedByTheirBytes() throws {
        try withTemporaryDirectory { directory in
            try make(["b_train.bin", "a_train.bin", "a_val.bin", "é_train.bin"], in: directory)
            let odd = directory.appending(FilePath(bytes: [0xFF] + "_train.bin".utf8).components)
            try AtomicFile(odd).commit()
            #expect(
                FileSystem.paths(matching: directory.appending("*_train.bin"))
                    == ["a_train.bin", "b_train.bin", "é_train.bin"].map { directory.appending($0) }
                    + [odd]
            )
        }
    }

    @Test func aDanglingLinkIsNotAPattern() throws {
        try withTemporaryDirectory { directory in
            try make(["x1"], in: directory)
            let link = directory.appending("x[1]")
            try #require(link.withPlatformString { symlink("nowhere", $0) } == 0)
            #expect(FileSystem.paths(matching: link) == [link])
        }
    }
}
