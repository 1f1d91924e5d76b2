// llm.c's optimiser and loader state, `state_%08d_%05d.bin`: a header, the two moments, the master
// weights of a model that is stored in fewer bits, and the shuffled order of the data. Written in a
// stream from where they lie and read into their place, so that a gigabyte needs no second copy.

import FileIO
import TensorFiles
import Tensors
import TokenData

/// Reads and writes llm.c's state files, for one process.
enum OptimizerStateFile {
    static let magic: Int32 = 20_240_527
    private static let version: Int32 = 1
    private static let format = "an llm.c optimiser state"

    /// Where llm.c's generator for stochastic rounding starts (train_gpt2.cu, rank 0).
    ///
    /// We draw nothing from it, but llm.c, going on from our file, would be stuck at 0.
    private static let roundingSeed: UInt64 = 13_371_337

    /// Places in the header, in int32; a uint64 takes two.
    private enum Field {
        static let processCount = 2
        static let rank = 3
        static let masterWeights = 4
        static let shuffling = 5
        static let step = 10
        static let generator = 20
        static let generatorAtLastUpdate = 22
        static let shardIndex = 30
        static let sampleIndex = 32
    }

    /// Bytes of a file for so many parameters.
    static func byteCount(
        parameterCount: Int,
        hasMasterWeights: Bool,
        position: TokenLoaderState
    ) -> Int {
        let tensors = hasMasterWeights ? 3 : 2
        var count = LLMCHeader.byteCount + tensors * parameterCount * ElementType.float32.byteWidth
        if let shuffle = position.shuffle {
            let orders = shuffle.shardOrder.count + shuffle.sampleOrder.count
            count += 16 + 4 * orders + MersenneTwister.encodedByteCount
        }
        return count
    }

    /// Writes the state after `step` updates.
    /// - Parameters:
    ///   - path: The file.
    ///   - step: Updates made.
    ///   - moments: Of the optimiser.
    ///   - masterWeights: The weights in float32, where the model's file has them rounded.
    ///   - position: Where the loader stands.
    /// - Throws: ``FileIOError``; a file that was at `path` is then still there.
    static func write(
        to path: FilePath,
        step: Int,
        moments: (m: TensorSet, v: TensorSet),
        masterWeights: TensorSet?,
        position: TokenLoaderState
    ) throws {
        var header = LLMCHeader(magic: magic, version: version)
        header[Field.processCount] = 1
        header[Field.masterWeights] = masterWeights == nil ? 0 : 1
        header[Field.shuffling] = position.shuffle == nil ? 0 : 1
        header[Field.step] = Int32(step)
        header.set(Field.generator, to: roundingSeed)
        header.set(Field.generatorAtLastUpdate, to: roundingSeed)
        header.set(Field.shardIndex, to: UInt64(position.shardIndex))
        header.set(Field.sampleIndex, to: UInt64(position.sampleIndex))

        let file = try AtomicFile(path)
        try header.write(to: file)
        for tensor in [moments.m.flat, moments.v.flat, masterWeights?.flat].compactMap(\.self) {
            try file.write(tensor, as: .float32)
        }
        try position.shuffle?.write(to: file)
        try file.commit()
    }

    /// Reads the state after `step` updates into the moments and the master weights.
    /// - Parameters:
    ///   - path: The file.
    ///   - step: Updates made.
    ///   - moments: Of the optimiser, overwritten.
    ///   - masterWeights: The weights as the model's file has them, rounded to bfloat16;
    ///     overwritten with what they were rounded from. Nil where the file has them whole.
    /// - Returns: Where the loader stood, without its source, which the format has no place for.
    /// - Throws: ``FileIOError``, ``TensorFileError`` or ``TokenDataError``, and
    ///   ``TrainingError/damagedFile(path:reason:)`` when the file belongs to another model;
    ///   moments and weights are then what they were.
    static func read(
        from path: FilePath,
        step: Int,
        moments: (m: TensorSet, v: TensorSet),
        masterWeights: TensorSet?
    ) throws -> TokenLoaderState {
        var reader = try BinaryReader(path: path)
        let header = try LLMCHeader(&reader, magic: magic, format: format)
        try check(header, path: path, step: step)
        try checkPresence(header, path: path, isExpected: masterWeights != nil)

        // All of the file is checked before the first moment is overwritten.
        var tail = reader
        for tensor in [moments.m.flat, moments.v.flat] {
            try tail.readBytes(tensor.count * ElementType.float32.byteWidth) { _ in }
        }
        if let masterWeights { try checkRounding(&tail, to: masterWeights.flat) }
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
        for tensor in [moments.m.flat, moments.v.flat, masterWeights?.flat].compactMap(\.self) {
            try reader.read(into: tensor, storedAs: .float32)
        }
        return position
    }

    /// Checks that there are master weights where the model's file holds rounded ones, and only
    /// there: without them a run would go on, but not exactly.
    private static func checkPresence(
        _ header: LLMCHeader,
        path: FilePath,
        isExpected: Bool
    ) throws {
        guard header[Field.masterWeights] == (isExpected ? 1 : 0) else {
            throw TrainingError.damagedFile(
                path: path,
                reason: isExpected
                    ? "it holds no float32 weights, which a run whose model is stored in bfloat16 "
                        + "needs to go on exactly"
                    : "it holds float32 weights beside a model that is stored in float32 "
                        + "already, so the two belong to different runs"
            )
        }
    }

    /// Steps over the master weights, and checks that they are what the model's file holds rounded.
    ///
    /// They are not when the two files are of different runs, nor when they are not numbers.
    private static func checkRounding(_ reader: inout BinaryReader, to rounded: Tensor) throws {
        let path = reader.file.path
        let first = try reader.readBytes(rounded.count * ElementType.float32.byteWidth) { bytes in
            rounded.withUnsafeElements(as: Float.self) { rounded in
                rounded.indices.first { i in
                    let bits = bytes.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                    let master = Float(bitPattern: UInt32(littleEndian: bits))
                    return Float(bfloat16Bits: master.bfloat16Bits) != rounded[i]
                }
            }
        }
        if let first {
            throw TrainingError.damagedFile(
                path: path,
                reason: "its float32 weights are not those of the model's file, of which weight "
                    + "\(first) is the first that differs"
            )
        }
    }

    private static func check(_ header: LLMCHeader, path: FilePath, step: Int) throws {
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
            ("the number of processes", Field.processCount, 1...1),
            ("the rank", Field.rank, 0...0),
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
    /// Sets a uint64, its lower half first.
    fileprivate mutating func set(_ field: Int, to value: UInt64) {
        self[field] = Int32(truncatingIfNeeded: value)
        self[field + 1] = Int32(truncatingIfNeeded: value >> 32)
    }

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
