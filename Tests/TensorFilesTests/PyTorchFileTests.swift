import FileIO
import TestSupport
import Testing

@testable import TensorFiles

@Suite struct PyTorchFileTests: OpensSmallFiles {
    private typealias Small = SmallTensorFiles

    /// The error for a dictionary whose entry `a` is made by these instructions.
    private func error(value: [UInt8]) -> String {
        error(opening: Small.pyTorch(Pickle.dictionary([("a", value)])))
    }

    @Test(arguments: [false, true]) func tensorsAreFoundByName(isLarge: Bool) throws {
        let parameter =
            Pickle.global("torch._utils", "_rebuild_parameter")
            + Pickle.tuple([
                Pickle.tensor(offset: 1, shape: [3], strides: [1]), [0x88], Pickle.none,
            ])
            + Pickle.call
        let pickle = Pickle.dictionary([
            ("a", Pickle.tensor()),
            ("step", Pickle.integer(-3)),
            ("b", parameter),
            // The stride of an axis with one element means nothing, and neither do those of an
            // empty tensor.
            ("c", Pickle.tensor(offset: 2, shape: [1, 2, 1], strides: [9, 1, 7])),
            ("d", Pickle.tensor(shape: [0, 2], strides: [5, 5])),
            ("e", Pickle.tensor(offset: 3, shape: [], strides: [])),
        ])
        let archive = try open(Small.pyTorch(pickle, isLarge: isLarge))
        #expect(archive.tensors.map(\.name) == ["a", "b", "c", "d", "e"])
        try #expect(floats(archive["a"]) == [1, 2, 3, 4])
        try #expect(floats(archive["b"]) == [2, 3, 4])
        try #expect(floats(archive["c"]) == [3, 4])
        try #expect(floats(archive["d"]) == [])
        try #expect(floats(archive["e"]) == [4])
        #expect(archive["c"]?.shape == [1, 2, 1])
    }

    @Test func memoOfAnOrderedDictionaryIsFollowed() throws {
        // collections.OrderedDict() with a memo for its names, filled by SETITEMS, and a state.
        let storage = Pickle.storage("BFloat16Storage") + [0x71, 3]
        let pickle =
            Pickle.start + Pickle.global("collections", "OrderedDict") + [0x71, 0]
            + Pickle.emptyTuple + Pickle.call + [0x71, 1] + Array("(".utf8)
            + Pickle.text("a") + [0x71, 2] + Pickle.tensor(storage)
            + Pickle.text("b") + Pickle.tensor([0x68, 3], offset: 2, shape: [2], strides: [1])
            + Array("u".utf8) + Pickle.emptyDictionary + Pickle.text("_metadata") + [0x68, 0]
            + Pickle.emptyTuple + Pickle.call + Pickle.setItem + Array("b".utf8) + Pickle.stop
        let halves: [UInt8] = [0x80, 0x3F, 0, 0x40, 0x40, 0x40, 0x80, 0x40]
        let archive = try open(Small.pyTorch(pickle, data: [("0", halves)], byteOrder: nil))
        try #expect(floats(archive["a"]) == [1, 2, 3, 4])
        try #expect(floats(archive["b"]) == [3, 4])
        #expect(archive["b"]?.storedType == .bfloat16)
    }

