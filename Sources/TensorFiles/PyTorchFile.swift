// PyTorch's files (.pth, .pt, .bin), since version 1.6: a zip file with a pickle that names the
// tensors and one stored entry for the elements of each. Nothing in it is executed: TensorPickle
// reads it into dictionaries, which are checked against the file here.

import FileIO

/// An open PyTorch file: a dictionary, of which tensors, integers, truth values and dictionaries
/// are kept.
package struct PyTorchFile {
    // Some 300 bytes describe a tensor; this is enough for 50,000 of them.
    private static let largestPickle = 1 << 24

    private let archive: ZipArchive
    /// Everything is in one folder, named after the original file.
    private let folder: String
    private let root: PickledDictionary

    /// Opens a file.
    /// - Throws: ``TensorFileError`` when the content is wrong in any way, or asks for anything but
    ///   tensors; `FileIOError` when the file ends early.
    package init(_ file: MappedFile) throws {
        archive = try ZipArchive(file)
        let pickleName = "/data.pkl"
        let pickles = archive.entries.filter { $0.key.hasSuffix(pickleName) }
        guard let (name, range) = pickles.first, pickles.count == 1,
            range.count <= Self.largestPickle
        else {
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "it is a zip file, but not of the kind PyTorch saves tensors in",
                hint: "check that it is the right file"
            )
        }
        folder = String(name.dropLast(pickleName.count))
        try Self.checkByteOrder(archive, folder: folder)
        root = try file.withIntactBytes { bytes in
            do {
                let pickle = UnsafeRawBufferPointer(rebasing: bytes[range])
                return try TensorPickle.dictionary(in: pickle)
            } catch let error as TensorPickle.Refusal {
                throw TensorFileError.refusedPickle(
                    path: file.path,
                    offset: error.offset,
                    reason: error.reason
                )
            }
        }
    }

    /// The path of the file.
    package var path: FilePath { archive.file.path }

    /// Whether the dictionary contains a dictionary of this name.
    package func hasDictionary(_ key: String) -> Bool { root.dictionary(key) != nil }

    /// An integer of the dictionary of this name.
    package func integer(_ key: String, in dictionary: String) -> Int? {
        if case .integer(let value)? = root.dictionary(dictionary)?[key] { value } else { nil }
    }

    /// A truth value of the dictionary of this name.
    package func boolean(_ key: String, in dictionary: String) -> Bool? {
        if case .boolean(let value)? = root.dictionary(dictionary)?[key] { value } else { nil }
    }

    /// The tensors of the dictionary of this name; nil means the file's own.
    /// - Throws: ``TensorFileError`` when there are none, or some are not plain row-major arrays.
    package func tensors(in dictionary: String? = nil) throws -> TensorArchive {
        let described = (dictionary.map { root.dictionary($0) } ?? root)?.tensors ?? []
        guard !described.isEmpty else {
            throw TensorFileError.unsupported(
                path: path,
                reason: "no tensor has a name in it",
                hint: "save the model's state_dict itself, not something that contains it"
            )
        }
        return try TensorArchive(
            described.map { name, tensor in
                let elements = archive.entries["\(folder)/data/\(tensor.storage.key)"]
                return try tensor.stored(as: name, in: archive.file, elements: elements)
            },
            path: path,
            container: .pyTorch
        )
    }

    private static func checkByteOrder(_ archive: ZipArchive, folder: String) throws {
        // Older versions write no such entry, and ran on little-endian machines.
        guard let range = archive.entries["\(folder)/byteorder"] else { return }
        let isLittle = archive.file.withUnsafeBytes { $0[range].elementsEqual("little".utf8) }
        guard isLittle else {
            throw TensorFileError.unsupported(
                path: archive.file.path,
                reason: "it was saved on a big-endian machine",
                hint: "load it with PyTorch and save it again"
            )
        }
    }
}

extension PickledTensor {
    /// The tensor in its file, if it is a dense, row-major part of its elements.
    fileprivate func stored(
        as name: String,
        in file: MappedFile,
        elements: Range<Int>?
    ) throws -> StoredTensor {
        func malformed(_ what: String, _ expected: String, _ found: String) -> TensorFileError {
            .malformed(path: file.path, what: what, expected: expected, found: found)
        }
        let type = storage.storedType
        guard let elements else {
            throw malformed("the data of '\(name)'", "in entry '\(storage.key)'", "missing")
        }
        guard type.byteCount(of: [storage.count]) == elements.count else {
            throw malformed(
                "the data of '\(name)'",
                "\(storage.count) elements of \(type)",
                "\(elements.count) bytes"
            )
        }
        guard let byteCount = type.byteCount(of: shape), shape.count == strides.count else {
            throw malformed("the shape of '\(name)'", "that of a tensor", "\(shape)")
        }
        guard isContiguous else {
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "tensor '\(name)' is not stored row by row (shape \(shape), "
                    + "strides \(strides))",
                hint: "make it contiguous in PyTorch and save it again"
            )
        }
        let count = byteCount / type.byteWidth
        guard offset >= 0, offset <= storage.count - count else {
            throw malformed(
                "the end of '\(name)'",
                "within its \(storage.count) elements",
                "after \(count) from element \(offset) on"
            )
        }
        let start = elements.lowerBound + offset * type.byteWidth
        return StoredTensor(
            name: name,
            storedType: type,
            shape: shape,
            file: file,
            byteRange: start..<start + byteCount
        )
    }

    /// Whether neighbors on the last axis are neighbors in the file, and so on.
    private var isContiguous: Bool {
        // Without elements, nothing can be out of order.
        if shape.contains(0) { return true }
        var step = 1
        for (extent, stride) in zip(shape, strides).reversed() {
            // An axis with one element is never stepped along.
            if extent != 1 && stride != step { return false }
            step *= extent
        }
        return true
    }
}

/// A tensor as a pickle describes it, unchecked.
struct PickledTensor {
    /// A run of elements, which several tensors may share.
    struct Storage {
        /// The name of the zip entry that holds the elements.
        let key: String
        let storedType: StoredType
        let count: Int
    }

    let storage: Storage
    /// The index of the first element in the storage.
    let offset: Int
    let shape: [Int]
    /// The distance between neighbors on each axis, in elements.
    let strides: [Int]
}

/// A value kept in a dictionary.
enum PickledValue {
    indirect case tensor(PickledTensor)
    case dictionary(PickledDictionary)
    case integer(Int)
    case boolean(Bool)
}

/// A dictionary of a pickle, without the entries whose keys are not strings or whose values are not
/// kept.
///
/// A class, so that a long one can grow entry by entry without being copied. It is filled before it
/// is put into another, so no dictionary contains itself.
final class PickledDictionary {
    /// The entries, in order; a key may occur twice.
    private(set) var entries: [(key: String, value: PickledValue)] = []
    /// How deep dictionaries are nested, including this one.
    private(set) var depth = 1

    /// Adds an entry.
    func append(_ key: String, _ value: PickledValue) {
        if case .dictionary(let inner) = value { depth = max(depth, inner.depth + 1) }
        entries.append((key, value))
    }

    /// The last value of a key.
    subscript(key: String) -> PickledValue? { entries.last { $0.key == key }?.value }

    /// The dictionary of a key.
    func dictionary(_ key: String) -> PickledDictionary? {
        if case .dictionary(let inner)? = self[key] { inner } else { nil }
    }

    /// The tensors in it, in order.
    var tensors: [(name: String, tensor: PickledTensor)] {
        entries.compactMap { key, value in
            if case .tensor(let tensor) = value { (key, tensor) } else { nil }
        }
    }
}
