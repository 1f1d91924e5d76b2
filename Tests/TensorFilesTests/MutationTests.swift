// Randomly damaged containers: an error or tensors, but never a crash, a hang or a lot of memory.

import FileIO
import Tensors
import TestSupport
import Testing

@testable import TensorFiles

@Suite struct MutationTests {
    private typealias Small = SmallTensorFiles

    /// Opens damaged copies of a file and reads everything that was opened.
    ///
    /// `name` is the file's name in a directory that also holds `others`.
    private static func run(
        _ original: [UInt8],
        count: Int = 2000,
        name: String = "model",
        others: [String: [UInt8]] = [:]
    ) throws {
        try withTemporaryDirectory { directory in
            for (name, bytes) in others { try Small.write(bytes, to: directory.appending(name)) }
            let path = directory.appending(name)
            try Mutations.run(original, count: count, at: path) {
                if let file = try? GGUFFile(contentsOf: path) { read(file.metadata) }
                guard let archive = try? TensorArchive(contentsOf: path) else { return }
                for tensor in archive.tensors {
                    _ = tensor.withUnsafeBytes { $0.reduce(0) { $0 &+ Int($1) } }
                    _ = try? tensor.floats()
                    _ = try? tensor.tensor()
                }
            }
        }
    }

    private static func read(_ metadata: GGUFMetadata) {
        for key in metadata.keys {
            _ = metadata[key]?.number
            guard case .array(let array) = metadata[key] else { continue }
            _ = try? array.byteStrings()
            _ = try? array.scalars()
        }
    }

    @Test(.timeLimit(.minutes(1))) func safetensorsAreReadOrRefused() async {
        await #expect(processExitsWith: .success) { try Self.run(Small.safetensors) }
    }

    @Test(.timeLimit(.minutes(1))) func indicesAreReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            let index = "{\"metadata\":{\"size\":1},\"weight_map\":{\"a\":\"1\",\"b\":\"1\"}}"
            try Self.run(Array(index.utf8), others: ["1": Small.safetensors])
        }
    }

    @Test(.timeLimit(.minutes(1))) func zipFilesAreReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            let pickle = Pickle.dictionary([("a", Pickle.tensor()), ("b", Pickle.tensor())])
            for isLarge in [false, true] {
                try Self.run(Small.pyTorch(pickle, isLarge: isLarge))
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func ggufFilesAreReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            try Self.run(SmallGGUF().bytes)
            try Self.run(MappedFile(SmallGGUF.fixture().path).contents())
        }
    }

    /// Forty megabytes that begin and end as a header does.
    private static func longHeader(_ entry: String) -> [UInt8] {
        let entries = String(repeating: entry, count: 40_000_000 / entry.utf8.count)
        let header = Array("{\(entries)}".utf8)
        return Small.littleEndian(UInt64(header.count)) + header
    }

    @Test(arguments: [
        "\u{1}nonsense", "[", "\"a\":", "\"a\":1,", "\"a\":{\"dtype\":\"F32\",",
        "\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},",
        "\"__metadata__\":{\"a\":\"b\"},",
    ])
    func aLongHeaderOfNonsenseIsRefusedWhereItBegins(entry: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.safetensors")
            try Small.write(Self.longHeader(entry), to: path)
            #expect(throws: TensorFileError.self) { try TensorArchive(contentsOf: path) }
        }
    }

    @Test func aHeaderMayNotNameMoreTensorsThanAnyModelHas() throws {
        let entries = (0...SafetensorsHeader.mostTensors).map {
            "\"\($0)\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}"
        }
        let header = "{\(entries.joined(separator: ","))}"
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.safetensors")
            try Small.write(Small.safetensors(header, data: []), to: path)
            let error = #expect(throws: TensorFileError.self) {
                try TensorArchive(contentsOf: path)
            }
            #expect(error?.description.contains("the number of tensors should be at most") == true)
        }
    }
}
