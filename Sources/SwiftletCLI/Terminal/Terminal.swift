// Reading stdin, and writing to stdout and stderr immediately, without the buffering and locks of
// stdio; and what stands ready on standard input although nothing asked for it.

import Swiftlet
import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The streams of a command.
enum Terminal {
    private static let silence = Atomic<Bool>(false)

    /// Whether nothing is printed, because another process prints it.
    static var isSilent: Bool {
        get { silence.load(ordering: .relaxed) }
        set { silence.store(newValue, ordering: .relaxed) }
    }

    /// Occupies the descriptors of closed standard streams: the first file opened would get one,
    /// and terminal output would be written into it.
    static func reserveClosedStreams() {
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0
        {
            // Opened the wrong way round, so that using the stream still fails.
            _ = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes a result, of one line or several, and a line end; control characters in it, which can
    /// only come from a file or an argument, are escaped.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func print(_ text: String) throws {
        try write(DisplayText.escaping(text, keepingLineEnds: true) + "\n")
    }

    /// Writes what was done; to standard error if `output` itself is standard output.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func print(_ text: String, besideOutput output: FilePath) throws {
        if FileSystem.isStandardOutput(output) { diagnose(text) } else { try print(text) }
    }

    /// Writes part of a result immediately.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    /// Writes part of a result, which need not be text, immediately.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func write(_ bytes: [UInt8]) throws {
        guard write(bytes[...], to: STDOUT_FILENO) else {
            throw FileIOError.system(
                path: "standard output",
                action: "write",
                reason: String(cString: strerror(errno))
            )
        }
    }

    /// Writes a diagnostic line under the program's name; control characters in it, which can only
    /// come from a file or an argument, are escaped.
    static func diagnose(_ message: String) {
        writeError("swiftlet: \(DisplayText.escaping(message, keepingLineEnds: true))\n")
    }

    /// Writes progress or a diagnostic as it is; if stderr is closed, it is lost.
    static func writeError(_ text: String) {
        _ = write(Array(text.utf8)[...], to: STDERR_FILENO)
    }

    /// Reads standard input, or any other pipe, to its end.
    /// - Throws: ``FileIOError`` when it is closed or fails.
    static func readAll(_ file: InputFile) throws -> [UInt8] {
        var input: [UInt8] = []
        try file.forEachChunk(ofAtMost: 1 << 16) { input += $0 }
        return input
    }

    /// Writes all of `bytes`; false if the reader is gone or the device is full.
    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: CInt) -> Bool {
        if isSilent { return true }
        var bytes = bytes
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}

/// The C function, whose name the methods above would shadow.
private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

extension Terminal {
    /// Whether a file, pipe or socket on standard input has something to read right now; a terminal
    /// or a device never does.
    static var hasUnreadInput: Bool {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0 else { return false }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            let offset = lseek(STDIN_FILENO, 0, SEEK_CUR)
            return offset >= 0 && offset < status.st_size
        case S_IFIFO:
            var pipe = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            return poll(&pipe, 1, 0) > 0 && pipe.revents & Int16(POLLIN) != 0
        case S_IFSOCK:
            var byte: UInt8 = 0
            return recv(STDIN_FILENO, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
                > 0
        default:
            return false
        }
    }
}
