import Tensors
import TestSupport
import Testing

@testable import TensorFiles

@Suite struct TensorArchiveTests: OpensSmallFiles {
    private typealias Small = SmallTensorFiles

    // MARK: safetensors

    @Test func safetensorsAreFoundByName() throws {
        let archive = try open(Small.safetensors)
        #expect(archive.tensors.map(\.name) == ["a", "b"])
        #expect(archive["b"]?.storedType == .float16)
        #expect(archive["b"]?.shape == [3, 1])
        try #expect(floats(archive["a"]) == [1, 2])
        try #expect(floats(archive["b"]) == [1.5, -1, 0])
        #expect(archive["c"] == nil)
        #expect(throws: TensorFileError.missingTensor(path: archive.path, name: "c")) {
            try archive.tensor("c", shape: [2])
        }
        try #expect(archive.tensor("a", shape: [2]).count == 2)
        let error = #expect(throws: TensorFileError.self) {
            try archive.tensor("a", shape: [1, 2])
        }
        #expect(error?.description.contains("has the shape [2], but [1, 2] is needed") == true)
    }

    @Test(arguments: [
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", "the end of 'a'"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "the start of 'a'"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "asks for"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", "within the 8 bytes"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "the shape of 'a'"),
        (
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}",
            "the shape of 'a'"
        ),
        (
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}",
            "the shape of 'a' should be a list of whole numbers"
        ),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "the offsets of 'a'"),
        (
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}",
            "the offsets of 'a'"
        ),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", "the offsets of 'a'"),
        ("{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", "unknown type 'F31'"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "without 'data_offsets'"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":null,\"data_offsets\":[0,8]}}", "the shape of 'a'"),
        ("{\"a\":[]}", "byte 5 of the header should be '{'"),
        ("{\"a\":", "byte 5 of the header should be '{'"),
        ("{", "byte 1 of the header"),
        ("{\"a\":{},\"a\":{}}", "complete, but is without 'dtype'"),
        (
            "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}",
            "byte 20 of the header should be a name that the object has not yet"
        ),
        (
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
                + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
            "a name that the object has not yet"
        ),
        ("{\"a\":{\"dtype\":\"Q8_0\"}}", "unknown type 'Q8_0'"),
        (
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
            "the start of 'b' should be byte 8 of the data"
        ),
    ])
    func headersThatContradictTheFileAreRefused(header: String, message: String) {
        let bytes = Small.safetensors(header, data: [UInt8](repeating: 0, count: 8))
        #expect(error(opening: bytes).contains(message), "\(error(opening: bytes))")
    }

    @Test func deeplyNestedHeaderIsAnError() {
        let header = "{\"a\":" + String(repeating: "[", count: 100_000)
        #expect(error(opening: Small.safetensors(header, data: [])).contains("is damaged"))
    }

    @Test func everyTruncationOfSafetensorsIsAnError() {
        for count in Small.safetensors.indices {
            #expect(error(opening: Array(Small.safetensors[..<count])) != "no error", "\(count)")
        }
        #expect(error(opening: Small.safetensors + [0]).contains("asks for"))
        var long = Small.safetensors
        long[7] = 0xFF
        #expect(error(opening: long).contains("the length of the header"))
    }

    @Test func headerWhoseLengthLooksLikeJSONIsNotTakenForAnIndex() throws {
        // 123 is "{".
        let entry = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
        let header = entry + String(repeating: " ", count: 123 - entry.utf8.count)
        let archive = try open(Small.safetensors(header, data: [7]))
        #expect(archive["a"]?.withUnsafeBytes { Array($0) } == [7])
        let tensor = try Tensor(zeros: [1])
        let error = #expect(throws: TensorFileError.self) { try archive["a"]?.read(into: tensor) }
        #expect(error?.description.contains("tensor 'a' has elements of type uint8") == true)
    }

    /// The length then begins like a pickle.
    @Test(arguments: [640, 640 + 1 << 16])
    func headerWhoseLengthLooksLikeAPickleIsNotTakenForOne(byteCount: Int) throws {
        let entry = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
        let header = entry + String(repeating: " ", count: byteCount - entry.utf8.count)
        let archive = try open(Small.safetensors(header, data: [7]))
        #expect(archive["a"]?.withUnsafeBytes { Array($0) } == [7])
    }

    // MARK: Several files

    private func openIndex(_ map: String, files: [String: [UInt8]]) throws -> TensorArchive {
        try withTemporaryDirectory { directory in
            for (name, bytes) in files { try Small.write(bytes, to: directory.appending(name)) }
            let index = directory.appending("model.safetensors.index.json")
            try Small.write(Array("{\"weight_map\":\(map)}".utf8), to: index)
            return try TensorArchive(contentsOf: directory)
        }
    }

    @Test func tensorsOfSeveralFilesAreOneArchive() throws {
        let pyTorch = Small.pyTorch(Pickle.dictionary([("c", Pickle.tensor())]))
        let archive = try openIndex(
            "{\"c\":\"2.bin\",\"b\":\"1\",\"a\":\"1\"}",
            files: ["1": Small.safetensors, "2.bin": pyTorch]
        )
        #expect(archive.tensors.map(\.name) == ["a", "b", "c"])
        try #expect(floats(archive["b"]) == [1.5, -1, 0])
        try #expect(floats(archive["c"]) == [1, 2, 3, 4])
    }

    @Test(arguments: [
        ("{\"a\":\"../1\"}", "the name of a file should be that of a file next to it"),
        ("{\"a\":\"/etc/passwd\"}", "the name of a file"),
        ("{\"a\":\"..\"}", "the name of a file"),
        ("{\"a\":\"\"}", "the name of a file"),
        ("{\"a\":\"1\\u0000\"}", "the name of a file"),
        ("{\"a\":\"2\"}", "does not exist"),
        ("{\"c\":\"1\"}", "has no tensor 'c'"),
        ("{\"a\":\"model.safetensors.index.json\"}", "not a safetensors, PyTorch or GGUF file"),
        ("{\"a\":1}", "'weight_map.a' of its JSON"),
        ("[]", "of the wrong type"),
    ])
    func damagedIndexIsRefused(map: String, message: String) {
        let error = #expect(throws: (any Error).self) {
            try openIndex(map, files: ["1": Small.safetensors])
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains(message), "\(String(describing: error))")
    }

    @Test func otherFilesAreNotTakenForTensors() throws {
        #expect(error(opening: []).contains("it is not a safetensors, PyTorch or GGUF file"))
        #expect(error(opening: Array("Hello, world".utf8)).contains("check that it is the right"))
        #expect(error(opening: [0x80, 2, 0x8A, 10]).contains("before version 1.6"))
        try withTemporaryDirectory { directory in
            let error = #expect(throws: TensorFileError.self) {
                try TensorArchive(contentsOf: directory)
            }
            #expect(error?.description.contains("looked for model.safetensors,") == true)
        }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func realModelHasItsTensors() throws {
        let archive = try TensorArchive(contentsOf: TestData.path("tiny-gpt2"))
        #expect(archive.tensors.reduce(0) { $0 + $1.count } == 236_224)
        #expect(
            archive["transformer.wte.weight"]?.shape ?? archive["wte.weight"]?.shape == [53, 64]
        )
    }
}