    @Test func nothingThatIsNotATensorIsTouched() {
        let run =
            Pickle.global("posix", "system") + Pickle.tuple([Pickle.text("true")]) + Pickle.call
        #expect(error(value: run).contains("asks for posix.system"))
        #expect(error(value: Pickle.global("builtins", "eval")).contains("asks for builtins.eval"))
        #expect(error(value: Pickle.global("torch", "load")).contains("asks for torch.load"))
        #expect(
            error(value: Pickle.global("torch.storage", "_load_from_bytes")).contains("asks for")
        )
        // INST, OBJ, NEWOBJ, STACK_GLOBAL, EXT1, PERSID.
        for code: UInt8 in [0x69, 0x6F, 0x81, 0x93, 0x82, 0x50] {
            #expect(
                error(value: [code]).contains("has the instruction \(code)"),
                "instruction \(code)"
            )
        }
        #expect(
            error(value: Pickle.global("torch", "FloatStorage") + Pickle.emptyTuple + Pickle.call)
                .contains("calls a function with unexpected arguments")
        )
        #expect(
            error(value: Pickle.text("f") + Pickle.emptyTuple + Pickle.call)
                .contains("calls something that is not a function")
        )
        #expect(
            error(value: Pickle.emptyTuple + Pickle.none + Array("b".utf8))
                .contains("sets the state of something other")
        )
        #expect(error(opening: Small.pyTorch([0x80, 4] + Pickle.stop)).contains("protocol 4"))
    }

    @Test func damagedPicklesAreRefused() {
        func pickle(_ instructions: [UInt8]) -> String {
            error(opening: Small.pyTorch(Pickle.start + instructions))
        }
        #expect(pickle([]).contains("ends too early"))
        #expect(pickle(Pickle.stop).contains("does not make a dictionary"))
        #expect(pickle(Pickle.emptyTuple + Pickle.stop).contains("does not make a dictionary"))
        #expect(pickle(Pickle.setItem).contains("takes a value that is not there"))
        #expect(pickle(Array("t".utf8)).contains("takes a mark that is not there"))
        #expect(pickle(Array("}(s".utf8)).contains("takes a value that is not there"))
        #expect(pickle(Array("h\u{5}".utf8)).contains("recalls a value that is not there"))
        #expect(pickle(Array("q\u{5}".utf8)).contains("remembers a value that is not there"))
        #expect(pickle(Array("}q\u{5}h\u{5}".utf8)).contains("uses a dictionary or list twice"))
        #expect(pickle(Array("NNa".utf8)).contains("appends to something other than a list"))
        #expect(pickle(Array("NNNs".utf8)).contains("adds entries to something other"))
        #expect(pickle(Array("}(Nu".utf8)).contains("adds entries to something other"))
        #expect(pickle(Array("X".utf8) + [255, 255, 255, 255]).contains("ends too early"))
        #expect(pickle(Array("X".utf8) + [1, 0, 0, 0, 0xFF]).contains("not UTF-8"))
        #expect(pickle(Array("ctorch".utf8)).contains("ends too early"))
        #expect(pickle([0x8A, 9] + [UInt8](repeating: 1, count: 9)).contains("9 bytes"))
        #expect(pickle(Array("NQ".utf8)).contains("refers to something other"))
    }

    @Test func picklesThatWouldExhaustMemoryOrTheStackAreRefused() {
        let many = Pickle.start + [UInt8](repeating: 0x4E, count: 70_000)
        #expect(error(opening: Small.pyTorch(many)).contains("too many values at once"))
        let deep = Pickle.start + Pickle.none + [UInt8](repeating: 0x85, count: 100_000)
        #expect(error(opening: Small.pyTorch(deep)).contains("tuples nested"))
        let open = [[UInt8]](repeating: Pickle.emptyDictionary + Pickle.text("a"), count: 9)
        let nested =
            open.flatMap(\.self) + Pickle.none
            + [UInt8](repeating: Pickle.setItem[0], count: 9)
        #expect(
            error(opening: Small.pyTorch(Pickle.start + nested + Pickle.stop))
                .contains("dictionaries nested")
        )
    }

    @Test func dictionariesInDictionariesAreFoundByTheirNames() throws {
        func dictionary(_ entries: [(String, [UInt8])]) -> [UInt8] {
            Array(Pickle.dictionary(entries).dropFirst(Pickle.start.count).dropLast())
        }
        let pickle = Pickle.dictionary([
            ("model", dictionary([("a", Pickle.tensor())])),
            // What a model's optimizer has: numbers as keys, which are dropped with their values.
            (
                "optimizer",
                Pickle.emptyDictionary + Pickle.integer(0) + dictionary([("b", Pickle.tensor())])
                    + Pickle.setItem
            ),
            ("sizes", dictionary([("n", Pickle.integer(7)), ("bias", [0x88]), ("f", [0x89])])),
            ("c", Pickle.tensor(offset: 2, shape: [2], strides: [1])),
        ])
        try withTemporaryDirectory { directory in
            let path = directory.appending("checkpoint.pt")
            try Small.write(Small.pyTorch(pickle), to: path)
            let file = try PyTorchFile(MappedFile(path))
            try #expect(file.tensors(in: "model").tensors.map(\.name) == ["a"])
            try #expect(file.tensors().tensors.map(\.name) == ["c"])
            #expect(file.integer("n", in: "sizes") == 7)
            #expect(file.boolean("bias", in: "sizes") == true)
            #expect(file.boolean("f", in: "sizes") == false)
            #expect(file.integer("bias", in: "sizes") == nil)
            #expect(file.hasDictionary("optimizer"))
            #expect(!file.hasDictionary("c"))
            #expect(throws: TensorFileError.self) { try file.tensors(in: "optimizer") }
            #expect(throws: TensorFileError.self) { try file.tensors(in: "nothing") }
        }
    }

    @Test func tensorsThatContradictTheirElementsAreRefused() {
        #expect(error(value: Pickle.tensor(offset: 1)).contains("the end of 'a' should be within"))
        #expect(error(value: Pickle.tensor(offset: -1)).contains("the end of 'a'"))
        #expect(error(value: Pickle.tensor(shape: [3, 2])).contains("the end of 'a'"))
        #expect(error(value: Pickle.tensor(shape: [-2, 2])).contains("the shape of 'a'"))
        #expect(
            error(value: Pickle.tensor(shape: [.max, .max, .max], strides: [1, 1, 1]))
                .contains("the shape of 'a'")
        )
        #expect(error(value: Pickle.tensor(strides: [1])).contains("the shape of 'a'"))
        #expect(
            error(value: Pickle.tensor(strides: [1, 2]))
                .contains("tensor 'a' is not stored row by row (shape [2, 2], strides [1, 2])")
        )
        #expect(error(value: Pickle.tensor(strides: [0, 0])).contains("not stored row by row"))
        #expect(
            error(value: Pickle.tensor(Pickle.storage(key: "1"))).contains("in entry '1', but is m")
        )
        #expect(error(value: Pickle.tensor(Pickle.storage(count: 5))).contains("but is 16 bytes"))
        #expect(error(value: Pickle.tensor(Pickle.storage(count: -1))).contains("refers to"))
        #expect(
            error(value: Pickle.tensor(Pickle.storage("HalfStorage"))).contains("but is 16 bytes")
        )
        #expect(error(value: Pickle.tensor(Pickle.none)).contains("something other than its el"))
        let twice = Pickle.dictionary([("a", Pickle.tensor()), ("a", Pickle.tensor())])
        #expect(error(opening: Small.pyTorch(twice)).contains("tensors called 'a' should be 1"))
        let nested = Pickle.emptyDictionary + Pickle.text("a") + Pickle.tensor() + Pickle.setItem
        #expect(error(value: nested).contains("no tensor has a name in it"))
    }

    // MARK: The zip file

    private static let small = SmallTensorFiles.pyTorch(Pickle.dictionary([("a", Pickle.tensor())]))

    @Test func zipFilesOfOtherThingsAreRefused() {
        let other = "not of the kind PyTorch saves"
        #expect(error(opening: Small.zip([("readme", [1])])).contains(other))
        let two = Small.zip([("a/data.pkl", Pickle.stop), ("b/data.pkl", Pickle.stop)])
        #expect(error(opening: two).contains(other))
        let same = Small.zip([("a", [1]), ("a", [2])])
        #expect(error(opening: same).contains("entries called 'a' should be 1"))
        let big = Small.pyTorch(Pickle.dictionary([("a", Pickle.tensor())]), byteOrder: "big")
        #expect(error(opening: big).contains("big-endian"))
    }

    @Test func compressedOrEncryptedEntriesAreRefused() throws {
        let directory = try #require(Self.index(of: [0x50, 0x4B, 1, 2]))
        for (offset, value) in [(8, 1), (10, 8)] as [(Int, UInt8)] {
            var bytes = Self.small
            bytes[directory + offset] = value
            #expect(
                error(opening: bytes).contains("'small/data.pkl' of the zip file is compressed")
            )
        }
    }

    @Test func directoriesThatContradictTheFileAreRefused() throws {
        let directory = try #require(Self.index(of: [0x50, 0x4B, 1, 2]))
        let end = Self.small.count - 22
        func changed(_ offset: Int, _ value: [UInt8]) -> String {
            var bytes = Self.small
            bytes.replaceSubrange(offset..<offset + value.count, with: value)
            return error(opening: bytes)
        }
        // The size and the offset of the first entry, and its name.
        let size = [UInt8](repeating: 0x70, count: 8)
        #expect(changed(directory + 20, size).contains("should be before the directory"))
        #expect(changed(directory + 42, [1, 0, 0, 0]).contains("should be an entry"))
        #expect(changed(directory + 42, [0xFF, 0xFF, 0xFF, 0x70]).contains("ends too early"))
        #expect(changed(directory + 46, [0x53]).contains("the name of the entry at byte 0"))
        // The number of entries, and the directory's size and offset.
        #expect(changed(end + 8, [2, 0, 2, 0]).contains("the end of the directory"))
        #expect(changed(end + 8, [9, 0, 9, 0]).contains("an entry of its directory"))
        #expect(changed(end + 8, [1, 0]).contains("disks"))
        #expect(changed(end + 12, [0xFF, 0xFF, 0xFF, 0x7F]).contains("before byte \(end)"))
        #expect(changed(end + 16, [0xFF, 0xFF, 0xFF, 0xFF]).contains("its large directory is"))
    }

    @Test func everyTruncationIsAnError() {
        let large = Small.pyTorch(Pickle.dictionary([("a", Pickle.tensor())]), isLarge: true)
        for bytes in [Self.small, large] {
            #expect(error(opening: bytes) == "no error")
            for count in bytes.indices {
                #expect(error(opening: Array(bytes[..<count])) != "no error", "\(count) bytes")
            }
        }
    }

    private static func index(of pattern: [UInt8]) -> Int? {
        small.indices.first { small[$0...].starts(with: pattern) }
    }
}
