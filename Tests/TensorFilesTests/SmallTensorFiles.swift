// Files of tensors byte by byte, as other programs write them, damaged where a test asks for it.

import FileIO
import Tensors
import TestSupport
import Testing

@testable import TensorFiles

enum SmallTensorFiles {
    /// A safetensors file.
    static func safetensors(_ header: String, data: [UInt8]) -> [UInt8] {
        littleEndian(UInt64(header.utf8.count)) + Array(header.utf8) + data
    }

    /// Two tensors: `a` with the float32 1 and 2, `b` with the float16 1.5, -1 and 0.
    static let safetensors = safetensors(
        """
        {"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[3,1],"data_offsets":[8,14]},\
        "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}
        """,
        data: [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0x3E, 0, 0xBC, 0, 0]
    )

    /// A zip file of stored entries, whose directory is zip64's if `isLarge`.
    static func zip(_ entries: [(name: String, bytes: [UInt8])], isLarge: Bool = false) -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for (name, bytes) in entries {
            let offset = file.count
            let name = Array(name.utf8)
            let size = littleEndian(UInt32(bytes.count))
            let unused = [UInt8](repeating: 0, count: 12)
            // A local header has five bytes of padding, as PyTorch puts there for alignment.
            let padding: [UInt8] = [0x46, 0x42, 1, 0, 0x5A]
            file += [0x50, 0x4B, 3, 4, 0, 0, 0, 0, 0, 0] + unused.prefix(8) + size + size
            file += littleEndian(UInt16(name.count)) + littleEndian(UInt16(padding.count))
            file += name + padding + bytes
            directory += [0x50, 0x4B, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0] + unused.prefix(8)
            let extra =
                littleEndian(UInt16(1)) + littleEndian(UInt16(24))
                + littleEndian(UInt64(bytes.count)) + littleEndian(UInt64(bytes.count))
                + littleEndian(UInt64(offset))
            let large = littleEndian(UInt32.max)
            directory += isLarge ? large + large : size + size
            directory += littleEndian(UInt16(name.count))
            directory += littleEndian(UInt16(isLarge ? extra.count : 0)) + unused.prefix(10)
            directory += isLarge ? large : littleEndian(UInt32(offset))
            directory += name + (isLarge ? extra : [])
        }
        return file + directory + end(of: directory, at: file.count, entries.count, isLarge)
    }

    private static func end(
        of directory: [UInt8],
        at offset: Int,
        _ count: Int,
        _ isLarge: Bool
    ) -> [UInt8] {
        let count16 = littleEndian(UInt16(count))
        let size32 = littleEndian(UInt32(directory.count))
        let end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count16 + count16 + size32
        guard isLarge else { return end + littleEndian(UInt32(offset)) + [0, 0] }
        var record: [UInt8] = [0x50, 0x4B, 6, 6] + littleEndian(UInt64(44))
        record += [UInt8](repeating: 0, count: 12)
        let counts = [count, count, directory.count, offset].map { littleEndian(UInt64($0)) }
        record += counts.flatMap(\.self)
        var locator: [UInt8] = [0x50, 0x4B, 6, 7, 0, 0, 0, 0]
        locator += littleEndian(UInt64(offset + directory.count)) + [1, 0, 0, 0]
        return record + locator + end + littleEndian(UInt32.max) + [0, 0]
    }

    /// A PyTorch file made of a pickle, with elements by key.
    static func pyTorch(
        _ pickle: [UInt8],
        data: [(key: String, bytes: [UInt8])] = [("0", elements)],
        byteOrder: String? = "little",
        isLarge: Bool = false
    ) -> [UInt8] {
        var entries: [(name: String, bytes: [UInt8])] = [("small/data.pkl", pickle)]
        if let byteOrder { entries.append(("small/byteorder", Array(byteOrder.utf8))) }
        for (key, bytes) in data { entries.append(("small/data/\(key)", bytes)) }
        return zip(entries, isLarge: isLarge)
    }

    /// The float32 1, 2, 3 and 4.
    static let elements: [UInt8] = [
        0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40,
    ]

    static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// Writes a file without waiting for the disk, because some tests write thousands.
    static func write(_ bytes: [UInt8], to path: FilePath) throws {
        try writeQuickly(bytes, to: path)
    }
}

/// Instructions of pickles.
enum Pickle {
    static let start: [UInt8] = [0x80, 2]
    static let stop = Array(".".utf8)
    static let none = Array("N".utf8)
    static let emptyDictionary = Array("}".utf8)
    static let emptyTuple = Array(")".utf8)
    static let setItem = Array("s".utf8)
    static let call = Array("R".utf8)

    static func global(_ module: String, _ name: String) -> [UInt8] {
        Array("c\(module)\n\(name)\n".utf8)
    }

    static func text(_ text: String) -> [UInt8] {
        Array("X".utf8) + SmallTensorFiles.littleEndian(UInt32(text.utf8.count)) + Array(text.utf8)
    }

    static func integer(_ value: Int32) -> [UInt8] {
        Array("J".utf8) + SmallTensorFiles.littleEndian(value)
    }

    static func tuple(_ parts: [[UInt8]]) -> [UInt8] {
        Array("(".utf8) + parts.flatMap(\.self) + Array("t".utf8)
    }

    static func integers(_ values: [Int32]) -> [UInt8] {
        tuple(values.map(integer))
    }

    static func storage(_ type: String = "FloatStorage", key: String = "0", count: Int32 = 4)
        -> [UInt8]
    {
        tuple([
            text("storage"), global("torch", type), text(key), text("cpu"), integer(count),
        ]) + Array("Q".utf8)
    }

    static func tensor(
        _ storage: [UInt8] = storage(),
        offset: Int32 = 0,
        shape: [Int32] = [2, 2],
        strides: [Int32] = [2, 1]
    ) -> [UInt8] {
        let hooks = global("collections", "OrderedDict") + emptyTuple + call
        return global("torch._utils", "_rebuild_tensor_v2")
            + tuple([
                storage, integer(offset), integers(shape), integers(strides), none, hooks,
            ]) + call
    }

    /// A complete pickle: a dictionary with these values.
    static func dictionary(_ items: [(key: String, value: [UInt8])]) -> [UInt8] {
        start + emptyDictionary + items.flatMap { text($0.key) + $0.value + setItem } + stop
    }
}

/// Tests that open files made byte by byte.
protocol OpensSmallFiles {}

extension OpensSmallFiles {
    /// Opens a file with these bytes, which must be recognized by content and not by name.
    func open(_ bytes: [UInt8]) throws -> TensorArchive {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model")
            try SmallTensorFiles.write(bytes, to: path)
            return try TensorArchive(contentsOf: path)
        }
    }

    /// The error message for opening these bytes.
    func error(opening bytes: [UInt8]) -> String {
        do {
            _ = try open(bytes)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    /// The elements of a tensor that must exist.
    func floats(_ tensor: StoredTensor?) throws -> [Float] {
        let stored = try #require(tensor)
        let tensor = try Tensor(zeros: stored.shape)
        try stored.read(into: tensor)
        return tensor.floats()
    }
}
