// Reading llm.c's state files: everything that the processes of a checkpoint wrote, for a process
// that resumes as one of any number. It takes what it needs from each file.

import FileIO
import TensorFiles
import Tensors
import TokenData

extension OptimizerStateFile {
    /// A file that has been checked completely.
    private struct Part {
        let share: StateShare
        /// At the first moment.
        let reader: BinaryReader
        let position: TokenLoaderState
    }

    /// Reads the state after `step` updates into the moments and the master weights.
    /// - Parameters:
    ///   - path: The file of a process.
    ///   - writers: How the processes that wrote the files shared the parameters.
    ///   - step: The number of updates made.
    ///   - moments: The optimizer's moments for `share`; overwritten.
    ///   - share: The parameters whose moments are read.
    ///   - masterWeights: All weights as in the model's file, rounded to bfloat16; overwritten with
    ///     what they were rounded from. Nil if the file has them in full.
    /// - Returns: Where the loader of each process was, without its source, which the format cannot
    ///   hold.
    /// - Throws: ``FileIOError``, ``TensorFileError`` or ``TokenDataError``, and
    ///   ``TrainingError/damagedFile(path:reason:)`` when a file is missing or belongs to another
    ///   model; moments and weights are then unchanged.
    package static func read(
        from path: (_ rank: Int) -> FilePath,
        of writers: ParameterShares,
        step: Int,
        moments: (m: TensorSet, v: TensorSet),
        share: StateShare,
        masterWeights: TensorSet?
    ) throws -> [TokenLoaderState] {
        let rounded = masterWeights?.flat
        // All files are checked before the first moment is overwritten.
        var parts: [Part] = []
        // One at a time: their number comes from a file.
        for rank in 0..<writers.processCount {
            let path = path(rank)
            guard rank == 0 || FileSystem.exists(path) else {
                throw TrainingError.damagedFile(
                    path: path,
                    reason: "the file is missing, one of those of the "
                        + "\(writers.processCount) processes that wrote the checkpoint"
                )
            }
            let share = StateShare(writers, rank: rank)
            parts.append(try part(path, step: step, share: share, roundedTo: rounded))
        }
        try requireOnePlace(parts)
        for part in parts {
            try copy(part, plane: 0, to: moments.m.flat, of: share)
            try copy(part, plane: 1, to: moments.v.flat, of: share)
            if let rounded {
                for (index, range) in places(of: part.share) {
                    try copy(part, plane: 2, from: index, to: rounded[range])
                }
            }
        }
        return parts.map(\.position)
    }

    /// Opens a file and checks everything in it.
    private static func part(
        _ path: FilePath,
        step: Int,
        share: StateShare,
        roundedTo rounded: Tensor?
    ) throws -> Part {
        var reader = try BinaryReader(path: path)
        let header = try LLMCHeader(&reader, magic: magic, format: format)
        try check(header, path: path, step: step, share: share)
        try checkPresence(header, path: path, isExpected: rounded != nil)

        var tail = reader
        for _ in 0..<2 {
            try tail.readBytes(share.elementCount * ElementType.float32.byteWidth) { _ in }
        }
        if let rounded { try checkRounding(&tail, to: rounded, share) }
        var shuffle: TokenLoaderState.Shuffle?
        if header[Field.shuffling] == 1 { shuffle = try TokenLoaderState.Shuffle(from: &tail) }
        guard tail.remaining == 0 else {
            throw TensorFileError.wrongSize(
                path: path,
                expected: tail.offset,
                found: tail.file.count
            )
        }
        let position = TokenLoaderState(
            shardIndex: try header.index(Field.shardIndex, "the shard", path: path),
            sampleIndex: try header.index(Field.sampleIndex, "the sample", path: path),
            shuffle: shuffle,
            source: nil
        )
        return Part(share: share, reader: reader, position: position)
    }

    /// Checks that all processes stopped at one place in the data, as they do unless each has its
    /// own order.
    private static func requireOnePlace(_ parts: [Part]) throws {
        guard let first = parts.first?.position else { return }
        for part in parts {
            let position = part.position
            guard (position.shuffle == nil) == (first.shuffle == nil),
                position.shuffle != nil || position == first
            else {
                throw TrainingError.damagedFile(
                    path: part.reader.file.path,
                    reason: "its place in the data differs from that of the first process's file"
                )
            }
        }
    }

