// What stands ready on standard input although nothing asked for it. Reading it unasked could wait
// for ever on a pipe that a parent keeps open, or take what belongs to the loop of a script.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension Terminal {
    /// Whether a file, pipe or socket on standard input has something to read at this moment; a
    /// terminal and a device never do.
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
