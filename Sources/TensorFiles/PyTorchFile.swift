// PyTorch's files (.pth, .pt, .bin), since version 1.6: a zip file with a pickle that names the
// tensors and one stored entry for the elements of each. Nothing in it is executed.

import FileIO

extension TensorArchive {
    // Some 300 bytes describe a tensor; this is enough for 50,000 of them.
    private static let largestPickle = 1 << 24

    /// Opens one of PyTorch's files that holds a dictionary of tensors.
    /// - Throws: ``TensorFileError`` when the content is wrong in any way, wants anything but
    ///   tensors, or has tensors that are no plain row-major arrays; `FileIOError` when the file
    ///   ends early.
    init(pyTorch file: MappedFile) throws {
        let archive = try ZipArchive(file)
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
        // Everything lies in one folder, named as the file once was.
        let folder = String(name.dropLast(pickleName.count))
        try Self.checkByteOrder(archive, folder: folder)
        let described = try file.withIntactBytes { bytes in
            do {
                return try TensorPickle.tensors(in: UnsafeRawBufferPointer(rebasing: bytes[range]))
            } catch let error as TensorPickle.Refusal {
                throw TensorFileError.refusedPickle(
                    path: file.path,
                    offset: error.offset,
                    reason: error.reason
                )
            }
        }
        guard !described.isEmpty else {
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "no tensor has a name in it",
                hint: "save the model's state_dict itself, not something that contains it"
            )
        }
        try self.init(
            described.map { name, tensor in
                let elements = archive.entries["\(folder)/data/\(tensor.storage.key)"]
                return try tensor.stored(as: name, in: file, elements: elements)
            },
            path: file.path,
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
    /// The tensor in its file, when it is a dense, row-major part of its elements.
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

    /// Whether elements that are neighbours on the last axis are neighbours in the file, and so on.
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
