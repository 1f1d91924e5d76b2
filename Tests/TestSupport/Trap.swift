// How a process ends that broke a precondition.

import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ExitTest.Condition {
    /// A failed precondition; an error thrown, by contrast, ends a process with an exit code.
    public static var trap: Self {
        #if arch(x86_64)
            .signal(SIGILL)
        #else
            .signal(SIGTRAP)
        #endif
    }
}
