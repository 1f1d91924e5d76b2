// Giving a finished file the name it is to have, whatever stands there: a file is replaced, a link
// is followed, a pipe or a device is written into.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension FileSystem {
    /// Gives a file another name, in the place of what had that name.
    ///
    /// Links are followed, and a file that is replaced leaves its owner and permissions to the new
    /// one. The bytes for a device or a pipe are written into it.
    /// - Throws: ``FileIOError``; both names then stand for what they stood for before.
    public static func move(_ source: FilePath, to destination: FilePath) throws {
        guard case .file(let target) = try OutputTarget(destination) else {
            return try copy(source, to: destination)
        }
        if let attributes = FileAttributes(of: target) {
            let descriptor = try systemCall("open", source) {
                source.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
            }
            defer { close(descriptor) }
            attributes.apply(to: descriptor)
        }
        let result = source.withPlatformString { old in
            target.withPlatformString { new in rename(old, new) }
        }
        if result == 0 { return try flushDirectory(of: target) }
        // A link may lead to another file system.
        guard errno == EXDEV else {
            throw FileIOError(Errno(rawValue: errno), path: destination, action: "create")
        }
        try copy(source, to: destination)
    }

    /// Writes the bytes of `source` to `destination`, and removes it.
    private static func copy(_ source: FilePath, to destination: FilePath) throws {
        let output = try AtomicFile(destination)
        try InputFile(source).forEachChunk(ofAtMost: 1 << 20) { try output.write($0) }
        try output.commit()
        try remove(source)
    }
}
