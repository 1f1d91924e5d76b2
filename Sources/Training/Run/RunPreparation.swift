// What is decided and checked before a run's first step: whether it starts, goes on or is refused,
// that its directory can be written, and that its checkpoints will fit. Nothing is changed before
// all of it is known to be possible.

import FileIO

/// What happens with a run that is already in the directory.
public enum ResumePolicy: String, Sendable, CaseIterable, Codable {
    /// It goes on from its newest complete checkpoint, or from the start when it has none.
    case auto
    /// It is refused.
    case never
}

extension RunDirectory {
    /// Decides whether a run in this directory goes on or starts.
    /// - Parameters:
    ///   - policy: What happens with a run that is there.
    ///   - overwrite: Whether a run that is there is replaced, whatever the policy.
    /// - Returns: The step of the checkpoint it goes on from; nil when it starts.
    /// - Throws: ``TrainingError/runExists(path:)`` when it is refused, or ``FileIOError``.
    public func resumptionStep(_ policy: ResumePolicy, overwrite: Bool = false) throws -> Int? {
        if overwrite { return nil }
        switch policy {
        case .auto: return try checkpointSteps().last
        case .never:
            guard try !holdsRun() else { throw TrainingError.runExists(path: path) }
            return nil
        }
    }

    /// Checks that files can be made in the directory.
    /// - Throws: ``FileIOError``.
    func requireWritable() throws {
        // Permissions do not tell: a file system may be read-only or full. Writing the byte again
        // takes it out of the buffer, and without a commit the file is gone at once.
        let probe = try AtomicFile(descriptionPath)
        try probe.write([0])
        try probe.overwrite([0], at: 0)
    }

    /// Checks that the checkpoints of a run will fit into the file system.
    /// - Parameters:
    ///   - count: Checkpoints at once, at most.
    ///   - byteCount: Bytes of one.
    ///   - present: Complete checkpoints that stay and are counted among them.
    ///   - removable: Files that are removed before the first is written.
    /// - Throws: ``TrainingError/noRoom(path:needed:available:)`` or ``FileIOError``.
    func requireRoom(
        forCheckpoints count: Int,
        byteCount: Int,
        present: Int,
        removable: [FilePath]
    ) throws {
        let (needed, overflow) = max(count - present, 0).multipliedReportingOverflow(by: byteCount)
        let freed = removable.reduce(0) { $0 + (FileSystem.byteCount(of: $1) ?? 0) }
        let available = try FileSystem.availableByteCount(at: path) &+ freed
        guard !overflow, needed <= available else {
            throw TrainingError.noRoom(
                path: path,
                needed: overflow ? .max : needed,
                available: available
            )
        }
    }
}
