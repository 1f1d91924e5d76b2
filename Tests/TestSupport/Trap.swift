// How a process that violated a precondition ends.

import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ExitTest.Condition {
    /// A failed precondition; a thrown error, by contrast, ends a process with an exit code.
    public static var trap: Self {
        #if arch(x86_64)
            .signal(SIGILL)
        #else
            .signal(SIGTRAP)
        #endif
    }
}
