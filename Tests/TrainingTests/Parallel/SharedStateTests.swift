// State files of several processes, from which any other number resumes.

import FileIO
import RandomNumbers
import TensorFiles
import Tensors
import TestSupport
import Testing
import TokenData
import Training

struct SharedStateTests {
    /// Nothing in it divides by 2, 3 or 4.
    private let layout = TensorLayout([
        TensorSpecification("wte", [7, 5], decays: true),
        TensorSpecification("qkvw", [3, 5, 5], decays: true),
        TensorSpecification("ln1b", [3, 1]),
        TensorSpecification("lnfw", [5]),
    ])

    private func shares(_ processCount: Int) -> ParameterShares {
        ParameterShares(layout, layered: ["qkvw", "ln1b"], processCount: processCount)
    }

    /// Numbers that bfloat16 rounds, each other than those of another plane.
    private func values(plane: Int) -> [Float] {
        (0..<layout.elementCount).map { Float(plane + 1) + Float($0) / 4096 }
    }

    /// Tensors with these elements.
    private func tensors(_ values: [Float]) throws -> TensorSet {
        let layout =
            values.count == self.layout.elementCount
            ? self.layout : TensorLayout([TensorSpecification("share", [values.count])])
        let set = try layout.allocate()
        set.flat.withUnsafeMutableElements(as: Float.self) {
            _ = $0.update(fromContentsOf: values)
        }
        return set
    }

    private func state(place: Int = 2, shuffled: Bool) -> TokenLoaderState {
        TokenLoaderState(
            shardIndex: 1,
            sampleIndex: place,
            shuffle: shuffled
                ? TokenLoaderState.Shuffle(
                    shardOrder: [1, 0],
                    sampleOrder: [2, 0, 1],
                    generator: MersenneTwister(seed: UInt64(place))
                ) : nil,
            source: nil
        )
    }

    private func path(_ directory: FilePath) -> (Int) -> FilePath {
        { RunDirectory(directory).statePath(step: 9, rank: $0) }
    }

    /// The values of a plane that are a process's.
    private func part(_ plane: Int, of share: StateShare) -> [Float] {
        let all = values(plane: plane)
        return share.ranges.flatMap { all[$0] }
    }

    private func write(
        _ processCount: Int,
        sharded: Bool,
        hasWeights: Bool = true,
        shuffled: Bool = false,
        to directory: FilePath
    ) throws {
        for rank in 0..<processCount {
            let share = StateShare(shares(processCount), rank: rank)
            let moments = try (0..<2).map { plane in
                try tensors(sharded ? part(plane, of: share) : values(plane: plane))
            }
            try OptimizerStateFile.write(
                to: path(directory)(rank),
                step: 9,
                moments: (moments[0], moments[1]),
                masterWeights: hasWeights ? tensors(values(plane: 2)) : nil,
                position: state(place: shuffled ? rank : 2, shuffled: shuffled),
                share: share
            )
        }
    }

    /// What is read, plane by plane, and where the loaders stood.
    private func read(
        writtenBy processCount: Int,
        as share: StateShare,
        hasWeights: Bool = true,
        from directory: FilePath
    ) throws -> (planes: [[Float]], states: [TokenLoaderState]) {
        let zeros = [Float](repeating: 0, count: share.elementCount)
        let moments = (m: try tensors(zeros), v: try tensors(zeros))
        let rounded = values(plane: 2).map { Float(bfloat16Bits: $0.bfloat16Bits) }
        let weights = try tensors(rounded)
        let states = try OptimizerStateFile.read(
            from: path(directory),
            of: shares(processCount),
            step: 9,
            moments: moments,
            share: share,
            masterWeights: hasWeights ? weights : nil
        )
        return ([moments.m, moments.v, weights].map { $0.flat.floats() }, states)
    }

