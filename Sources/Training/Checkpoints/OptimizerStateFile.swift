// llm.c's optimizer and loader state, `state_%08d_%05d.bin`: a header, the two moments, the master
// weights of a model that is stored in fewer bits, and the shuffled order of the data. Written in a
// stream from where they lie and read into their place, so that a gigabyte needs no second copy. Of
// several processes each writes a file, with its share of the parameters. Reading is in
// OptimizerStateFile+Reading.swift.

import Collectives
import FileIO
import LanguageModels
import RandomNumbers
import TensorFiles
import Tensors
import TokenData

/// Reads and writes llm.c's state files.
package enum OptimizerStateFile {
    static let magic: Int32 = 20_240_527
    static let version: Int32 = 1
    static let format = "an llm.c optimizer state"

    /// Where llm.c's generator for stochastic rounding starts (train_gpt2.cu, rank 0).
    ///
    /// We draw nothing from it, but llm.c, going on from our file, would be stuck at 0.
    private static let roundingSeed: UInt64 = 13_371_337

    /// Places in the header, in int32; a uint64 takes two.
    enum Field {
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

    /// Bytes of the files of all processes for so many parameters, with positions like this one.
    static func byteCount(
        parameterCount: Int,
        processCount: Int,
        hasMasterWeights: Bool,
        position: TokenLoaderState
    ) -> Int {
        let tensors = hasMasterWeights ? 3 : 2
        var countOfEach = LLMCHeader.byteCount
        if let shuffle = position.shuffle {
            let orders = shuffle.shardOrder.count + shuffle.sampleOrder.count
            countOfEach += 16 + 4 * orders + MersenneTwister.encodedByteCount
        }
        return processCount * countOfEach
            + tensors * parameterCount * ElementType.float32.byteWidth
    }

    /// Writes the state of a process after `step` updates.
    /// - Parameters:
    ///   - path: The file.
    ///   - step: Updates made.
    ///   - moments: Of the optimizer: those of all parameters, or those of the share.
    ///   - masterWeights: The weights in float32, where the model's file has them rounded; all of
    ///     it.
    ///   - position: Where the loader stands.
    ///   - share: Which of the parameters the file has.
    /// - Throws: ``FileIOError``; a file that was at `path` is then still there.
    package static func write(
        to path: FilePath,
        step: Int,
        moments: (m: TensorSet, v: TensorSet),
        masterWeights: TensorSet?,
        position: TokenLoaderState,
        share: StateShare
    ) throws {
        var header = LLMCHeader(magic: magic, version: version)
        header[Field.processCount] = Int32(share.processCount)
        header[Field.rank] = Int32(share.rank)
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
            for range in share.places(in: tensor) { try file.write(tensor[range], as: .float32) }
        }
        try position.shuffle?.write(to: file)
        try file.commit()
    }
}

extension LLMCHeader {
    /// Sets a uint64, its lower half first.
    fileprivate mutating func set(_ field: Int, to value: UInt64) {
        self[field] = Int32(truncatingIfNeeded: value)
        self[field + 1] = Int32(truncatingIfNeeded: value >> 32)
    }
}

/// The parameters that belong to one of several processes, or all of them.
package struct StateShare {
    /// Which process it is, from 0.
    package let rank: Int
    /// The number of processes.
    package let processCount: Int
    /// Its elements among those of all parameters, in order; no two of these touch.
    package let ranges: [Range<Int>]
    /// The number of elements.
    package let elementCount: Int

    /// The share of a process.
    package init(_ shares: ParameterShares, rank: Int) {
        (self.rank, processCount) = (rank, shares.processCount)
        var ranges: [Range<Int>] = []
        for range in shares.ranges(ofRank: rank) where !range.isEmpty {
            if let last = ranges.last, last.upperBound == range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        self.ranges = ranges
        elementCount = ranges.reduce(0) { $0 + $1.count }
    }

    /// The calling process's share in a group; all parameters for a single process.
    init(_ model: TransformerModel, _ group: ProcessGroup) {
        self.init(ParameterShares(model, processCount: group.processCount), rank: group.rank)
    }

    /// Where the elements are in a tensor of only these, or of all parameters.
    func places(in tensor: Tensor) -> [Range<Int>] {
        if tensor.count == elementCount, elementCount > 0 { return [0..<elementCount] }
        precondition(
            tensor.count >= ranges.last?.upperBound ?? 0,
            "\(tensor.count) elements for \(elementCount) of a share"
        )
        return ranges
    }

    /// What this share and another have in common.
    /// - Returns: Elements that are contiguous in both: the place of the first of them among the
    ///   elements of each, and their count.
    func overlaps(with other: Self) -> [(place: Int, otherPlace: Int, count: Int)] {
        var overlaps: [(Int, Int, Int)] = []
        // How many elements of each lie before the ranges at hand.
        var (index, before, otherIndex, otherBefore) = (0, 0, 0, 0)
        while index < ranges.count, otherIndex < other.ranges.count {
            let (range, otherRange) = (ranges[index], other.ranges[otherIndex])
            let common = range.clamped(to: otherRange)
            if !common.isEmpty {
                overlaps.append(
                    (
                        before + common.lowerBound - range.lowerBound,
                        otherBefore + common.lowerBound - otherRange.lowerBound, common.count
                    )
                )
            }
            if range.upperBound <= otherRange.upperBound {
                before += range.count
                index += 1
            } else {
                otherBefore += otherRange.count
                otherIndex += 1
            }
        }
        return overlaps
    }
}
