// Files of a run that stand for nothing any more: parts of checkpoints that were never completed,
// temporaries of a process that was killed, event files, and the whole run when it is replaced.
// Files that a run does not write are never touched.

import FileIO

extension RunDirectory {
    /// The files other than checkpoints that a run writes and a new run replaces.
    private var otherFiles: [FilePath] { logsAndDescription + [bestPath, adapterPath] }

    /// What a run writes before its first checkpoint, besides event files.
    private var logsAndDescription: [FilePath] { [metricsPath, mainLogPath, descriptionPath] }

    /// What a run that was stopped before its first step has written.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    func beginnings() throws -> [FilePath] {
        try logsAndDescription + EventFileName.paths(in: path)
    }

    /// What is left of checkpoints that were never completed, and of interrupted writing.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    func strayFiles() throws -> [FilePath] {
        let complete = Set(try checkpointSteps())
        return try files { name in
            if let step = checkpointStep(named: name) { return !complete.contains(step) }
            return isTemporary(name)
        }
    }

    /// What is left of interrupted writing.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    func temporaries() throws -> [FilePath] {
        try files(where: isTemporary)
    }

    /// What a run without a complete checkpoint has left that is in the way when it starts over.
    ///
    /// A model by itself stays, since it may belong to somebody; parts of a checkpoint are
    /// certainly a run's if they include a state or an extra file. `run.json` stays too, and is
    /// rewritten: a run that is killed meanwhile is still recognized as one.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    func leftovers() throws -> [FilePath] {
        let replaced = otherFiles.filter { $0 != descriptionPath && FileSystem.exists($0) }
        let parts = try files { name in
            guard let step = checkpointStep(named: name) else {
                return EventFileName.isOurs(name) || isTemporary(name)
            }
            return try !statePaths(step: step).isEmpty || FileSystem.exists(extraPath(step: step))
        }
        return replaced + parts
    }

    /// The states that processes have left for a step, however many there were.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    func statePaths(step: Int) throws -> [FilePath] {
        try files { stateFile(named: $0)?.step == step }
    }

    /// Every file of a run, except a tokenizer and token shards, which may already belong to the
    /// new run.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    func allFiles() throws -> [FilePath] {
        let names = Set(otherFiles.compactMap { $0.lastComponent?.string })
        return try files { name in
            names.contains(name) || checkpointStep(named: name) != nil
                || EventFileName.isOurs(name) || isTemporary(name)
        }
    }

    /// Removes the directory if it is empty: a run that never started leaves none.
    package func removeIfEmpty() {
        // It stays if it has contents; if it cannot be removed, it does no harm.
        try? FileSystem.removeDirectory(path)
    }

    /// Removes files of checkpoints, `DONE` first, and others; `run.json` last, so that a run that
    /// is killed meanwhile is still recognized as one.
    ///
    /// Pipes and devices in their place are not files of the run.
    func remove(_ files: [FilePath]) throws {
        func rank(_ file: FilePath) -> Int {
            if file == descriptionPath { return 2 }
            return file.lastComponent?.string.hasPrefix("DONE_") == true ? 0 : 1
        }
        for file in files.sorted(by: { rank($0) < rank($1) }) where !FileSystem.isStream(file) {
            try Self.remove(file)
        }
    }

    /// Removes a file, or a directory that a model was written to, under its name or a hidden one;
    /// does nothing if nothing is there.
    ///
    /// A directory in place of a file belongs to somebody else.
    static func remove(_ path: FilePath) throws {
        let isHidden = path.lastComponent?.isHidden ?? false
        guard FileSystem.isDirectory(path), path.extension == nil || isHidden else {
            return try FileSystem.remove(path)
        }
        for name in try FileSystem.names(in: path) {
            try FileSystem.remove(path.appending(name))
        }
        try FileSystem.removeDirectory(path)
    }

    private func files(where isIncluded: (String) throws -> Bool) throws -> [FilePath] {
        guard FileSystem.isDirectory(path) else { return [] }
        return try FileSystem.names(in: path)
            .filter { try isIncluded($0.string) }
            .map { path.appending($0) }
    }

    /// Whether a name is that of an ``AtomicFile`` of ours whose process did not live to commit it:
    /// `.NAME.PROCESS-NUMBER`.
    private func isTemporary(_ name: String) -> Bool {
        guard name.hasPrefix("."), let end = name.lastIndex(of: "."), end > name.startIndex else {
            return false
        }
        let numbers = name[name.index(after: end)...].split(
            separator: "-",
            omittingEmptySubsequences: false
        )
        guard numbers.count == 2, numbers.allSatisfy({ UInt32($0) != nil }) else { return false }
        let target = String(name[name.index(after: name.startIndex)..<end])
        return checkpointStep(named: target) != nil || EventFileName.isOurs(target)
            || (otherFiles + tokenizerFiles).contains { $0.lastComponent?.string == target }
    }
}

/// Names of event files of TensorBoard.
package enum EventFileName {
    private static let (prefix, suffix) = ("events.out.tfevents.", ".swiftlet")
    private static let digitCount = 10
    private static let largestNumber = 9_999_999_999

    /// Those in `directory` that this program has written, in the order they are read.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    package static func paths(in directory: FilePath) throws -> [FilePath] {
        guard FileSystem.isDirectory(directory) else { return [] }
        return try FileSystem.names(in: directory)
            .filter { number(inName: $0.string) != nil }
            .map { directory.appending($0) }
    }

    /// Whether a file of this name is one of ours.
    static func isOurs(_ name: String) -> Bool { number(inName: name) != nil }

    /// The name of a file that is read after the `former` ones.
    ///
    /// Readers continue with the next name in order, which by custom has the seconds since 1970.
    package static func next(after former: [FilePath], at time: Double) -> String {
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
