// Paths seen from elsewhere, by their names alone: links are not followed.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension FileSystem {
    /// `path` from the root on, without `.` and `..`.
    package static func absolute(_ path: FilePath) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        var full = path
        // Where the current directory is gone, a relative path stays what it is.
        if path.isRelative, getcwd(&buffer, buffer.count) != nil {
            full = FilePath(platformString: buffer).pushing(path)
        }
        full.lexicallyNormalize()
        return full
    }

    /// How `path` is reached from `directory`.
    package static func path(to path: FilePath, from directory: FilePath) -> FilePath {
        let (target, start) = (absolute(path).components, absolute(directory).components)
        let shared = zip(target, start).prefix { $0 == $1 }.count
        let up = [FilePath.Component](repeating: "..", count: start.count - shared)
        return FilePath(root: nil, up + target.dropFirst(shared))
    }
}
