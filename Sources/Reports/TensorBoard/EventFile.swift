// A run as one event file, which `tensorboard --logdir` finds by its name in the directory or in
// one above it. Event files are only ever written: what they say is in metrics.jsonl too, and a run
// that goes on makes its file anew from there.

import FileIO
import Training

/// Event files of TensorBoard, in a directory.
public enum EventFile {
    /// Writes all that a run measured, in the place of the event files that are there.
    ///
    /// Times are not in the log of a run. They are worked out from the time that the steps took.
    /// - Parameters:
    ///   - history: The run, with its texts uncut.
    ///   - end: When the last of it was measured, in seconds since 1970.
    ///   - directory: Where the file goes; it is made when there is none.
    ///   - overwrite: Whether event files of this program may be replaced. Those of others stay.
    /// - Returns: The file.
    /// - Throws: ``FileIOError``; the former files are then as they were.
    @discardableResult
    public static func write(
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
            // A reader that has come to its end looks for the next name, but never gets on from a
            // file that is gone. So the last one stays, empty.
            if old == former.last { try AtomicFile(old).commit() }
        }
        return path
    }
}

extension RunHistory.Step {
    /// How long the step took; 0 where that is not known.
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