    @Test(arguments: [1, 2, 3, 4, 9], [false, true])
    func anyNumberOfProcessesReadsWhatAnyOtherWrote(writers: Int, sharded: Bool) throws {
        try withTemporaryDirectory { directory in
            try write(writers, sharded: sharded, to: directory)
            for readers in [1, 2, 3, 4, 9] {
                for rank in 0..<readers {
                    let share = StateShare(shares(readers), rank: rank)
                    let found = try read(writtenBy: writers, as: share, from: directory)
                    let expected = [part(0, of: share), part(1, of: share), values(plane: 2)]
                    #expect(found.planes == expected, "\(writers) to \(rank) of \(readers)")
                    #expect(
                        found.states == (0..<writers).map { _ in state(shuffled: false) }
                    )
                }
            }
        }
    }

    @Test func wholeAndSharedOptimizersWriteTheSameFiles() throws {
        func files(sharded: Bool) throws -> [[UInt8]] {
            try withTemporaryDirectory { directory in
                try write(3, sharded: sharded, shuffled: true, to: directory)
                return try (0..<3).map { try MappedFile(path(directory)($0)).contents() }
            }
        }
        let whole = try files(sharded: false)
        #expect(try files(sharded: true) == whole)
        // Together they are as large as one, apart from headers and orders.
        let extra = 3 * (1024 + 16 + 4 * 5 + 2520)
        #expect(whole.reduce(0) { $0 + $1.count } == extra + 12 * layout.elementCount)
        for (rank, bytes) in whole.enumerated() {
            #expect(Array(bytes[8..<16]) == [3, 0, 0, 0, UInt8(rank), 0, 0, 0])
        }
    }

    @Test func shuffledProcessesKeepPlacesOfTheirOwn() throws {
        try withTemporaryDirectory { directory in
            try write(3, sharded: true, hasWeights: false, shuffled: true, to: directory)
            let share = StateShare(shares(3), rank: 1)
            let found = try read(writtenBy: 3, as: share, hasWeights: false, from: directory)
            #expect(found.states == (0..<3).map { state(place: $0, shuffled: true) })
        }
    }

    @Test func filesThatDoNotBelongTogetherAreRefusedBeforeAnythingIsOverwritten() throws {
        try withTemporaryDirectory { directory in
            let last = path(directory)(2)
            let whole = StateShare(shares(1), rank: 0)
            try write(3, sharded: false, to: directory)
            let good = try MappedFile(last).contents()
            let other = try MappedFile(path(directory)(1)).contents()
            func changed(_ offset: Int, _ byte: UInt8) -> [UInt8] {
                var copy = good
                copy[offset] = byte
                return copy
            }
            let share = StateShare(shares(3), rank: 2)
            let cases: [(String, [UInt8]?)] = [
                ("no file", nil),
                ("the file of another process", other),
                ("one of more processes", changed(8, 4)),
                ("another rank", changed(12, 0)),
                ("no weights", changed(16, 0)),
                ("another step", changed(40, 8)),
                ("another shard", changed(120, 0)),
                ("another place", changed(128, 3)),
                ("other weights", changed(1024 + 8 * share.elementCount + 3, 1)),
                ("a byte less", good.dropLast()),
                ("a byte more", good + [0]),
            ]
            let moments = (m: try tensors(values(plane: 5)), v: try tensors(values(plane: 6)))
            let rounded = values(plane: 2).map { Float(bfloat16Bits: $0.bfloat16Bits) }
            let weights = try tensors(rounded)
            for (name, bytes) in cases {
                if let bytes { try touch(last, bytes) } else { try FileSystem.remove(last) }
                let error = #expect(throws: (any Error).self, "\(name)") {
                    try OptimizerStateFile.read(
                        from: path(directory),
                        of: shares(3),
                        step: 9,
                        moments: moments,
                        share: whole,
                        masterWeights: weights
                    )
                }
                let sentence = String(describing: error)
                #expect(sentence.contains(last.string), "\(name): \(sentence)")
                #expect(moments.m.flat.floats() == values(plane: 5))
                #expect(moments.v.flat.floats() == values(plane: 6))
                #expect(weights.flat.floats() == rounded)
            }
            try touch(last, good)
            _ = try read(writtenBy: 3, as: whole, from: directory)
        }
    }

    @Test func aMissingFileIsNamedWithTheNumberOfProcesses() throws {
        try withTemporaryDirectory { directory in
            try write(3, sharded: true, to: directory)
            let missing = path(directory)(1)
            try FileSystem.remove(missing)
            #expect(
                throws: TrainingError.damagedFile(
                    path: missing,
                    reason: "the file is missing, one of those of the 3 processes that wrote the "
                        + "checkpoint"
                )
            ) {
                try read(
                    writtenBy: 3,
                    as: StateShare(shares(1), rank: 0),
                    from: directory
                )
            }
        }
    }
}
