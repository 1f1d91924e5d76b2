// A run as one event file, which `tensorboard --logdir` finds by its name in the directory or in
// one above it. Event files are only ever written: what they say is in metrics.jsonl too, and a run
// that goes on makes its file anew from there.

import FileIO

/// Event files of TensorBoard, in a directory.
public enum EventFile {
    /// Those in `directory` that this program has written, in the order in which they are read.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    static func paths(in directory: FilePath) throws -> [FilePath] {
        guard FileSystem.isDirectory(directory) else { return [] }
        return try FileSystem.names(in: directory)
            .filter { number(inName: $0.string) != nil }
            .map { directory.appending($0) }
    }

    /// Whether a file of this name is one of ours.
    static func isName(_ name: String) -> Bool { number(inName: name) != nil }

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
        let former = try paths(in: directory)
        if !overwrite, let path = former.first { throw FileIOError.alreadyExists(path: path) }
        try FileSystem.createDirectory(directory)
        let path = directory.appending(name(after: former, at: end))
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

    // MARK: Names

    private static let (prefix, suffix) = ("events.out.tfevents.", ".swiftlet")
    private static let digitCount = 10
    private static let largestNumber = 9_999_999_999

    /// The name of a file that is read after the `former` ones.
    ///
    /// Readers go on with the next name in order, which by custom holds the seconds since 1970.
    private static func name(after former: [FilePath], at time: Double) -> String {
        let newest = former.compactMap { $0.lastComponent }.compactMap {
            Self.number(inName: $0.string)
        }
        .max()
        let number = min(
            max((newest ?? 0) + 1, Int(min(max(time, 0), Double(largestNumber)))),
            largestNumber
        )
        let digits = String(number)
        return prefix + String(repeating: "0", count: digitCount - digits.count) + digits + suffix
    }

    /// The number in a name of ours; nil in any other name.
    private static func number(inName name: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            name.utf8.count == prefix.utf8.count + digitCount + suffix.utf8.count
        else { return nil }
        let digits = name.utf8.dropFirst(prefix.utf8.count).prefix(digitCount)
        guard digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else {
            return nil
        }
        return digits.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
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
