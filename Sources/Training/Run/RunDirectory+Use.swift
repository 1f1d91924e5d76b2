// Whether somebody trains in a run's directory. The lock that keeps two runs apart tells it: it
// ends with its process, however that ends, so a run that was killed does not look alive.

import FileIO

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension RunDirectory {
    /// Whether a process is training in the directory at this moment.
    /// - Throws: ``FileIOError`` when the directory cannot be opened.
    public func isInUse() throws -> Bool {
        guard FileSystem.isDirectory(path) else { return false }
        return try DirectoryLock.isHeld(path)
    }

    /// Creates the directory, and keeps other processes from training in it.
    /// - Returns: What holds the directory as long as it lives.
    /// - Throws: ``TrainingError/runInUse(path:)`` or ``FileIOError``.
    func lock() throws -> DirectoryLock {
        try FileSystem.createDirectory(path)
        // Who only asks whether it is in use holds it for an instant; who trains, for longer.
        for _ in 0..<20 {
            if let lock = try DirectoryLock(path) { return lock }
            usleep(5_000)
        }
        throw TrainingError.runInUse(path: path)
    }

    /// Keeps everybody from training here, where a run is kept here at all.
    /// - Returns: What holds the directory as long as it lives.
    /// - Throws: ``TrainingError/runInUse(path:)`` or ``FileIOError``.
    package func lockIfRun() throws -> DirectoryLock? {
        try holdsRun() ? lock() : nil
    }
}
