// Names as what they are: bytes. All code that derives one name from another goes through here, so
// that a name that is not text loses nothing.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension FilePath {
    /// The path that is written with these bytes, up to the first zero.
    package init(bytes: some Sequence<UInt8>) {
        self = (bytes.map(CInterop.PlatformChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer {
            // Never nil: there is a zero in it.
            $0.baseAddress.map { FilePath(platformString: $0) } ?? FilePath()
        }
    }

    /// The bytes the path is written with.
    package var bytes: [UInt8] {
        withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }

    /// The directory that a file is in.
    package var directory: FilePath {
        let directory = removingLastComponent()
        return directory.isEmpty ? "." : directory
    }

    /// The number of bytes that every file system allows in a name, so that it need not be asked.
    private static let surelyAllowedLength = 128

    /// A name in the same directory: `prefix`, this name, `suffix`.
    ///
    /// If that is longer than the file system allows, this name's part is cut short.
    package func beside(prefix: String = "", suffix: String) -> FilePath {
        var name = lastComponent?.bytes ?? Array("file".utf8)
        let others = prefix.utf8.count + suffix.utf8.count
        if name.count + others > Self.surelyAllowedLength {
            let limit = directory.withPlatformString { pathconf($0, CInt(_PC_NAME_MAX)) }
            name.cut(to: (limit > 0 ? limit : 255) - others)
        }
        return removingLastComponent()
            .appending(FilePath(bytes: Array(prefix.utf8) + name + Array(suffix.utf8)).components)
    }
}

extension [UInt8] {
    /// Cuts a name short, unless it is short enough.
    fileprivate mutating func cut(to count: Int) {
        guard self.count > count else { return }
        removeLast(self.count - Swift.max(count, 1))
        // Some file systems require valid text, so no character may be cut in two.
        while let last, last & 0xC0 == 0x80 { removeLast() }
        if let last, last >= 0xC0 { removeLast() }
    }
}

extension FilePath.Component {
    /// The bytes the name is written with.
    package var bytes: [UInt8] {
        withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }

    /// Whether listings leave the name out, since it begins with a dot.
    package var isHidden: Bool { bytes.first == UInt8(ascii: ".") }
}
