// GGUF files byte by byte, damaged where a test asks for it.

import FileIO
import Foundation

/// The parts of a small GGUF file, each of which a test may replace.
struct SmallGGUF {
    private typealias Small = SmallTensorFiles

    var magic = Array("GGUF".utf8)
    var version: UInt32 = 3
    var tensorCount: UInt64?
    var keyCount: UInt64?
    var keys: [[UInt8]] = [Self.key("general.architecture", 8, Self.string("small"))]
    var tensors: [[UInt8]] = [Self.tensor("a", [2], 0, at: 0), Self.tensor("b", [32], 8, at: 32)]
    /// The float32 1 and 2; then a block of int8, of scale 0.5, all 3.
    var data: [UInt8] =
        [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40] + [UInt8](repeating: 0, count: 24)
        + [0, 0x38] + [UInt8](repeating: 3, count: 32)
    var alignment = 32

    /// A string: its length, then its bytes.
    static func string(_ text: String) -> [UInt8] {
        Small.littleEndian(UInt64(text.utf8.count)) + Array(text.utf8)
    }

    /// A key with the number of a type and a value's bytes.
    static func key(_ name: String, _ type: UInt32, _ value: [UInt8]) -> [UInt8] {
        string(name) + Small.littleEndian(type) + value
    }

    /// An array's bytes.
    static func array(_ type: UInt32, count: UInt64, _ elements: [UInt8] = []) -> [UInt8] {
        Small.littleEndian(type) + Small.littleEndian(count) + elements
    }

    /// The description of a tensor, its extents innermost first.
    static func tensor(
        _ name: String,
        _ extents: [UInt64],
        _ type: UInt32,
        at offset: UInt64
    ) -> [UInt8] {
        string(name) + Small.littleEndian(UInt32(extents.count))
            + extents.flatMap(Small.littleEndian) + Small.littleEndian(type)
            + Small.littleEndian(offset)
    }

    /// The file.
    var bytes: [UInt8] {
        var file = magic + Small.littleEndian(version)
        file += Small.littleEndian(tensorCount ?? UInt64(tensors.count))
        file += Small.littleEndian(keyCount ?? UInt64(keys.count))
        file += (keys + tensors).flatMap(\.self)
        file += [UInt8](repeating: 0, count: (alignment - file.count % alignment) % alignment)
        return file + data
    }

    /// The file with some parts replaced.
    static func with(_ change: (inout SmallGGUF) -> Void) -> [UInt8] {
        var parts = SmallGGUF()
        change(&parts)
        return parts.bytes
    }

    /// A file written by the gguf package, and the package's view of its tensors.
    static func fixture() throws -> (path: FilePath, expected: [String: Expected]) {
        let fixtures = FilePath(Bundle.module.resourcePath ?? ".").appending("Fixtures")
        let json = URL(fileURLWithPath: fixtures.appending("small.json").string)
        let expected = try JSONDecoder().decode(
            [String: Expected].self,
            from: Data(contentsOf: json)
        )
        return (fixtures.appending("small.gguf"), expected)
    }

    /// A tensor as the gguf package sees it.
    struct Expected: Decodable {
        /// The name of its type.
        let type: String
        /// Its extents, outermost first.
        let shape: [Int]
        /// The digest of its elements as float32.
        let sha256: String
    }
}
