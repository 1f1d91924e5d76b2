// A run as one event file, which `tensorboard --logdir` finds by its name in the directory or in
// one above it: written when the run is over, or a record an event while it goes on. What these
// files say is in metrics.jsonl too, and a run that goes on makes its file anew from there, so that
// no step is there twice, whatever became of the former file.

import FileIO
import Training

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Event files of TensorBoard, in a directory.
package enum EventFile {
    /// Writes everything a run measured, replacing existing event files.
    ///
    /// A run's log has no times. They are computed from how long the steps took.
    /// - Parameters:
    ///   - history: The run, with its texts uncut.
    ///   - end: The time of the last measurement, in seconds since 1970.
    ///   - directory: Where the file goes; it is created if missing.
    ///   - overwrite: Whether event files of this program may be replaced. Those of others stay.
    /// - Returns: The file.
    /// - Throws: ``FileIOError``; the former files are then unchanged.
    @discardableResult
    package static func write(
        _ history: RunHistory,
        endingAt end: Double,
        in directory: FilePath,
        overwrite: Bool
    ) throws -> FilePath {
        let former = try EventFileName.paths(in: directory)
        if !overwrite, let path = former.first { throw FileIOError.alreadyExists(path: path) }
        try FileSystem.createDirectory(directory)
        let path = directory.appending(EventFileName.next(after: former, at: end))
        let file = try AtomicFile(path)
        let milliseconds = history.steps.reduce(0) { $0 + $1.measuredMilliseconds }
        var time = end - milliseconds / 1000
        try file.write(BoardEvent(time: time, step: 0, content: .version).record)
        // A reader that knows a former file forgets it.
        try file.write(BoardEvent(time: time, step: 0, content: .start).record)
        try history.forEachRow { row in
            time += (row.training?.measuredMilliseconds ?? 0) / 1000
            for event in row.events(at: time) { try file.write(event.record) }
        }
        try file.commit()
        for old in former where old != path {
            try FileSystem.remove(old)
            // A reader that has come to the end looks for the next name, but never gets past a file
            // that is gone. So the last one stays, empty.
            if old == former.last { try AtomicFile(old).commit() }
        }
        return path
    }
}

extension RunHistory.Step {
    /// How long the step took; 0 if not known.
    fileprivate var measuredMilliseconds: Double {
        milliseconds.isFinite && milliseconds > 0 ? Double(milliseconds) : 0
    }
}

extension RunHistory.Row {
    fileprivate func events(at time: Double) -> [BoardEvent] {
        [
            training.map { BoardEvent($0, time: time) },
            validation.map { BoardEvent(validationLoss: $0, step: step, time: time) },
            accuracy.map { BoardEvent(accuracy: $0, step: step, time: time) },
            sample.map { BoardEvent(sample: $0, step: step, time: time) },
        ].compactMap(\.self)
    }
}

/// Appends a run's events to its event file.
package final class TensorBoardLog {
    private let file: AppendingFile

    /// Begins the event file of a run, replacing those in its directory.
    ///
    /// The run must have begun: that removes what is beyond its checkpoint from `metrics.jsonl`.
    /// - Parameters:
    ///   - directory: The run's.
    ///   - resumedStep: The step of the checkpoint that the run resumes from; nil when it starts.
    /// - Throws: ``FileIOError``, or what reading `metrics.jsonl` throws.
    package init(_ directory: RunDirectory, resumedStep: Int?) throws {
        var history = RunHistory(name: "")
        var end = Date().timeIntervalSince1970
        if let resumedStep {
            history = try RunHistory(directory, name: "", longestSample: .max)
            let saved = FileSystem.modificationTime(of: directory.donePath(step: resumedStep))
            end = saved ?? end
        }
        let path = try EventFile.write(
            history,
            endingAt: end,
            in: directory.path,
            overwrite: true
        )
        file = try AppendingFile(path, keepingContents: true)
    }

    /// Appends what an event measured; one that measured nothing is skipped.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    package func append(_ event: TrainingEvent) throws {
        let time = Date().timeIntervalSince1970
        let entry: BoardEvent
        switch event {
        case .step(let step): entry = BoardEvent(RunHistory.Step(step), time: time)
        case .validation(let step, let loss):
            entry = BoardEvent(validationLoss: Double(loss), step: step, time: time)
        case .hellaSwag(let step, let accuracy):
            entry = BoardEvent(accuracy: accuracy, step: step, time: time)
        case .sample(let step, let text):
            entry = BoardEvent(sample: text, step: step, time: time)
        default: return
        }
        try file.append(entry.record)
    }
}

/// Frames of records.
enum EventRecord {
    /// `bytes` in the frame of a record.
    static func framing(_ bytes: [UInt8]) -> [UInt8] {
        let length = UInt64(bytes.count).littleEndianBytes
        return length + checksum(length).littleEndianBytes + bytes
            + checksum(bytes).littleEndianBytes
    }

    /// The CRC-32C of `bytes`, rotated and shifted as the format requires: bytes that contain their
    /// own checksum would otherwise have a meaningless one.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        let crc = ~bytes.reduce(~0) { crc, byte in
            table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8
        }
        return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    }

    /// What each value of the lowest byte does to the rest: Castagnoli's polynomial, bits reversed.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82F6_3B78 }
    }
}
