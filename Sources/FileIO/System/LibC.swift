// The C library under its name on each platform, and the only place where this module calls it.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Repeats `call` while a signal interrupts it; a negative result becomes a ``FileIOError``.
func systemCall<Result: SignedInteger>(
    _ action: String,
    _ path: FilePath,
    _ call: () -> Result
) throws -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        let code = Errno(rawValue: errno)
        if code != .interrupted { throw FileIOError(code, path: path, action: action) }
    }
}

/// Writes all of `bytes`, in as many calls as the system needs.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, path: FilePath) throws {
    var done = 0
    while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        done += try systemCall("write", path) { write(descriptor, rest.baseAddress, rest.count) }
    }
}