    /// Copies what a file has of a share into a tensor with the elements of that share.
    private static func copy(
        _ part: Part,
        plane: Int,
        to tensor: Tensor,
        of share: StateShare
    ) throws {
        precondition(
            tensor.count == share.elementCount,
            "\(tensor.count) moments of \(share.elementCount) parameters"
        )
        for (place, index, count) in share.overlaps(with: part.share) {
            try copy(part, plane: plane, from: index, to: tensor[place..<place + count])
        }
    }

    /// Fills a tensor with a file's elements from a place on.
    /// - Parameters:
    ///   - part: The file.
    ///   - plane: 0 for the first moments, 1 for the second, 2 for the weights.
    ///   - index: The place among the elements of the share.
    ///   - tensor: Overwritten.
    /// - Throws: ``FileIOError``.
    private static func copy(_ part: Part, plane: Int, from index: Int, to tensor: Tensor) throws {
        let elements = plane * part.share.elementCount + index
        var reader = try BinaryReader(
            part.reader.file,
            offset: part.reader.offset + elements * ElementType.float32.byteWidth
        )
        try reader.read(into: tensor, storedAs: .float32)
    }

    /// For each range of a share, the place of its first element among those of the share.
    private static func places(of share: StateShare) -> [(index: Int, range: Range<Int>)] {
        var index = 0
        return share.ranges.map { range in
            defer { index += range.count }
            return (index, range)
        }
    }

    /// Checks that there are master weights if, and only if, the model's file holds rounded ones:
    /// without them a run would resume, but not exactly.
    private static func checkPresence(
        _ header: LLMCHeader,
        path: FilePath,
        isExpected: Bool
    ) throws {
        guard header[Field.masterWeights] == (isExpected ? 1 : 0) else {
            throw TrainingError.damagedFile(
                path: path,
                reason: isExpected
                    ? "it holds no float32 weights, which a run with a model stored in bfloat16 "
                        + "needs to resume exactly"
                    : "it holds float32 weights, but the model is already stored in float32, "
                        + "so the two belong to different runs"
            )
        }
    }

    /// Skips the master weights, checking that they round to what the model's file holds.
    ///
    /// They do not if the two files belong to different runs, or if they are not numbers.
    private static func checkRounding(
        _ reader: inout BinaryReader,
        to rounded: Tensor,
        _ share: StateShare
    ) throws {
        for range in share.ranges {
            let byteCount = range.count * ElementType.float32.byteWidth
            let first = try reader.readBytes(byteCount) { bytes in
                rounded[range].withUnsafeElements(as: Float.self) { rounded in
                    rounded.indices.first { i in
                        let bits = bytes.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                        let master = Float(bitPattern: UInt32(littleEndian: bits))
                        return Float(bfloat16Bits: master.bfloat16Bits) != rounded[i]
                    }
                }
            }
            guard let first else { continue }
            throw TrainingError.damagedFile(
                path: reader.file.path,
                reason: "its float32 weights are not those of the model's file, in which weight "
                    + "\(range.lowerBound + first) is the first that differs"
            )
        }
    }

    private static func check(
        _ header: LLMCHeader,
        path: FilePath,
        step: Int,
        share: StateShare
    ) throws {
        guard header.version == version else {
            throw TensorFileError.unsupportedVersion(
                path: path,
                format: format,
                supported: "version \(version)",
                found: header.version,
                hint: "train on with the program that wrote it"
            )
        }
        let requirements: [(String, Int, ClosedRange<Int>)] = [
            (
                "the number of processes", Field.processCount,
                share.processCount...share.processCount
            ),
            ("the rank", Field.rank, share.rank...share.rank),
            ("the presence of master weights", Field.masterWeights, 0...1),
            ("the shuffling", Field.shuffling, 0...1),
            ("the step", Field.step, step...step),
        ]
        for (name, field, allowed) in requirements where !allowed.contains(Int(header[field])) {
            throw TensorFileError.invalidHeader(
                path: path,
                field: name,
                requirement: allowed.count == 1 ? "\(allowed.lowerBound)" : "0 or 1",
                found: Int(header[field])
            )
        }
    }
}

extension LLMCHeader {
    /// A uint64 that counts something.
    fileprivate func index(_ field: Int, _ name: String, path: FilePath) throws -> Int {
        let low = UInt64(UInt32(bitPattern: self[field]))
        let value = UInt64(UInt32(bitPattern: self[field + 1])) << 32 | low
        guard let index = Int(exactly: value), index <= Int(Int32.max) else {
            throw TensorFileError.invalidHeader(
                path: path,
                field: name,
                requirement: "a place in the data",
                found: Int(clamping: value)
            )
        }
        return index
    }
}
